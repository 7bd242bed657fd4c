#include "facts/training_runs.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

constexpr NumberBounds fraction{0.001, 1};

// A figure that may be published or derived says which.
std::optional<std::string> method_of(const CsvRow& row, std::string_view figure, std::string_view method) {
    if (row.blank(figure) != row.blank(method))
        row.report(method, fmt::format("{} and {} are given together or not at all", figure, method));
    return row.optional_text(method);
}

void read_model(const CsvRow& row, TrainingRun& run) {
    run.model = row.text("model");
    run.params_total_b = row.number("params_total_b", {1e-6, 1e7});
    run.params_active_b = row.number("params_active_b", {1e-6, 1e7});
    run.tokens_t = row.number("tokens_t", {1e-6, 1e6});
    run.flop = row.number("flop", {1, 1e35});
    run.flop_method = method_of(row, "flop", "flop_method");
    if (run.flop_method) row.choice("flop_method", {"published", "6ND"});
    if (run.params_total_b && run.params_active_b && *run.params_active_b > *run.params_total_b)
        row.report("params_active_b",
                   fmt::format("{} is above params_total_b", shown(row.raw("params_active_b"))));
}

void read_work(const CsvRow& row, TrainingRun& run) {
    run.accelerator = row.optional_text("accelerator");
    run.accelerator_count = row.whole_number("accelerator_count");
    run.accel_hours = row.number("accel_hours", {1, 1e12});
    run.duration_days = row.number("duration_days", {0.01, 1e4});
    run.mfu = row.number("mfu", fraction);
    run.mfu_method = method_of(row, "mfu", "mfu_method");
    run.energy_mwh = row.number("energy_mwh", {0.001, 1e9});
}

TrainingRun read_run(const CsvRow& row) {
    TrainingRun run;
    run.id = row.text("id");
    read_model(row, run);
    read_work(row, run);
    run.site = row.text("site");
    run.country = optional_country_in(row, "country_iso2");
    run.distributed_sites = row.whole_number("distributed_sites");
    run.precision = row.optional_text("precision");
    run.date = date_in(row, "date");
    run.source = source_in(row, {"source", "source_url", "", "grade"});
    run.source.as_of = row.raw("date");
    run.evidence = evidence_in(row);
    run.note = row.raw("note");
    return run;
}

}  // namespace

const TableKind<TrainingRun>& training_runs_table() {
    static const TableKind<TrainingRun> kind = {{"training_runs.csv",
                                                 {"id",
                                                  "model",
                                                  {"params_total_b", "1e9"},
                                                  {"params_active_b", "1e9"},
                                                  {"tokens_t", "1e12"},
                                                  {"flop", "FLOP"},
                                                  "flop_method",
                                                  "accelerator",
                                                  {"accelerator_count", "1"},
                                                  {"accel_hours", "h"},
                                                  {"duration_days", "days"},
                                                  {"mfu", "1"},
                                                  "mfu_method",
                                                  "site",
                                                  "country_iso2",
                                                  {"distributed_sites", "1"},
                                                  "precision",
                                                  {"energy_mwh", "MWh"},
                                                  "date",
                                                  "source",
                                                  "source_url",
                                                  "grade",
                                                  "evidence",
                                                  "note"}},
                                                read_run};
    return kind;
}

Result<std::vector<TrainingRun>> load_training_runs(const FactFiles& files) {
    return load_records(training_runs_table(), files);
}

}  // namespace euromesh::facts

#include "facts/accelerators.hpp"

#include "facts/fields.hpp"
#include "facts/nearest.hpp"

namespace euromesh::facts {
namespace {

constexpr NumberBounds fraction{0.001, 1};
constexpr NumberBounds rate{0.1, 1e6};

std::optional<MfuRange> mfu_of(const CsvRow& row) {
    const auto low = row.number("mfu_low", fraction);
    const auto central = row.number("mfu_central", fraction);
    const auto high = row.number("mfu_high", fraction);
    expect_order(row, "mfu_low", "mfu_central", "mfu_high");
    if (row.blank("mfu_central") && !(row.blank("mfu_low") && row.blank("mfu_high")))
        row.report("mfu_central", "blank beside mfu_low or mfu_high; give it too");
    if (!central) return std::nullopt;
    return MfuRange{low, *central, high};
}

std::optional<WholejobMfu> wholejob_of(const CsvRow& row) {
    const auto min = row.number("wholejob_mfu_min", fraction);
    const auto median = row.number("wholejob_mfu_median", fraction);
    const auto max = row.number("wholejob_mfu_max", fraction);
    expect_order(row, "wholejob_mfu_min", "wholejob_mfu_median", "wholejob_mfu_max");
    for (const std::string_view column : {"wholejob_mfu_min", "wholejob_mfu_max", "wholejob_runs"}) {
        if (row.blank(column) != row.blank("wholejob_mfu_median"))
            row.report(column, "minimum, median, maximum and runs are given together or not at all");
    }
    if (!min || !median || !max) return std::nullopt;
    return WholejobMfu{*min, *median, *max};
}

Source mfu_source_of(const CsvRow& row) {
    if (row.blank("mfu_central")) return {};
    Source source = source_in(row, {"mfu_source", "mfu_source_url", "", "mfu_grade"});
    source.as_of = row.raw("as_of");
    return source;
}

void read_rates(const CsvRow& row, Accelerator& accelerator) {
    accelerator.memory_gb = row.number("mem_gib", {1, 1e5});
    accelerator.memory_bandwidth_gbs = row.number("mem_bw_gbs", {1, 1e6});
    accelerator.fp16_dense_tflops = row.number("fp16_dense_tflops", rate);
    accelerator.bf16_dense_tflops = row.number("bf16_dense_tflops", rate);
    accelerator.fp8_dense_tflops = row.number("fp8_dense_tflops", rate);
    accelerator.fp64_tflops = row.number("fp64_tflops", rate);
    accelerator.tdp_w = row.number("tdp_w", {1, 1e5});
}

Accelerator read_accelerator(const CsvRow& row) {
    Accelerator accelerator;
    accelerator.id = row.text("id");
    accelerator.name = row.text("name");
    accelerator.vendor = row.text("vendor");
    row.text("year");
    accelerator.year = year_in(row, "year").value_or(0);
    read_rates(row, accelerator);
    accelerator.software_stack = row.text("software_stack");
    accelerator.mfu = mfu_of(row);
    accelerator.wholejob_mfu = wholejob_of(row);
    accelerator.wholejob_runs = row.whole_number("wholejob_runs").value_or(0);
    accelerator.source = source_in(row);
    accelerator.mfu_source = mfu_source_of(row);
    accelerator.evidence = evidence_in(row);
    accelerator.note = row.raw("note");
    return accelerator;
}

}  // namespace

const TableKind<Accelerator>& accelerators_table() {
    static const TableKind<Accelerator> kind = {{"accelerators.csv",
                                                 {"id",
                                                  "name",
                                                  "vendor",
                                                  {"year", "1"},
                                                  {"mem_gib", "GB"},
                                                  {"mem_bw_gbs", "GB/s"},
                                                  {"fp16_dense_tflops", "TFLOP/s"},
                                                  {"bf16_dense_tflops", "TFLOP/s"},
                                                  {"fp8_dense_tflops", "TFLOP/s"},
                                                  {"fp64_tflops", "TFLOP/s"},
                                                  {"tdp_w", "W"},
                                                  "software_stack",
                                                  {"mfu_low", "1"},
                                                  {"mfu_central", "1"},
                                                  {"mfu_high", "1"},
                                                  "mfu_source",
                                                  "mfu_source_url",
                                                  "mfu_grade",
                                                  {"wholejob_mfu_min", "1"},
                                                  {"wholejob_mfu_median", "1"},
                                                  {"wholejob_mfu_max", "1"},
                                                  {"wholejob_runs", "1"},
                                                  "source",
                                                  "source_url",
                                                  "as_of",
                                                  "grade",
                                                  "evidence",
                                                  "note"}},
                                                read_accelerator};
    return kind;
}

Result<std::vector<Accelerator>> load_accelerators(const FactFiles& files) {
    return load_records(accelerators_table(), files);
}

Result<Accelerator> find_accelerator(const std::vector<Accelerator>& accelerators, std::string_view id) {
    std::vector<std::string> ids;
    for (const Accelerator& accelerator : accelerators) {
        if (accelerator.id == id) return accelerator;
        ids.push_back(accelerator.id);
    }
    return fail(Code::not_found, "no accelerator '{}' in accelerators.csv{}", shown(id),
                do_you_mean(nearest_names(id, ids)));
}

}  // namespace euromesh::facts

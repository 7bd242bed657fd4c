#include "facts/cross_checks.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <unordered_map>
#include <vector>

#include "facts/nearest.hpp"

namespace euromesh::facts {
namespace {

template <class Record, class Check>
void for_rows(const Table<Record>& table, Problems& problems, Check check) {
    for (std::size_t i = 0; i < table.records.size(); ++i) {
        check(table.records[i], table.csv->row(i, problems));
    }
}

// The ids of a table; without a table anything is known.
template <class Record>
class Ids {
  public:
    Ids(const Table<Record>& table, std::string Record::*id) : open_(!table.csv) {
        for (const Record& record : table.records) ids_.emplace(record.*id, &record);
    }

    const Record* find(const std::string& id) const {
        const auto found = ids_.find(id);
        return found == ids_.end() ? nullptr : found->second;
    }

    void expect(const CsvRow& row, std::string_view column, const std::string& id,
                std::string_view file) const {
        if (open_ || ids_.contains(id)) return;
        std::vector<std::string> known;
        for (const auto& [name, record] : ids_) known.push_back(name);
        row.report(column, fmt::format("'{}' is not in {}{}", shown(id), file,
                                       do_you_mean(nearest_names(id, known))));
    }

  private:
    bool open_;
    std::unordered_map<std::string, const Record*> ids_;
};

bool near(double a, double b, double share) {
    return std::abs(a - b) <= share * std::abs(b);
}

// "13842 is not nodes x accel_per_node = 13824"
void report_arithmetic(const CsvRow& row, std::string_view column, std::string_view formula,
                       double expected) {
    row.report(column, fmt::format("{} is not {} = {:.6g}", shown(row.raw(column)), formula, expected));
}

void check_system(const System& system, const CsvRow& row, const Accelerator* accelerator) {
    if (system.accelerator_count && system.nodes && system.accel_per_node) {
        const auto product = static_cast<double>(*system.nodes) * static_cast<double>(*system.accel_per_node);
        if (static_cast<double>(*system.accelerator_count) != product)
            report_arithmetic(row, "accelerator_count", "nodes x accel_per_node", product);
    }
    if (!accelerator) return;
    const auto expect_same = [&](std::string_view column, std::optional<double> own, std::string_view of,
                                 std::optional<double> its) {
        if (own && its && !near(*own, *its, 0.01))
            report_arithmetic(row, column, fmt::format("{} of {}", of, accelerator->id), *its);
    };
    expect_same("peak_fp16_dense_tflops_per_accel", system.peak_fp16_dense_tflops, "fp16_dense_tflops",
                accelerator->fp16_dense_tflops);
    expect_same("accel_mem_gib", system.accel_mem_gb, "mem_gib", accelerator->memory_gb);
}

void check_factory(const AiFactory& factory, const CsvRow& row) {
    const auto& all = factory.countries;
    if (factory.host_country.empty() || all.empty()) return;
    if (std::find(all.begin(), all.end(), factory.host_country) == all.end())
        row.report("countries", fmt::format("the host country {} is not among them", factory.host_country));
}

void check_cost(const Cost& cost, const CsvRow& row, const Cost* dollar) {
    if (!cost.currency || !cost.central || !cost.eur_central) return;
    const bool is_dollar = *cost.currency == "USD";
    if (is_dollar && !(dollar && dollar->central)) {
        row.report("currency", "USD, and there is no row fx-usd with its rate");
        return;
    }
    const double euros = *cost.central * (is_dollar ? *dollar->central : 1);
    if (!near(*cost.eur_central, euros, 0.001))
        report_arithmetic(row, "eur_central", is_dollar ? "central x fx-usd" : "central", euros);
}

void check_flop(const TrainingRun& run, const CsvRow& row) {
    const auto params = run.params_active_b ? run.params_active_b : run.params_total_b;
    if (!run.flop || run.flop_method != "6ND" || !params || !run.tokens_t) return;
    const double flop = 6 * *params * 1e9 * *run.tokens_t * 1e12;
    if (!near(*run.flop, flop, 0.02)) report_arithmetic(row, "flop", "6 x parameters x tokens", flop);
}

void check_mfu(const TrainingRun& run, const CsvRow& row, const Accelerator* accelerator) {
    if (!run.mfu || !run.mfu_method || !run.mfu_method->starts_with("derived") || !accelerator) return;
    const auto peak =
        accelerator->bf16_dense_tflops ? accelerator->bf16_dense_tflops : accelerator->fp16_dense_tflops;
    if (!run.flop || !run.accel_hours || !peak) return;
    const double mfu = *run.flop / (*run.accel_hours * 3600 * *peak * 1e12);
    if (!near(*run.mfu, mfu, 0.01)) report_arithmetic(row, "mfu", "flop / (accel_hours x peak)", mfu);
}

// Haversine formula on a sphere of 6,371 km.
double great_circle_km(const LinkEnd& a, const LinkEnd& b) {
    constexpr double radian = std::numbers::pi / 180;
    const double dlat = (*b.lat - *a.lat) * radian / 2;
    const double dlon = (*b.lon - *a.lon) * radian / 2;
    const double h = std::sin(dlat) * std::sin(dlat) +
                     std::cos(*a.lat * radian) * std::cos(*b.lat * radian) * std::sin(dlon) * std::sin(dlon);
    return 2 * 6371 * std::asin(std::min(1.0, std::sqrt(h)));
}

void check_link(const Link& link, const CsvRow& row) {
    // Capacities give the length of the path, which is longer.
    if (!link.distance_km || link.kind == LinkKind::capacity || link.kind == LinkKind::rule) return;
    if (link.a.lat && link.a.lon && link.b.lat && link.b.lon) {
        const double km = great_circle_km(link.a, link.b);
        if (std::abs(*link.distance_km - km) > std::max(2.0, 0.01 * km))
            report_arithmetic(row, "distance_km", "the great circle", km);
    }
    if (!link.rtt_ms || link.rtt_method != "rule rtt-rule") return;
    const double rtt = 2.58 + 0.02 * *link.distance_km;  // network.csv, row rtt-rule
    if (std::abs(*link.rtt_ms - rtt) > 0.06) report_arithmetic(row, "rtt_ms", "rtt-rule", rtt);
}

}  // namespace

void check_references(const FactTables& tables, Problems& problems) {
    const Ids<Accelerator> accelerators(tables.accelerators, &Accelerator::id);
    const Ids<System> systems(tables.systems, &System::id);
    const Ids<AiFactory> factories(tables.ai_factories, &AiFactory::id);
    const Ids<Country> countries(tables.countries, &Country::country);
    const auto expect_country = [&](const CsvRow& row, std::string_view column, const std::string& country) {
        if (country.size() == 2) countries.expect(row, column, country, "countries.csv");
    };
    for_rows(tables.systems, problems, [&](const System& system, const CsvRow& row) {
        expect_country(row, "country_iso2", system.country);
        if (system.accelerator && *system.accelerator != "none")
            accelerators.expect(row, "accelerator", *system.accelerator, "accelerators.csv");
    });
    for_rows(tables.training_runs, problems, [&](const TrainingRun& run, const CsvRow& row) {
        if (run.accelerator) accelerators.expect(row, "accelerator", *run.accelerator, "accelerators.csv");
    });
    for_rows(tables.energy, problems, [&](const CountryEnergy& energy, const CsvRow& row) {
        if (energy.country != "EU") expect_country(row, "country_iso2", energy.country);
    });
    for_rows(tables.ai_factories, problems, [&](const AiFactory& factory, const CsvRow& row) {
        expect_country(row, "host_country_iso2", factory.host_country);
        for (const std::string& country : factory.countries)
            countries.expect(row, "countries", country, "countries.csv");
        if (factory.system_id) systems.expect(row, "system_id", *factory.system_id, "systems.csv");
        for (const std::string& id : factory.linked)
            factories.expect(row, "linked_ai_factories", id, "ai_factories.csv");
    });
}

void check_arithmetic(const FactTables& tables, Problems& problems) {
    const Ids<Accelerator> accelerators(tables.accelerators, &Accelerator::id);
    const Ids<Cost> costs(tables.costs, &Cost::id);
    for_rows(tables.systems, problems, [&](const System& system, const CsvRow& row) {
        check_system(system, row, accelerators.find(system.accelerator.value_or("")));
    });
    for_rows(tables.ai_factories, problems, check_factory);
    for_rows(tables.costs, problems,
             [&](const Cost& cost, const CsvRow& row) { check_cost(cost, row, costs.find("fx-usd")); });
    for_rows(tables.training_runs, problems, [&](const TrainingRun& run, const CsvRow& row) {
        check_flop(run, row);
        check_mfu(run, row, accelerators.find(run.accelerator.value_or("")));
    });
    for_rows(tables.links, problems, check_link);
}

}  // namespace euromesh::facts

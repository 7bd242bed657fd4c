#include "facts/totals.hpp"

#include <algorithm>
#include <utility>

namespace euromesh::facts {
namespace {

constexpr int statuses = 6;

std::string key_of(const System& system, TotalBy by) {
    switch (by) {
        case TotalBy::status:
            return std::string(name_of(system.status));
        case TotalBy::country:
            return system.country;
        case TotalBy::accelerator:
            return system.accelerator.value_or("unknown");
        case TotalBy::kind:
            return std::string(name_of(system.kind));
    }
    return {};
}

void add(Tally& tally, const System& system) {
    if (!system.accelerator_count) {
        ++tally.uncounted;
        return;
    }
    if (counted_accelerators(system) > 0) ++tally.systems;
    tally.accelerators += counted_accelerators(system);
    tally.peak_flops += peak_flops(system);
}

void add(Totals& totals, const System& system, bool is_eu27) {
    add(totals.all, system);
    add(is_eu27 ? totals.eu27 : totals.outside, system);
    add(system.status == SystemStatus::operational ? totals.operational : totals.under_way, system);
}

Totals& row_of(std::vector<Totals>& rows, const std::string& key) {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const Totals& row) { return row.key == key; });
    if (found != rows.end()) return *found;
    rows.push_back({key});
    return rows.back();
}

Json to_json(const Tally& tally) {
    return {{"systems", tally.systems},
            {"uncounted", tally.uncounted},
            {"accelerators", tally.accelerators},
            {"peak_fp16_flops", tally.peak_flops}};
}

Json to_json(const Totals& totals) {
    return {{"key", totals.key},
            {"all", to_json(totals.all)},
            {"eu27", to_json(totals.eu27)},
            {"outside", to_json(totals.outside)},
            {"operational", to_json(totals.operational)},
            {"under_way", to_json(totals.under_way)}};
}

// 101052 -> "101,052"
std::string grouped(std::int64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
    return text;
}

std::string cells(const Tally& tally, int decimals) {
    return fmt::format("{:>12}{:>10.{}f}", grouped(tally.accelerators), tally.peak_flops / 1e18, decimals);
}

std::string line(const Totals& row, TotalBy by) {
    const bool by_status = by == TotalBy::status;
    const std::string figures = by_status ? cells(row.all, 1) + cells(row.eu27, 1) + cells(row.outside, 1)
                                          : cells(row.operational, 2) + cells(row.under_way, 2);
    return fmt::format("{:<22}{:>8}{}{:>12}\n", row.key, row.all.systems, figures, row.all.uncounted);
}

std::string heading(TotalBy by) {
    const auto name = total_by_names()[static_cast<std::size_t>(by)];
    const auto pair = fmt::format("{:>12}{:>10}", "number", "EFLOP/s");
    if (by == TotalBy::status) {
        return fmt::format("{:<30}{:>22}{:>22}{:>22}\n", "accelerators", "all", "EU-27", "outside") +
               fmt::format("{:<22}{:>8}{}{}{}{:>12}\n", name, "systems", pair, pair, pair, "uncounted");
    }
    return fmt::format("{:<30}{:>22}{:>22}\n", "accelerators", "operational", "under way") +
           fmt::format("{:<22}{:>8}{}{}{:>12}\n", name, "systems", pair, pair, "uncounted");
}

}  // namespace

const std::vector<std::string_view>& total_by_names() {
    static const std::vector<std::string_view> names = {"status", "country", "accelerator", "kind"};
    return names;
}

TotalsTable totals_table(const FactSet& facts, TotalBy by) {
    TotalsTable table{by, {}, {"total"}, 0};
    if (by == TotalBy::status) {
        for (int i = 0; i < statuses; ++i)
            row_of(table.rows, std::string(name_of(static_cast<SystemStatus>(i))));
    }
    for (const System& system : facts.systems) {
        const Country* country = find_country(facts.countries, system.country);
        const bool is_eu27 = country && country->eu27;
        add(row_of(table.rows, key_of(system, by)), system, is_eu27);
        add(table.sum, system, is_eu27);
        if (system.accelerator == "a64fx") table.a64fx_nodes += counted_accelerators(system);
    }
    if (by == TotalBy::status) return table;
    std::stable_sort(table.rows.begin(), table.rows.end(), [](const Totals& a, const Totals& b) {
        return std::pair(a.operational.peak_flops, a.under_way.peak_flops) >
               std::pair(b.operational.peak_flops, b.under_way.peak_flops);
    });
    return table;
}

Json to_json(const TotalsTable& table) {
    Json rows = Json::array();
    for (const Totals& row : table.rows) rows.push_back(to_json(row));
    return {{"by", total_by_names()[static_cast<std::size_t>(table.by)]},
            {"rows", std::move(rows)},
            {"sum", to_json(table.sum)},
            {"a64fx_nodes", table.a64fx_nodes}};
}

std::string in_words(const TotalsTable& table) {
    std::string text = heading(table.by);
    for (const Totals& row : table.rows) text += line(row, table.by);
    text += line(table.sum, table.by);
    text +=
        "\nPeak is dense FP16 without sparsity. Uncounted rows have no published number of accelerators or\n"
        "are other names of a row that is counted.";
    if (table.a64fx_nodes == 0) return text + "\n";
    return text + fmt::format(" {} of the number are A64FX processor nodes.\n", grouped(table.a64fx_nodes));
}

}  // namespace euromesh::facts

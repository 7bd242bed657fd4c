#include "apps/plan_concentration_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace euromesh::apps {
namespace {

using planner::Concentration;
using planner::CountryShare;

struct Line {
    const char* label;
    double Concentration::*value;
    double factor;
    int decimals;
};

constexpr Line lines[] = {{"HHI, points of 10,000", &Concentration::hhi_points, 1, 0},
                          {"Gini of countries", &Concentration::gini_countries, 1, 3},
                          {"Gini of people", &Concentration::gini_heads, 1, 3},
                          {"largest country, %", &Concentration::largest, 100, 1},
                          {"largest three, %", &Concentration::largest_three, 100, 1},
                          {"largest five, %", &Concentration::largest_five, 100, 1}};

const CountryShare& find(const Concentration& concentration, const std::string& country) {
    return *std::find_if(concentration.countries.begin(), concentration.countries.end(),
                         [&](const CountryShare& row) { return row.country == country; });
}

std::string name_of(const ConcentrationAnswer& answer, const std::string& country) {
    return facts::find_country(answer.facts.countries, country)->name;
}

std::string indices(const ConcentrationAnswer& answer) {
    std::string text =
        fmt::format("{:<28}{:>10}{:>14}\n", "", "today", fmt::format("{:g} % shared", 100 * answer.share));
    for (const Line& line : lines) {
        text +=
            fmt::format("{:<28}{:>10.{}f}{:>14.{}f}\n", line.label, line.factor * answer.today.*line.value,
                        line.decimals, line.factor * answer.together.*line.value, line.decimals);
    }
    return text + fmt::format("{:<28}{:>10.1f}{:>14.1f}\n", "as many equal countries",
                              answer.today.equal_countries(), answer.together.equal_countries());
}

// A country without a counted system shows a dash: systems.csv may not know all that it has.
std::string own(const CountryShare& row) {
    if (row.exaflops == 0) return fmt::format("{:>8}{:>8}{:>20}", "-", "-", "-");
    return fmt::format("{:>8.2f}{:>8.1f}{:>20.1f}", row.exaflops, 100 * row.share, row.flops_per_head / 1e9);
}

std::string countries(const ConcentrationAnswer& answer) {
    std::string text =
        fmt::format("{:<22}{:>8}{:>8}{:>20}{:>14}\n", "country", "EF", "%", "GFLOP/s per head", "shared");
    for (const CountryShare& row : answer.today.countries) {
        text += fmt::format("{:<22}{}{:>14.1f}\n", name_of(answer, row.country), own(row),
                            find(answer.together, row.country).flops_per_head / 1e9);
    }
    return text;
}

std::string limits(const ConcentrationAnswer& answer) {
    std::string text = fmt::format(
        "\nPeak, dense FP16, of {} systems ({}) by the country that hosts them; a system of the joint\n"
        "undertaking is partly everybody's already. Sources: systems.csv and countries.csv; worst grade "
        "{}.\n",
        answer.counted.systems, fmt::join(answer.statuses, ", "), facts::name_of(answer.counted.grade));
    if (!answer.counted.uncounted.empty())
        text += fmt::format("Not counted, as their number is not published: {}.\n",
                            fmt::join(answer.counted.uncounted, ", "));
    return text;
}

Json to_json(const Concentration& c) {
    return {{"exaflops", c.exaflops},
            {"hhi", c.hhi},
            {"hhi_points", c.hhi_points},
            {"equal_countries", c.equal_countries()},
            {"gini_countries", c.gini_countries},
            {"gini_heads", c.gini_heads},
            {"largest", c.largest},
            {"largest_three", c.largest_three},
            {"largest_five", c.largest_five}};
}

Json rows_of(const ConcentrationAnswer& answer) {
    Json rows = Json::array();
    for (const CountryShare& row : answer.today.countries) {
        const CountryShare& together = find(answer.together, row.country);
        rows.push_back({{"country", row.country},
                        {"name", name_of(answer, row.country)},
                        {"population", row.population},
                        {"exaflops", row.exaflops},
                        {"share", row.share},
                        {"flops_per_head", row.flops_per_head},
                        {"federation_exaflops", together.exaflops},
                        {"federation_flops_per_head", together.flops_per_head}});
    }
    return rows;
}

Json sources_of(const ConcentrationAnswer& answer) {
    Json sources = Json::array();
    for (const facts::Country& country : answer.facts.countries) {
        sources.push_back({{"fact", "population of " + country.country},
                           {"source", country.source.name},
                           {"source_url", country.source.url},
                           {"grade", facts::name_of(country.source.grade)}});
    }
    return sources;
}

}  // namespace

std::string in_words(const ConcentrationAnswer& answer) {
    return indices(answer) + "\n" + countries(answer) + limits(answer);
}

Json to_json(const ConcentrationAnswer& answer) {
    return {{"countries_counted", answer.set},
            {"statuses", answer.statuses},
            {"share", answer.share},
            {"grade", facts::name_of(answer.counted.grade)},
            {"systems", answer.counted.systems},
            {"uncounted", answer.counted.uncounted},
            {"today", to_json(answer.today)},
            {"federation", to_json(answer.together)},
            {"countries", rows_of(answer)},
            {"sources", sources_of(answer)}};
}

}  // namespace euromesh::apps

#include "planner/concentration.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/assert.hpp"

namespace euromesh::planner {
namespace {

Status check(const std::vector<CountryCompute>& countries) {
    if (countries.empty()) return fail(Code::bad_input, "no countries; a concentration needs at least one");
    std::set<std::string_view> seen;
    for (const CountryCompute& c : countries) {
        if (!seen.insert(c.country).second)
            return fail(Code::bad_input, "country '{}' is there twice; give each once", c.country);
        if (!(c.exaflops >= 0 && std::isfinite(c.exaflops)))
            return fail(Code::bad_input, "country '{}': compute {} EF; it must be 0 or more", c.country,
                        c.exaflops);
        if (!(c.population > 0 && std::isfinite(c.population)))
            return fail(Code::bad_input, "country '{}': population {}; it must be above 0", c.country,
                        c.population);
    }
    return {};
}

double sum_of(const std::vector<CountryCompute>& countries, double CountryCompute::*what) {
    double sum = 0;
    for (const CountryCompute& c : countries) sum += c.*what;
    return sum;
}

struct Weighted {
    double value = 0;   // of each
    double weight = 0;  // how many
};

// Mean absolute difference of two drawn at random, over twice the mean. O(n^2): n is a number of countries.
double gini(const std::vector<Weighted>& rows) {
    double weight = 0;
    double total = 0;
    double difference = 0;
    for (const Weighted& a : rows) {
        weight += a.weight;
        total += a.weight * a.value;
        for (const Weighted& b : rows) difference += a.weight * b.weight * std::abs(a.value - b.value);
    }
    return total > 0 ? difference / (2 * weight * total) : 0;
}

double gini_of(const std::vector<CountryShare>& countries, bool by_heads) {
    std::vector<Weighted> rows;
    for (const CountryShare& c : countries)
        rows.push_back(by_heads ? Weighted{c.flops_per_head, c.population} : Weighted{c.exaflops, 1});
    return gini(rows);
}

CountryShare share_of(const CountryCompute& c, double all) {
    return {c.country, c.exaflops, all > 0 ? c.exaflops / all : 0, c.population,
            c.exaflops * 1e18 / c.population};
}

double largest_of(const std::vector<CountryShare>& countries, std::size_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(count, countries.size()); ++i) sum += countries[i].share;
    return sum;
}

bool belongs(const facts::Country& country, CountrySet set) {
    return set == CountrySet::eu27 ? country.eu27 : country.eurohpc_member.value_or(false);
}

bool is_counted(const facts::System& system, const std::vector<facts::SystemStatus>& statuses) {
    return std::find(statuses.begin(), statuses.end(), system.status) != statuses.end() &&
           system.accelerator != "none";
}

void count(CountedCompute& counted, CountryCompute& country, const facts::System& system) {
    const double peak = facts::peak_flops(system);
    if (peak <= 0) {
        counted.uncounted.push_back(system.id);
        return;
    }
    ++counted.systems;
    country.exaflops += peak / 1e18;
    counted.grade = std::max(counted.grade, system.source.grade);
}

}  // namespace

Result<Concentration> concentration_of(std::vector<CountryCompute> countries) {
    EM_TRY(check(countries));
    Concentration result;
    result.exaflops = sum_of(countries, &CountryCompute::exaflops);
    result.population = sum_of(countries, &CountryCompute::population);
    std::sort(countries.begin(), countries.end(), [](const CountryCompute& a, const CountryCompute& b) {
        return a.exaflops != b.exaflops ? a.exaflops > b.exaflops : a.country < b.country;
    });
    for (const CountryCompute& c : countries) result.countries.push_back(share_of(c, result.exaflops));
    for (const CountryShare& c : result.countries) result.hhi += c.share * c.share;
    result.hhi_points = 1e4 * result.hhi;
    result.gini_countries = gini_of(result.countries, false);
    result.gini_heads = gini_of(result.countries, true);
    result.largest = largest_of(result.countries, 1);
    result.largest_three = largest_of(result.countries, 3);
    result.largest_five = largest_of(result.countries, 5);
    return result;
}

std::vector<CountryCompute> federated(std::vector<CountryCompute> countries, double share) {
    EM_ASSERT(share >= 0 && share <= 1, "a share is from 0 to 1");
    const double pool = share * sum_of(countries, &CountryCompute::exaflops);
    const double heads = sum_of(countries, &CountryCompute::population);
    for (CountryCompute& c : countries) c.exaflops = (1 - share) * c.exaflops + pool * c.population / heads;
    return countries;
}

const std::vector<std::string_view>& country_set_names() {
    static const std::vector<std::string_view> names = {"eurohpc", "eu27"};
    return names;
}

Result<CountedCompute> compute_of(const facts::FactSet& facts, CountrySet set,
                                  const std::vector<facts::SystemStatus>& statuses) {
    CountedCompute counted;
    for (const facts::Country& country : facts.countries) {
        if (!belongs(country, set)) continue;
        if (!country.population)
            return fail(Code::bad_input, "the population of {} ({}) is unknown; figures per head need it",
                        country.country, country.name);
        CountryCompute& row = counted.countries.emplace_back(
            CountryCompute{country.country, 0, static_cast<double>(*country.population)});
        for (const facts::System& system : facts.systems)
            if (system.country == country.country && is_counted(system, statuses))
                count(counted, row, system);
    }
    return counted;
}

}  // namespace euromesh::planner

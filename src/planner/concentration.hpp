// How unevenly compute lies over countries and people, today and with a federation.
//
// Why: a few countries own most of Europe's public accelerators. A federation in which everybody may use a
// share of every machine by heads evens that out, and by how much is arithmetic, not opinion. A country
// without a system counts with 0, so the set of countries is part of every figure.
// docs/models/concentration.md gives the formulas. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "facts/fact_set.hpp"

namespace euromesh::planner {

struct CountryCompute {
    std::string country = {};  // ISO 3166-1 alpha-2
    double exaflops = 0;       // peak, dense FP16
    double population = 0;
};

struct CountryShare {
    std::string country = {};
    double exaflops = 0;
    double share = 0;  // of all
    double population = 0;
    double flops_per_head = 0;  // FLOP/s for each person
};

struct Concentration {
    std::vector<CountryShare> countries = {};  // most compute first, ties by country
    double exaflops = 0;
    double population = 0;
    double hhi = 0;             // Herfindahl-Hirschman index, 1/n to 1; 0 without compute
    double hhi_points = 0;      // the same as competition authorities count, to 10,000
    double gini_countries = 0;  // 0 to 1 - 1/n; of exaflops, each country counts once
    double gini_heads = 0;      // of FLOP/s per head, each person counts once
    double largest = 0;         // share of the one with most
    double largest_three = 0;
    double largest_five = 0;

    // Countries of the same size that would give this HHI; 0 without compute.
    double equal_countries() const { return hhi > 0 ? 1 / hhi : 0; }
};

// bad_input: no countries, one twice, compute that is negative or not finite, a population that is not above
// 0.
Result<Concentration> concentration_of(std::vector<CountryCompute> countries);

// What each may use when all of them put `share` (0 to 1) of their compute into a pool that is used by heads
// and keep the rest: (1 - share) x own + share x all x heads / all heads.
std::vector<CountryCompute> federated(std::vector<CountryCompute> countries, double share);

// The participating states of the joint undertaking, or the Union's members, which are fewer.
enum class CountrySet { eurohpc, eu27 };
const std::vector<std::string_view>& country_set_names();  // in the order of the enumerators

struct CountedCompute {
    std::vector<CountryCompute> countries = {};  // of the set, also those without a system
    std::int64_t systems = 0;                    // that counted
    std::vector<std::string> uncounted = {};     // ids: number or rate of accelerators is not published
    facts::Grade grade = facts::Grade::a;        // the worst of what counted
};

// Compute of the systems of these statuses by the country that hosts them. Processor systems count nothing.
// bad_input: a country of the set whose population is unknown.
Result<CountedCompute> compute_of(const facts::FactSet& facts, CountrySet set,
                                  const std::vector<facts::SystemStatus>& statuses);

}  // namespace euromesh::planner

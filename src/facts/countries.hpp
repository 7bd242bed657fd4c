// Countries: how many people, and which unions they belong to. For shares per head and for splitting totals.
//
// Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct Country {
    std::string country = {};  // ISO 3166-1 alpha-2
    std::string name = {};
    std::optional<std::int64_t> population = {};
    std::optional<int> year = {};  // of the population
    bool eu27 = false;
    std::optional<bool> eurohpc_member = {};  // a participating state of the joint undertaking
    Source source = {};                       // of the population
    std::string note = {};
};

const TableKind<Country>& countries_table();
Result<std::vector<Country>> load_countries(const FactFiles& files);

// nullptr: not among them.
const Country* find_country(const std::vector<Country>& countries, std::string_view country);

}  // namespace euromesh::facts

// The machines: one row of systems.csv is one partition or site, each with the source of its figures.
//
// What the published sources do not say is nullopt, never zero and never a guess; an accelerator_count of 0
// means a system without accelerators. data/README.md describes every column and the counting rules (aliases
// carry no count). This is the part that a run report needs; the columns beyond it are read when something
// computes with them. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/fact_files.hpp"

namespace euromesh::facts {

enum class SystemStatus { operational, installing, contracted, tender, selected, planned };

// A: the primary source was read. B: a reputable second source. C: estimate, derivation or recalled figure.
enum class Grade { a, b, c };

struct Source {
    std::string name;
    std::string url;
    std::string as_of;  // ISO 8601, perhaps only year or year and month
    Grade grade = Grade::c;
};

struct System {
    std::string id;
    std::string name;
    std::string place;          // town
    std::string country;        // ISO 3166-1 alpha-2
    std::optional<double> lat;  // degrees WGS84, town or campus
    std::optional<double> lon;
    SystemStatus status = SystemStatus::planned;
    std::optional<std::string> accelerator;  // id in accelerators.csv; "none" for a system without
    std::optional<std::int64_t> accelerator_count;
    Source source;
};

std::string_view name_of(SystemStatus status);
std::string_view name_of(Grade grade);  // "A"

// bad_input with file, line and field; ids are unique.
Result<std::vector<System>> parse_systems(std::string_view text, std::string file);
Result<std::vector<System>> load_systems(const FactFiles& files);

// not_found: names systems whose id begins alike.
Result<System> find_system(const std::vector<System>& systems, std::string_view id);

}  // namespace euromesh::facts

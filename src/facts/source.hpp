// Where a fact comes from, and how sure it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace euromesh::facts {

// A: the primary source was read. B: a reputable second source. C: estimate, derivation or recalled figure.
enum class Grade { a, b, c };

struct Source {
    std::string name = {};
    std::string url = {};    // http or https; empty only where something was derived or estimated (C)
    std::string as_of = {};  // ISO 8601, perhaps only year or year and month; empty where the row has none
    Grade grade = Grade::c;
};

std::string_view name_of(Grade grade);  // "A"

// In the order of the enumerators.
const std::vector<std::string_view>& grade_names();

}  // namespace euromesh::facts

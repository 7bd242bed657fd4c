// What another run measured, perhaps by another person: what is read can be written and reads the same.
#include "contract/measured.hpp"

#include <cmath>

#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const auto measured = contract::parse_measured(input.text(), "measured.json");
    if (!measured) return;
    const double part = measured->utilisation();
    EM_ASSERT(std::isfinite(part) && part >= 0 && part <= 1, "utilisation is a part of 1");
    const auto again = contract::parse_measured(contract::to_json(*measured).dump(), "again.json");
    EM_ASSERT(again && *again == *measured, "what is read can be written");
}

}  // namespace euromesh::fuzz

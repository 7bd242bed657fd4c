// JSON from anybody: bounded, and what parses can be written and parses to the same.
#include "base/json.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const auto json = parse_json(input.text());
    if (!json) return;
    const auto again = parse_json(json->dump());
    EM_ASSERT(again && *again == *json, "what parses can be written");
}

}  // namespace euromesh::fuzz

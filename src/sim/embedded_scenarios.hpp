// The scenarios that travel inside the program: scenarios/simulate/*.toml as they were when it was built.
//
// Constant: any thread. cmake/embed.cmake puts the bytes in.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "facts/embedded.hpp"

namespace euromesh::sim {

// In the order of their names; a name is that of the file: "faults.toml".
std::span<const facts::EmbeddedFile> embedded_scenarios();

// `name` without ".toml". not_found: names the nearest one, or those that there are.
Result<facts::EmbeddedFile> embedded_scenario(std::string_view name);

}  // namespace euromesh::sim

// The scenarios that travel inside the program: scenarios/plan/*.toml as they were when it was built.
//
// Why: `euromesh plan headline` and `euromesh plan run NAME` work from any folder. cmake/embed.cmake puts the
// bytes in. Constant: any thread.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "facts/embedded.hpp"

namespace euromesh::planner {

// In the order of their names; a name is that of the file: "published-baseline.toml".
std::span<const facts::EmbeddedFile> embedded_scenarios();

// `name` with or without ".toml". not_found: names the nearest one, or those that there are.
Result<facts::EmbeddedFile> embedded_scenario(std::string_view name);

}  // namespace euromesh::planner

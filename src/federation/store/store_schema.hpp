// The tables of a store, as numbered steps from nothing to the newest version.
//
// A data base holds its version. A store runs the steps that are missing in one transaction when it opens; of
// a newer version than it knows it keeps its hands off. A step is never changed once it was released: what
// is to be different comes as another step. Plain data: no thread rule.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"

namespace euromesh::federation {

// Version n is reached by the n-th step, counted from 1.
struct SchemaStep {
    const char* sqlite;
    const char* postgres;
};

std::span<const SchemaStep> store_schema();

// The steps that lead from `version` to the newest one. refused: the version is newer than all steps; says
// what to do. corrupted: negative.
Result<std::span<const SchemaStep>> missing_steps(std::span<const SchemaStep> steps, std::int64_t version,
                                                  const std::string& place);

}  // namespace euromesh::federation

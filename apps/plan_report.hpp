// The document and the page of a plan (docs/plan-report.md).
#pragma once

#include <filesystem>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "facts/fact_set.hpp"
#include "planner/comparison.hpp"
#include "planner/plan.hpp"

namespace euromesh::apps {

// "euromesh-plan/1": everything that the page shows, and every figure behind it.
Result<Json> plan_document(const planner::Plan& plan, const planner::PlanDoubt& doubt,
                           const facts::FactSet& facts, const Clock& clock);

// The part "compare" of plan a's document: plan b beside it.
Result<Json> comparison_document(const planner::Plan& a, const planner::Plan& b,
                                 const planner::Comparison& comparison);

// One file: the page with the document in it. Written whole or not at all.
Status write_plan_report(const Json& document, const std::filesystem::path& file);

}  // namespace euromesh::apps

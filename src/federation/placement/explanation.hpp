// The table behind a decision: for each partition the rule that ruled it out, or the terms of its score.
//
// The same function tells it before the fact (a dry run) and after, with the plan's starts; the coordinator
// puts its JSON into the record of the decision. A row's terms add up to its score exactly. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "federation/placement/model.hpp"
#include "federation/placement/placement_planner.hpp"
#include "federation/placement/round_index.hpp"
#include "federation/placement/score.hpp"

namespace euromesh::federation {

// Why a workload may or may not run at each partition: one row for every partition of every site.
struct ExplanationRow {
    std::string site{};
    std::string partition{};
    std::optional<Filter> rejected_by{};
    std::string rule{};  // id of the rule, or in words what is missing; without a start also: no room
    std::int64_t start_ms = 0;
    std::int64_t start_p90_ms = 0;
    std::int64_t run_ms = 0;
    std::vector<ScoreTerm> terms{};
    std::int64_t score_ms = 0;  // sum of terms[].cost_ms
    bool chosen = false;
};

// Tells the tables of one round; what is the same for all of its workloads is worked out once.
class PlacementExplainer {
  public:
    // The round has passed check() and outlives the explainer.
    explicit PlacementExplainer(const PlacementRound& round) : index_(round) {}

    // By site and partition. With a plan the chosen rows show the planned start; the others, and all of them
    // before the fact, the earliest one. not_found: no such workload in the round.
    Result<std::vector<ExplanationRow>> explain(std::string_view workload,
                                                const PlannedWorkload* planned = nullptr) const;

  private:
    RoundIndex index_;
};

// For one workload. bad_input: as check(round).
Result<std::vector<ExplanationRow>> explain_placement(const PlacementRound& round, std::string_view workload,
                                                      const PlannedWorkload* planned = nullptr);

// The same as JSON with keys in a fixed order, for the decision record: an array of rows.
Json to_json(const std::vector<ExplanationRow>& rows);

}  // namespace euromesh::federation

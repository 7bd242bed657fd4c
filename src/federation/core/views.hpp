// What somebody may see, as JSON: only what belongs to projects that they are a member of.
//
// What is not theirs is not_found, in the same words as what is not there. Administrators see all. Pages run
// from the newest to the oldest job; `before` is the number below which a page begins (0: the newest), at
// most `most` entries. Pure; any thread while nobody applies.
#pragma once

#include "federation/core/commands.hpp"
#include "federation/core/tables.hpp"

namespace euromesh::federation {

bool may_see(const Tables& tables, const Actor& actor, const std::string& project);

// With its claims. O(1) in the number of jobs.
Result<Json> view_job(const Tables& tables, const Actor& actor, const std::string& job);
// {"jobs": [...], "next": number or 0}
Result<Json> view_jobs(const Tables& tables, const Actor& actor, const std::string& project,
                       std::int64_t before, std::size_t most);
Json view_projects(const Tables& tables, const Actor& actor);
// With the forecast of what a claw-back will take.
Result<Json> view_allocations(const Tables& tables, const Actor& actor, const std::string& project,
                              std::int64_t now_ms);
// Of one's own projects; reviewers and administrators see all. With "overdue" by the review's clock.
Json view_applications(const Tables& tables, const Actor& actor, std::int64_t now_ms);
// For everybody.
Json view_sites(const Tables& tables);

}  // namespace euromesh::federation

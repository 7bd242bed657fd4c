// What somebody may see: only what belongs to projects that they are a member of; rows as JSON.
//
// What is not theirs is not_found, in the same words as what is not there. Administrators see all. Pure; any
// thread while nobody applies.
#pragma once

#include "federation/core/commands.hpp"
#include "federation/core/tables.hpp"

namespace euromesh::federation {

bool is_reviewer(const Tables& tables, const Actor& actor);
bool may_see(const Tables& tables, const Actor& actor, const std::string& project);

// not_found: there is none, or it is not for this actor's eyes. O(1) in the number of jobs.
Result<const JobRecord*> visible_job(const Tables& tables, const Actor& actor, const std::string& id);

Json view_projects(const Tables& tables, const Actor& actor);
// With the forecast of what a claw-back will take.
Result<Json> view_allocations(const Tables& tables, const Actor& actor, const std::string& project,
                              std::int64_t now_ms);
// Of one's own projects; reviewers and administrators see all. With "overdue" by the review's clock.
Json view_applications(const Tables& tables, const Actor& actor, std::int64_t now_ms);
Json view_data(const Tables& tables, const Actor& actor);
// For everybody.
Json view_site(const Tables& tables, const SiteRecord& site);
Json view_sites(const Tables& tables);

}  // namespace euromesh::federation

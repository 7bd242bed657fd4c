// Who may see what: a person the own projects, a site what concerns it, an administrator everything.
//
// What a person may not see is not there: callers answer not_found for both, so that ids cannot be tried out.
// Pure functions over the core's tables; no thread rule.
#pragma once

#include "federation/core/core.hpp"
#include "federation/core/law.hpp"
#include "federation/http/call.hpp"
#include "federation/identity/principal.hpp"
#include "federation/service/happening.hpp"

namespace euromesh::federation {

// issuer|subject, the groups' paths, the scopes' names.
Actor actor_of(const Principal& principal);

bool is_reviewer(const Tables& tables, const Actor& actor);
bool sees_project(const Tables& tables, const Actor& actor, const std::string& project);
bool sees(const Tables& tables, const Actor& actor, const Happening& happening);

// not_found: there is none, or it is not for this actor's eyes.
Result<const JobRecord*> visible_job(const Tables& tables, const Actor& actor, const std::string& id);

}  // namespace euromesh::federation

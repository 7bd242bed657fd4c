// Who may see what: a person the own projects, a site what concerns it, an administrator everything.
//
// What the tables show is core/views.hpp; this adds tokens and events. Pure functions over the core's tables;
// no thread rule.
#pragma once

#include "federation/core/core.hpp"
#include "federation/core/views.hpp"
#include "federation/http/call.hpp"
#include "federation/identity/principal.hpp"
#include "federation/service/happening.hpp"

namespace euromesh::federation {

// issuer|subject, the groups' paths, the scopes' names.
Actor actor_of(const Principal& principal);

bool sees(const Tables& tables, const Actor& actor, const Happening& happening);

}  // namespace euromesh::federation

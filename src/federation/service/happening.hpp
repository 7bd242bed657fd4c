// An event of the log as others may see it: which project it is of, or whether it is everybody's.
//
// Why: event streams show a person what happens in the own projects and at the sites, and nothing of anybody
// else's. The audience is found once, when the event is applied. Plain values; pure functions.
#pragma once

#include <string>

#include "federation/core/tables.hpp"

namespace euromesh::federation {

enum class Audience { everybody, project, administrators };

struct Happening {
    std::int64_t seq = 0;
    std::string type;
    std::string text;  // the entry of the log
    Audience audience = Audience::administrators;
    std::string project;  // of Audience::project
    std::string job;      // that it is about; may be empty
};

// `tables` as they are after the event.
Happening happening_of(const Event& event, const Tables& tables);

}  // namespace euromesh::federation

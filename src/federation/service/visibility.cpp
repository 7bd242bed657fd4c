#include "federation/service/visibility.hpp"

#include <algorithm>

namespace euromesh::federation {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        if (end > begin) words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

}  // namespace

Actor actor_of(const Principal& principal) {
    Actor actor;
    actor.account = principal.issuer + "|" + principal.subject;
    actor.name = principal.name;
    for (const Group& group : principal.groups) actor.groups.push_back(group.path());
    actor.scopes = words_of(principal.scopes.text());
    return actor;
}

bool is_reviewer(const Tables& tables, const Actor& actor) {
    return is_administrator(tables, actor) || holds(tables.federation().reviewers, actor.account);
}

bool sees_project(const Tables& tables, const Actor& actor, const std::string& id) {
    const ProjectRecord* project = tables.project(id);
    return project != nullptr && (is_member(*project, actor) || is_administrator(tables, actor));
}

bool sees(const Tables& tables, const Actor& actor, const Happening& happening) {
    switch (happening.audience) {
        case Audience::everybody:
            return true;
        case Audience::project:
            return sees_project(tables, actor, happening.project);
        case Audience::administrators:
            return is_administrator(tables, actor);
    }
    return false;
}

Result<const JobRecord*> visible_job(const Tables& tables, const Actor& actor, const std::string& id) {
    const JobRecord* job = tables.job(id);
    if (job == nullptr || !sees_project(tables, actor, job->project))
        return fail(Code::not_found, "no job '{}' of yours", id.substr(0, 64));
    return job;
}

}  // namespace euromesh::federation

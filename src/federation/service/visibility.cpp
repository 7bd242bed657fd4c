#include "federation/service/visibility.hpp"

#include "federation/core/law.hpp"

namespace euromesh::federation {
namespace {

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

bool sees(const Tables& tables, const Actor& actor, const Happening& happening) {
    switch (happening.audience) {
        case Audience::everybody:
            return true;
        case Audience::project:
            return may_see(tables, actor, happening.project);
        case Audience::administrators:
            return is_administrator(tables, actor);
    }
    return false;
}

}  // namespace euromesh::federation

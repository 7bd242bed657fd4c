#include "federation/core/decide.hpp"

#include <algorithm>

namespace euromesh::federation {

std::string Draft::next_id(std::string_view prefix) const {
    return fmt::format("{}{}", prefix, tables.next_seq() + static_cast<std::int64_t>(events_.size()));
}

void Draft::add(EventData data) {
    const std::int64_t seq = tables.next_seq() + static_cast<std::int64_t>(events_.size());
    events_.push_back(
        make_event(seq, now_ms, actor.site.empty() ? actor.account : actor.site, std::move(data)));
}

void withdraw(Draft& draft, const ClaimRecord& claim, const std::string& words) {
    draft.add(ClaimEnded{claim.id, "cancelled", 0, 0, 0, 0, words});
}

Status needs_administrator(const Draft& draft, std::string_view what) {
    if (is_administrator(draft.tables, draft.actor)) return {};
    return fail(Code::refused, "{}: only administrators of the federation may", what);
}

Result<const ProjectRecord*> project_of(const Draft& draft, const std::string& id) {
    const ProjectRecord* project = draft.tables.project(id);
    if (project == nullptr || !is_member(*project, draft.actor))
        return fail(Code::not_found, "project '{}': there is none that you are a member of",
                    id.substr(0, 64));
    return project;
}

std::vector<const AllocationRecord*> live_allocations(const Tables& tables, const std::string& project,
                                                      std::int64_t now_ms) {
    std::vector<const AllocationRecord*> live;
    for (const std::string& id : tables.allocations_of(project)) {
        const AllocationRecord* a = tables.allocation(id);
        if (a->begin_ms <= now_ms && now_ms < a->end_ms) live.push_back(a);
    }
    std::stable_sort(live.begin(), live.end(), [](auto* a, auto* b) { return a->end_ms < b->end_ms; });
    return live;
}

}  // namespace euromesh::federation

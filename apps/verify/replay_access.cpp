// Applications, reviews and grants: decided by who may, with the amounts that were asked for.
#include <algorithm>
#include <array>

#include "apps/verify/law.hpp"
#include "apps/verify/replay.hpp"

namespace euromesh::verify {
namespace {

constexpr std::int64_t day_ms = 86400ll * 1000;

const Json* tier_of(const World& world, const std::string& id) {
    for (const Json& tier : part_in(world.federation, "tiers"))
        if (text_in(tier, "id") == id) return &tier;
    return nullptr;
}

Status check_id(const Entry& entry, const char* prefix, const std::string& id) {
    if (id == fmt::format("{}{}", prefix, entry.seq)) return {};
    return fail(Code::bad_input, "its id is '{}', where {}{} is right", id.substr(0, 64), prefix, entry.seq);
}

Status apply_for(World& world, const Entry& entry) {
    const Json& application = part_in(*entry.data, "application");
    const std::string id = text_in(application, "id"), tier_id = text_in(application, "tier");
    EM_TRY(check_id(entry, "p", id));
    const Json* tier = tier_of(world, tier_id);
    if (tier == nullptr) return fail(Code::bad_input, "application '{}' is for no tier: '{}'", id, tier_id);
    if (text_in(application, "account") != entry.by)
        return fail(Code::bad_input, "application '{}' of '{}' is made by '{}'", id,
                    text_in(application, "account"), entry.by);
    const std::int64_t amount = number_in(application, "amount"), most = number_in(*tier, "most_mgh");
    if (amount <= 0 || (most > 0 && amount > most))
        return fail(Code::bad_input, "application '{}' asks for {}, tier '{}' gives at most {}", id, amount,
                    tier_id, most);
    const std::int64_t due = entry.time_ms + number_in(*tier, "review_days") * day_ms;
    if (number_in(application, "due_ms") != due)
        return fail(Code::bad_input, "application '{}' is due at {} ms, where {} ms is right", id,
                    number_in(application, "due_ms"), due);
    world.applications[id] = application;
    return {};
}

// By the rules alone, at once: refused, or granted in a tier that nobody reviews.
Status check_at_once(const World& world, const Json& application, const std::string& state,
                     std::int64_t now_ms) {
    const std::string id = text_in(application, "id"), tier = text_in(application, "tier");
    const std::string rule =
        refusal_of_access(world, "apply", text_in(application, "account"), application, now_ms);
    if (state == "refused") return {};
    if (!rule.empty())
        return fail(Code::bad_input, "application '{}' is granted, which the rules refuse: {}", id, rule);
    if (!flag_in(*tier_of(world, tier), "instant"))
        return fail(Code::bad_input, "application '{}' is granted at once, and tier '{}' is reviewed", id,
                    tier);
    for (const Allocation* one : live_allocations(world, text_in(application, "project"), now_ms)) {
        if (text_in(one->record, "tier") == tier)
            return fail(Code::bad_input,
                        "application '{}' is granted at once, and its project has an allocation of tier '{}'",
                        id, tier);
    }
    return {};
}

Status review(World& world, const Entry& entry) {
    const std::string id = text_in(*entry.data, "application"), state = text_in(*entry.data, "state");
    const auto found = world.applications.find(id);
    if (found == world.applications.end() || text_in(found->second, "state") != "in-review")
        return fail(Code::bad_input, "application '{}' is reviewed, but does not wait for it", id);
    Json& application = found->second;
    if (state != "granted" && state != "refused")
        return fail(Code::bad_input, "application '{}' has no state '{}'", id, state);
    if (id == fmt::format("p{}", entry.seq - 1) && entry.by == text_in(application, "account")) {
        EM_TRY(check_at_once(world, application, state, entry.time_ms));
    } else {
        const std::string rule = refusal_of_access(world, "review", entry.by, application, entry.time_ms);
        if (!rule.empty())
            return fail(Code::bad_input, "application '{}' is reviewed by '{}', which the rules refuse: {}",
                        id, entry.by, rule);
    }
    application["state"] = state;
    application["reviewed_seq"] = entry.seq;
    if (state == "refused") world.applications.erase(found);
    return {};
}

Status check_against(const Json& application, const Json& allocation, const Entry& entry) {
    const std::string id = text_in(application, "id");
    if (text_in(application, "state") != "granted" || number_in(application, "reviewed_seq") != entry.seq - 1)
        return fail(Code::bad_input, "application '{}' was not granted by the entry before", id);
    for (const char* name : {"project", "tier", "share"}) {
        if (text_in(application, name) != text_in(allocation, name))
            return fail(Code::bad_input, "application '{}' asks for {} '{}', '{}' is given", id, name,
                        text_in(application, name), text_in(allocation, name));
    }
    if (number_in(application, "amount") == number_in(allocation, "granted")) return {};
    return fail(Code::bad_input, "application '{}' asks for {}, {} are given", id,
                number_in(application, "amount"), number_in(allocation, "granted"));
}

Status grant(World& world, const Entry& entry) {
    const Json& record = part_in(*entry.data, "allocation");
    const std::string id = text_in(record, "id"), application = text_in(*entry.data, "application");
    EM_TRY(check_id(entry, "a", id));
    Allocation made;
    EM_ASSIGN(made.granted, amount_in(record, "granted"));
    if (number_in(record, "left") != made.granted || number_in(record, "used") != 0 ||
        number_in(record, "held") != 0)
        return fail(Code::bad_input, "allocation '{}': used 0 + held 0 + left {} are not the {} granted", id,
                    number_in(record, "left"), made.granted);
    if (number_in(record, "begin_ms") >= number_in(record, "end_ms"))
        return fail(Code::bad_input, "allocation '{}' ends before it begins", id);
    if (!world.projects.contains(text_in(record, "project")) ||
        tier_of(world, text_in(record, "tier")) == nullptr)
        return fail(Code::bad_input, "allocation '{}' is of a project or tier that there is not", id);
    if (application.empty()) {
        if (!is_administrator(world, entry.by))
            return fail(Code::bad_input, "allocation '{}' is granted by '{}', who is no administrator", id,
                        entry.by);
    } else {
        const auto found = world.applications.find(application);
        if (found == world.applications.end())
            return fail(Code::bad_input, "allocation '{}' is for application '{}', which is not open", id,
                        application);
        EM_TRY(check_against(found->second, record, entry));
        world.applications.erase(found);
    }
    made.record = record;
    world.allocations.emplace(id, std::move(made));
    return {};
}

Status claw_back(World& world, const Entry& entry) {
    const std::string id = text_in(*entry.data, "allocation");
    EM_ASSIGN(const std::int64_t amount, amount_in(*entry.data, "amount"));
    const auto found = world.allocations.find(id);
    if (found == world.allocations.end())
        return fail(Code::bad_input, "allocation '{}' was never granted", id);
    Allocation& a = found->second;
    const std::int64_t checkpoint = number_in(*entry.data, "checkpoint");
    const Json& points = part_in(part_in(world.federation, "claw_back"), "checkpoints_permille");
    if (checkpoint != a.checkpoints + 1 || checkpoint > static_cast<std::int64_t>(points.size()))
        return fail(Code::bad_input, "checkpoint {} of allocation '{}' comes after {} of {}", checkpoint, id,
                    a.checkpoints, points.size());
    const std::int64_t begin = number_in(a.record, "begin_ms"), end = number_in(a.record, "end_ms");
    const Json& point = points[static_cast<std::size_t>(checkpoint - 1)];
    const std::int64_t permille = point.is_number_integer() ? point.get<std::int64_t>() : 0;
    if (entry.time_ms < begin + (end - begin) / 1000 * permille)
        return fail(Code::bad_input, "checkpoint {} of allocation '{}' is not reached yet", checkpoint, id);
    if (amount > a.left())
        return fail(Code::bad_input, "{} are taken back of allocation '{}', of which {} are left", amount, id,
                    a.left());
    a.granted -= amount;
    a.checkpoints = checkpoint;
    return {};
}

constexpr std::array<Check, 4> checks = {{{"application.made", apply_for},
                                          {"application.reviewed", review},
                                          {"allocation.granted", grant},
                                          {"allocation.clawed_back", claw_back}}};

}  // namespace

std::span<const Check> access_checks() {
    return checks;
}

}  // namespace euromesh::verify

#include "bench/kills/trace.hpp"

#include <array>

namespace euromesh::kills {
namespace {

constexpr std::size_t failures_most = 20;

std::int64_t number(const Json& data, const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? 0 : found->get<std::int64_t>();
}

std::string text(const Json& data, const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? std::string() : found->get<std::string>();
}

// What comes after what.
int rank(const std::string& state) {
    constexpr std::array order{"held", "offered", "accepted", "running"};
    for (std::size_t i = 0; i < order.size(); ++i)
        if (state == order[i]) return static_cast<int>(i);
    return static_cast<int>(order.size());
}

}  // namespace

void Trace::fail(const std::string& what) {
    if (failures_.size() < failures_most) failures_.push_back(fmt::format("entry {}: {}", entries_, what));
}

void Trace::decide(const Json& data) {
    const std::string id = text(data, "job");
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return fail("a decision for job " + id + ", which nobody submitted");
    TracedJob& job = found->second;
    if (!job.open.empty()) fail("a second decision for job " + id + " while claims of the first are open");
    for (const Json& row : data["claims"]) {
        const std::string claim = text(row, "claim");
        TracedClaim made;
        made.job = id;
        made.site = text(row, "site");
        made.allocation = text(data, "allocation");
        made.held = number(row, "held");
        TracedAllocation& account = allocations_[made.allocation];
        account.held += made.held;
        account.left -= made.held;
        job.open.insert(claim);
        job.claims.push_back(claim);
        if (!claims_.emplace(claim, std::move(made)).second) fail("claim " + claim + " is decided twice");
    }
}

void Trace::end_claim(TracedClaim& claim, const std::string& id, std::int64_t charged) {
    if (charged < 0 || charged > claim.held) fail("claim " + id + " is charged more than was held for it");
    claim.charged = charged;
    TracedAllocation& account = allocations_[claim.allocation];
    account.held -= claim.held;
    account.used += charged;
    account.left += claim.held - charged;
    jobs_[claim.job].open.erase(id);
}

void Trace::move_claim(const std::string& state, const Json& data) {
    const std::string id = text(data, "claim");
    const auto found = claims_.find(id);
    if (found == claims_.end()) return fail("claim " + id + " is " + state + " and was never decided");
    TracedClaim& claim = found->second;
    if (claim.is_over()) return fail("claim " + id + " is " + state + " after it was " + claim.state);
    if (rank(state) <= rank(claim.state)) fail("claim " + id + " goes from " + claim.state + " to " + state);
    claim.state = state;
    claim.started_ms = std::max(claim.started_ms, number(data, "started_ms"));
    if (!claim.is_over()) return;
    claim.exit = number(data, "exit");
    claim.words = text(data, "words");
    end_claim(claim, id, number(data, "charged"));
}

void Trace::check_sums() {
    for (const auto& [id, a] : allocations_) {
        if (a.used + a.held + a.left != a.granted && !id.empty())
            fail("used + held + left is not what was granted in " + id);
        if (a.used < 0 || a.held < 0 || (a.left < 0 && !id.empty()))
            fail("an amount of " + id + " is below 0");
    }
}

void Trace::see(std::string_view entry) {
    const auto event = parse_json(entry);
    if (!event) return fail("is no JSON");
    if (number(*event, "seq") != entries_) fail("its number is not the next");
    const std::string type = text(*event, "type");
    const Json& data = (*event)["data"];
    if (type == "allocation.granted") {
        const std::int64_t granted = number(data["allocation"], "granted");
        allocations_[text(data["allocation"], "id")] = {granted, 0, 0, granted};
    } else if (type == "allocation.clawed_back") {
        TracedAllocation& account = allocations_[text(data, "allocation")];
        account.granted -= number(data, "amount");
        account.left -= number(data, "amount");
    } else if (type == "job.submitted") {
        if (!jobs_.emplace(text(data, "job"), TracedJob{.key = text(data, "key")}).second)
            fail("job " + text(data, "job") + " is submitted twice");
    } else if (type == "job.cancel_asked") {
        jobs_[text(data, "job")].is_cancel_asked = true;
    } else if (type == "job.decided") {
        decide(data);
    } else if (type == "claim.ended") {
        move_claim(text(data, "state"), data);
    } else if (type == "claim.started") {
        move_claim("running", data);
    } else if (type.starts_with("claim.") && type != "claim.used") {
        move_claim(type.substr(6), data);
    }
    check_sums();
    ++entries_;
}

void Trace::finish() {
    for (const auto& [id, a] : allocations_)
        if (a.held != 0) fail(fmt::format("{} milli-GPU-hours of {} are still held", a.held, id));
    for (const auto& [id, claim] : claims_)
        if (!claim.is_over()) fail("claim " + id + " is still " + claim.state);
}

}  // namespace euromesh::kills

#include "sim/federation/ledger_checker.hpp"

namespace euromesh::sim {
namespace {

std::int64_t number(const Json& data, const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? 0 : found->get<std::int64_t>();
}

std::string text(const Json& data, const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? std::string() : found->get<std::string>();
}

}  // namespace

void LedgerChecker::fail(const std::string& what) {
    if (failures_.size() < 20) failures_.push_back(fmt::format("event {}: {}", seq_, what));
}

void LedgerChecker::grant(const Json& allocation) {
    const std::int64_t granted = number(allocation, "granted");
    allocations_[text(allocation, "id")] = {granted, 0, 0, granted};
}

void LedgerChecker::claw_back(const Json& data) {
    CheckedAllocation& a = allocations_[text(data, "allocation")];
    a.granted -= number(data, "amount");
    a.left -= number(data, "amount");
}

void LedgerChecker::decide(const Json& data) {
    const std::string job_id = text(data, "job");
    if (jobs_.count(job_id) == 0) return fail("a decision for a job that nobody submitted");
    Job& job = jobs_[job_id];
    if (!job.open.empty()) fail("a second decision for " + job_id + " while claims of the first are open");
    std::set<std::string> sites;
    for (const Json& claim : data["claims"]) {
        const std::string id = text(claim, "claim");
        const std::int64_t held = number(claim, "held");
        if (!sites.insert(text(claim, "site")).second) fail("two claims of " + job_id + " at one site");
        if (!claims_.emplace(id, Claim{job_id, text(claim, "site"), text(data, "allocation"), held, false})
                 .second)
            fail("claim " + id + " is there twice");
        job.open.insert(id);
        if (held == 0) continue;
        allocations_[text(data, "allocation")].left -= held;
        allocations_[text(data, "allocation")].held += held;
    }
    if (static_cast<std::int64_t>(sites.size()) > job.sites) fail("more claims than sites for " + job_id);
}

void LedgerChecker::end_claim(const std::string& id, std::int64_t charged) {
    const auto found = claims_.find(id);
    if (found == claims_.end()) return fail("the end of claim " + id + ", which there is not");
    Claim& claim = found->second;
    if (claim.over) return fail("claim " + id + " ends twice");
    if (charged < 0 || charged > claim.held) fail("claim " + id + " is charged more than was held");
    claim.over = true;
    jobs_[claim.job].open.erase(id);
    if (claim.held == 0) return;
    CheckedAllocation& a = allocations_[claim.allocation];
    a.held -= claim.held;
    a.used += charged;
    a.left += claim.held - charged;
}

void LedgerChecker::check_sums() {
    for (const auto& [id, a] : allocations_) {
        if (a.used + a.held + a.left != a.granted) fail("used + held + left is not granted in " + id);
        if (a.used < 0 || a.held < 0 || a.left < 0) fail("an amount of " + id + " is below zero");
    }
}

void LedgerChecker::see(std::string_view entry) {
    const auto event = parse_json(entry);
    if (!event) return fail("is no JSON");
    if (number(*event, "seq") != seq_) fail("its number is not the next");
    const std::string type = text(*event, "type");
    const Json& data = (*event)["data"];
    if (type == "allocation.granted") grant(data["allocation"]);
    if (type == "allocation.clawed_back") claw_back(data);
    if (type == "job.submitted")
        jobs_[text(data, "job")].sites = data["spec"]["resources"]["sites"]["count"].get<std::int64_t>();
    if (type == "job.decided") decide(data);
    if (type == "claim.ended") end_claim(text(data, "claim"), number(data, "charged"));
    if (type == "claim.refused" || type == "claim.lost") end_claim(text(data, "claim"), 0);
    check_sums();
    seq_ += 1;
}

void LedgerChecker::finish() {
    for (const auto& [id, a] : allocations_)
        if (a.held != 0) fail(fmt::format("{} milli-GPU-hours of {} are still held", a.held, id));
}

}  // namespace euromesh::sim

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

int LedgerChecker::displaced(const std::string& job) const {
    const auto found = jobs_.find(job);
    return found == jobs_.end() ? 0 : found->second.displaced;
}

void LedgerChecker::decide(const Json& data) {
    const std::string job_id = text(data, "job");
    if (jobs_.count(job_id) == 0) return fail("a decision for a job that nobody submitted");
    Job& job = jobs_[job_id];
    if (!job.open.empty()) fail("a second decision for " + job_id + " while claims of the first are open");
    job.displaced_now = false;
    std::set<std::string> sites;
    for (const Json& claim : data["claims"]) {
        if (!sites.insert(text(claim, "site")).second) fail("two claims of " + job_id + " at one site");
        add_claim(claim, job_id, text(data, "allocation"));
    }
    if (static_cast<std::int64_t>(sites.size()) > job.sites) fail("more claims than sites for " + job_id);
}

void LedgerChecker::add_claim(const Json& data, const std::string& job, const std::string& allocation) {
    const std::string id = text(data, "claim");
    Claim claim;
    claim.job = job;
    claim.allocation = allocation;
    claim.held = number(data, "held");
    if (const auto after = data.find("after"); after != data.end())
        for (const Json& one : *after) claim.after.insert(one.get<std::string>());
    jobs_[job].open.insert(id);
    if (claim.held > 0) {
        allocations_[allocation].left -= claim.held;
        allocations_[allocation].held += claim.held;
    }
    if (!claims_.emplace(id, std::move(claim)).second) fail("claim " + id + " is there twice");
}

void LedgerChecker::offer(const std::string& id) {
    Claim& claim = claims_[id];
    if (claim.over || claim.offered) return fail("claim " + id + " is offered twice, or after its end");
    claim.offered = true;
    for (const std::string& before : claim.after)
        if (!claims_[before].over) fail("claim " + id + " is offered before " + before + " has ended");
}

void LedgerChecker::displace(const Json& data) {
    const auto found = claims_.find(text(data, "claim"));
    if (found == claims_.end() || found->second.over) return fail("what is not open is displaced");
    Job& job = jobs_[found->second.job];
    if (job.displaced_now) fail("run of " + found->second.job + " is displaced twice");
    found->second.displaced = job.displaced_now = true;
    job.displaced += 1;
}

void LedgerChecker::credit(const Json& data) {
    const auto found = claims_.find(text(data, "claim"));
    if (found == claims_.end()) return fail("a credit for a claim that there is not");
    Claim& claim = found->second;
    const std::int64_t amount = number(data, "amount");
    if (!claim.displaced && !jobs_[claim.job].displaced_now)
        fail(found->first + " is repaid and was not displaced");
    if (claim.credited || !claim.cancelled || amount != claim.charged)
        fail(fmt::format("{} is repaid {}, which is not what it was charged", found->first, amount));
    claim.credited = true;
    allocations_[text(data, "allocation")].granted += amount;
    allocations_[text(data, "allocation")].left += amount;
}

void LedgerChecker::end_claim(const std::string& id, std::int64_t charged, bool cancelled) {
    const auto found = claims_.find(id);
    if (found == claims_.end()) return fail("the end of claim " + id + ", which there is not");
    Claim& claim = found->second;
    if (claim.over) return fail("claim " + id + " ends twice");
    if (charged < 0 || charged > claim.held) fail("claim " + id + " is charged more than was held");
    claim.over = true;
    claim.cancelled = cancelled;
    claim.charged = charged;
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
    if (type == "claim.offered") offer(text(data, "claim"));
    if (type == "claim.displaced") displace(data);
    if (type == "allocation.credited") credit(data);
    if (type == "claim.ended")
        end_claim(text(data, "claim"), number(data, "charged"), text(data, "state") == "cancelled");
    if (type == "claim.refused" || type == "claim.lost") end_claim(text(data, "claim"), 0, false);
    check_sums();
    seq_ += 1;
}

void LedgerChecker::finish() {
    for (const auto& [id, a] : allocations_)
        if (a.held != 0) fail(fmt::format("{} milli-GPU-hours of {} are still held", a.held, id));
    for (const auto& [id, claim] : claims_)
        if (claim.displaced && claim.cancelled && claim.charged > 0 && !claim.credited)
            fail(fmt::format("{} was displaced, and its {} milli-GPU-hours are not repaid", id,
                             claim.charged));
}

}  // namespace euromesh::sim

// The life of jobs and claims, and who pays: each step once, in its order, told by whom it may be told.
#include <algorithm>
#include <array>

#include "apps/verify/law.hpp"
#include "apps/verify/replay.hpp"
#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

std::string_view name_of(ClaimStep step) {
    constexpr std::array<std::string_view, 4> names = {"held", "offered", "accepted", "running"};
    return names[static_cast<std::size_t>(step)];
}

Status submit(World& world, const Entry& entry) {
    const Json& data = *entry.data;
    const std::string id = text_in(data, "job"), project = text_in(data, "project");
    if (id != fmt::format("j{}", entry.seq))
        return fail(Code::bad_input, "its id is '{}', where j{} is right", id.substr(0, 64), entry.seq);
    Job job;
    job.account = text_in(data, "account");
    job.groups = part_in(data, "groups");
    job.project = project;
    job.spec = part_in(data, "spec");
    job.digest = text_in(data, "digest");
    if (job.account != entry.by)
        return fail(Code::bad_input, "job '{}' of '{}' is handed in by '{}'", id, job.account, entry.by);
    const std::string digest = hex_of(hash_of(job.spec.dump()));
    if (job.digest != digest)
        return fail(Code::bad_input, "the digest of job '{}' is {}, not '{}'", id, digest, job.digest);
    const auto owner = world.projects.find(project);
    if (owner == world.projects.end())
        return fail(Code::bad_input, "job '{}' is of project '{}', which there is not", id, project);
    const std::string rule = refusal_of_submit(world, job, owner->second, entry.time_ms);
    if (!rule.empty())
        return fail(Code::bad_input, "job '{}' is taken, which the rules refuse: {}", id, rule);
    world.jobs.emplace(id, std::move(job));
    return {};
}

Status ask_cancel(World& world, const Entry& entry) {
    const std::string id = text_in(*entry.data, "job");
    const auto found = world.jobs.find(id);
    if (found == world.jobs.end() || found->second.cancelling)
        return fail(Code::bad_input, "job '{}' is called off, but is not open", id);
    found->second.cancelling = true;
    if (found->second.open.empty()) world.jobs.erase(found);
    return {};
}

using Found = std::map<std::string, Claim>::iterator;

Result<Found> claim_of(World& world, const Entry& entry) {
    const std::string id = text_in(*entry.data, "claim");
    const auto found = world.claims.find(id);
    if (found == world.claims.end())
        return fail(Code::bad_input, "claim '{}' is not open ({})", id, entry.type);
    return found;
}

// What only the site can know.
Status check_teller(const Claim& claim, const Entry& entry) {
    if (entry.by == claim.site) return {};
    return fail(Code::bad_input, "{} of a claim at site '{}' is told by '{}'", entry.type, claim.site,
                entry.by);
}

Status check_step(const Found& claim, const Entry& entry, bool fits) {
    if (fits) return {};
    return fail(Code::bad_input, "{} of claim '{}', which is {}", entry.type, claim->first,
                name_of(claim->second.step));
}

Status offer(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    EM_TRY(check_teller(claim->second, entry));
    EM_TRY(check_step(claim, entry, claim->second.step == ClaimStep::held));
    claim->second.step = ClaimStep::offered;
    return {};
}

Status accept(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    EM_TRY(check_teller(claim->second, entry));
    EM_TRY(check_step(claim, entry, claim->second.step == ClaimStep::offered));
    claim->second.step = ClaimStep::accepted;
    return {};
}

bool is_handed_out(const Claim& claim) {
    return claim.step == ClaimStep::offered || claim.step == ClaimStep::accepted;
}

Status start(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    EM_TRY(check_teller(claim->second, entry));
    EM_TRY(check_step(claim, entry, is_handed_out(claim->second)));
    claim->second.step = ClaimStep::running;
    claim->second.started_ms = number_in(*entry.data, "started_ms");
    Job& job = world.jobs.at(claim->second.job);
    job.ran += 1;
    return {};
}

Status use(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    EM_TRY(check_teller(claim->second, entry));
    return check_step(claim, entry, claim->second.step == ClaimStep::running);
}

// What is left of an attempt decides: its job is over, or waits again.
void settle(World& world, const std::string& id) {
    const auto found = world.jobs.find(id);
    Job& job = found->second;
    if (!job.open.empty()) return;
    const std::int64_t quorum = number_in(part_in(part_in(job.spec, "resources"), "sites"), "quorum");
    const bool over = job.good >= quorum || job.cancelling || job.lost > 0 || job.ran > 0;
    job.good = job.ran = job.lost = 0;
    if (over) world.jobs.erase(found);
}

// Gives back what was held, less what it costs.
Status close(World& world, const Found& at, std::int64_t charged) {
    const Claim claim = at->second;
    if (charged > claim.held)
        return fail(Code::bad_input, "claim '{}' costs {}, for which {} was held", at->first, charged,
                    claim.held);
    world.sites.at(claim.site).held -= claim.held;
    const auto payer = world.allocations.find(claim.allocation);
    if (claim.held > 0 && payer != world.allocations.end()) {
        payer->second.held -= claim.held;
        payer->second.used += charged;
    }
    world.jobs.at(claim.job).open.erase(at->first);
    world.claims.erase(at);
    settle(world, claim.job);
    return {};
}

Status refuse(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    EM_TRY(check_teller(claim->second, entry));
    EM_TRY(check_step(claim, entry, is_handed_out(claim->second)));
    world.jobs.at(claim->second.job).refused_by.insert(claim->second.site);
    return close(world, claim, 0);
}

Status check_charge(const Found& claim, const Json& data, std::int64_t charged) {
    const std::int64_t started = number_in(data, "started_ms"), ended = number_in(data, "ended_ms");
    const std::int64_t ran = started > 0 ? std::max<std::int64_t>(0, ended - started) : 0;
    const std::int64_t right = std::min(claim->second.held, milli_gpu_hours(claim->second.gpus, ran));
    if (charged == right) return {};
    return fail(Code::bad_input, "claim '{}' ran {} ms with {} GPUs, costs {}, and is charged {}",
                claim->first, ran, claim->second.gpus, right, charged);
}

// What was never handed out may be taken back by anybody who may; else the site says so.
Status end(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    const Json& data = *entry.data;
    const std::string state = text_in(data, "state");
    EM_ASSIGN(const std::int64_t charged, amount_in(data, "charged"));
    const bool withdrawn = state == "cancelled" && number_in(data, "started_ms") == 0;
    if (state != "ended" && state != "cancelled")
        return fail(Code::bad_input, "claim '{}' ends as '{}'", claim->first, state);
    if (claim->second.step == ClaimStep::held) {
        EM_TRY(check_step(claim, entry, withdrawn));
    } else {
        EM_TRY(check_teller(claim->second, entry));
    }
    EM_TRY(check_charge(claim, data, charged));
    Job& job = world.jobs.at(claim->second.job);
    if (state == "ended" && number_in(data, "exit") == 0) job.good += 1;
    if (state == "ended" || number_in(data, "started_ms") > 0) job.ran += 1;
    return close(world, claim, charged);
}

Status lose(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    if (entry.by != claim->second.site && !is_administrator(world, entry.by))
        return fail(Code::bad_input, "claim '{}' is given up by '{}'", claim->first, entry.by);
    world.jobs.at(claim->second.job).lost += 1;
    return close(world, claim, 0);
}

constexpr std::array<Check, 9> checks = {{{"job.submitted", submit},
                                          {"job.cancel_asked", ask_cancel},
                                          {"claim.offered", offer},
                                          {"claim.accepted", accept},
                                          {"claim.started", start},
                                          {"claim.used", use},
                                          {"claim.refused", refuse},
                                          {"claim.ended", end},
                                          {"claim.lost", lose}}};

}  // namespace

std::span<const Check> job_checks() {
    return checks;
}

}  // namespace euromesh::verify

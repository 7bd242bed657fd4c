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
    for (const std::string& before : claim->second.after) {
        if (world.claims.contains(before))
            return fail(Code::bad_input,
                        "claim '{}' is offered, and '{}', which is in its place, is not over", claim->first,
                        before);
    }
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
    const bool has_failed = job.ran > 0 && (job.displaced == 0 || job.failed > 0);
    const bool over = job.good >= quorum || job.cancelling || job.lost > 0 || has_failed;
    job.good = job.ran = job.lost = job.failed = job.displaced = 0;
    if (over) world.jobs.erase(found);
}

// Gives back what was held, less what it costs.
Status close(World& world, const Entry& entry, const Found& at, std::int64_t charged) {
    const Claim claim = at->second;
    if (charged > claim.held)
        return fail(Code::bad_input, "claim '{}' costs {}, for which {} was held", at->first, charged,
                    claim.held);
    world.sites.at(claim.site).held -= claim.held;
    // What a round takes back itself was still there when the round began.
    if (entry.by == "coordinator" && entry.time_ms == world.round.time_ms) {
        world.round.held_at[claim.site] -= claim.held;
        if (claim.held > 0) world.round.held_from[claim.allocation] -= claim.held;
    }
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
    return close(world, entry, claim, 0);
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
    if (state == "ended") (number_in(data, "exit") == 0 ? job.good : job.failed) += 1;
    const bool gave_way = claim->second.displaced || (job.displaced > 0 && !job.cancelling);
    if (state == "cancelled" && charged > 0 && gave_way)
        world.due_back = DueBack{claim->first, claim->second.allocation, charged};
    if (state == "ended" || number_in(data, "started_ms") > 0) job.ran += 1;
    return close(world, entry, claim, charged);
}

Status lose(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    if (entry.by != claim->second.site && !is_administrator(world, entry.by))
        return fail(Code::bad_input, "claim '{}' is given up by '{}'", claim->first, entry.by);
    world.jobs.at(claim->second.job).lost += 1;
    return close(world, entry, claim, 0);
}

// Through the gate: a rule lets the more urgent job take this place.
Status displace(World& world, const Entry& entry) {
    EM_ASSIGN(const Found claim, claim_of(world, entry));
    const std::string by = text_in(*entry.data, "by");
    const auto urgent = world.jobs.find(by);
    if (claim->second.displaced || urgent == world.jobs.end() || by == claim->second.job)
        return fail(Code::bad_input, "claim '{}' gives way to '{}', which is not placed", claim->first,
                    by.substr(0, 64));
    const std::string rule = refusal_of_displacing(world, urgent->second, claim->second, entry.time_ms);
    if (!rule.empty())
        return fail(Code::bad_input, "claim '{}' gives way to '{}', which the rules refuse: {}", claim->first,
                    by, rule);
    claim->second.displaced = true;
    world.jobs.at(claim->second.job).displaced += 1;
    return {};
}

Status credit(World& world, const Entry& entry) {
    const std::string id = text_in(*entry.data, "allocation");
    EM_ASSIGN(const std::int64_t amount, amount_in(*entry.data, "amount"));
    const bool is_due = world.due_back && world.due_back->claim == text_in(*entry.data, "claim") &&
                        world.due_back->allocation == id && world.due_back->amount == amount;
    if (!is_due)
        return fail(Code::bad_input, "allocation '{}' is credited {} for claim '{}', to which nothing is due",
                    id, amount, text_in(*entry.data, "claim"));
    world.allocations.at(id).granted += amount;
    world.due_back.reset();
    return {};
}

constexpr std::array<Check, 11> checks = {{{"job.submitted", submit},
                                           {"claim.displaced", displace},
                                           {"allocation.credited", credit},
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

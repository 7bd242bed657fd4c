#include "bench/kills/checks.hpp"

#include <sstream>

namespace euromesh::kills {
namespace {

std::string expected_runs(const TracedClaim& claim, const Seen& seen) {
    const bool never = claim.state == "refused" || (claim.state != "lost" && claim.started_ms == 0);
    if (never && seen.starts != 0) return "started, and the ledger says that it never did";
    if (claim.state != "ended" || claim.exit > 3) return {};
    if (claim.started_ms > 0 && seen.starts != 1) return "did not start, and the ledger says that it did";
    if (claim.started_ms > 0 && seen.ends != 1)
        return "did not come to its end, and the ledger says that it did";
    return {};
}

std::map<std::string, const SubmittedJob*> by_id(const std::vector<SubmittedJob>& jobs) {
    std::map<std::string, const SubmittedJob*> made;
    for (const SubmittedJob& job : jobs) made.emplace(job.id, &job);
    return made;
}

}  // namespace

Result<SeenClaims> read_run_file(std::string_view text) {
    SeenClaims seen;
    std::istringstream lines{std::string(text)};
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string what, claim, site;
        int job = -1;
        words >> what >> job >> claim >> site;
        if (words.fail() || (what != "start" && what != "end"))
            return fail(Code::bad_input, "the jobs' own file has a line that no job writes: {}", line);
        Seen& one = seen[claim];
        if (one.job >= 0 && (one.job != job || one.site != site))
            return fail(Code::bad_input, "claim {} ran for two jobs, or at two sites", claim);
        one.job = job;
        one.site = site;
        (what == "start" ? one.starts : one.ends) += 1;
    }
    return seen;
}

Broken check_claims(const SeenClaims& seen, const Trace& trace, const std::vector<SubmittedJob>& jobs) {
    Broken broken;
    const auto known = by_id(jobs);
    for (const auto& [id, one] : seen) {
        if (one.starts > 1 || one.ends > one.starts)
            broken.push_back(
                fmt::format("claim {} started {} times and ended {} times", id, one.starts, one.ends));
        const auto claim = trace.claims().find(id);
        if (claim == trace.claims().end()) {
            broken.push_back(fmt::format("claim {} ran, and the ledger does not know it", id));
            continue;
        }
        const auto job = known.find(claim->second.job);
        if (job == known.end() || job->second->plan->number != one.job || claim->second.site != one.site)
            broken.push_back(fmt::format("claim {} ran for another job, or at another site", id));
    }
    for (const auto& [id, claim] : trace.claims()) {
        const auto found = seen.find(id);
        const std::string wrong = expected_runs(claim, found == seen.end() ? Seen{} : found->second);
        if (!wrong.empty()) broken.push_back(fmt::format("claim {} of {}: {}", id, claim.job, wrong));
        if ((claim.state == "lost" || claim.state == "refused") && claim.words.empty())
            broken.push_back(fmt::format("claim {} is {} without a word", id, claim.state));
    }
    return broken;
}

namespace {

// What is left of a job when its claims are over, by the rules of docs/coordinator.md.
std::string wrong_state(const TracedJob& job, const Trace& trace, const Json& shown) {
    const std::string state = shown.value("state", "");
    int ended = 0, failed = 0, lost = 0;
    for (const std::string& id : job.claims) {
        const TracedClaim& claim = trace.claims().at(id);
        const bool done = claim.state == "ended";
        ended += done && claim.exit == 0 && claim.started_ms > 0 ? 1 : 0;
        failed += done && (claim.exit != 0 || claim.started_ms == 0) ? 1 : 0;
        lost += claim.state == "lost" ? 1 : 0;
    }
    const auto quorum = shown["spec"]["resources"]["sites"].value("quorum", 1);
    if (state == "completed" && ended < quorum) return "is completed, and its claims are not";
    if (state == "lost" && lost == 0) return "is lost, and no claim is";
    if (state == "failed" && failed + lost == 0) return "has failed, and no claim has";
    if (state == "cancelled" && !job.is_cancel_asked) return "is cancelled, and nobody asked for it";
    if (state == "lost" && shown.value("words", "").empty()) return "is lost without a word";
    const bool over = state == "completed" || state == "failed" || state == "cancelled" || state == "lost";
    return over ? "" : "is still " + state;
}

}  // namespace

Broken check_jobs(const SeenClaims& seen, const Trace& trace, const std::vector<SubmittedJob>& jobs,
                  const std::map<std::string, Json>& shown) {
    Broken broken;
    std::map<std::string, int> keys;
    for (const auto& [id, job] : trace.jobs()) ++keys[job.key];
    for (const SubmittedJob& job : jobs) {
        const auto traced = trace.jobs().find(job.id);
        const auto told = shown.find(job.id);
        if (traced == trace.jobs().end() || told == shown.end()) {
            broken.push_back(fmt::format("submission {} was answered with {}, which there is not",
                                         job.plan->number, job.id));
            continue;
        }
        if (keys[job.plan->key] != 1 || traced->second.key != job.plan->key)
            broken.push_back(fmt::format("submission {} is {} jobs", job.plan->number, keys[job.plan->key]));
        const std::string wrong = wrong_state(traced->second, trace, told->second);
        if (!wrong.empty()) broken.push_back(fmt::format("job {} {}", job.id, wrong));
        if (told->second.value("state", "") != job.state)
            broken.push_back(
                fmt::format("job {} was {} and is {}", job.id, job.state, told->second.value("state", "")));
        int starts = 0;
        for (const std::string& claim : traced->second.claims)
            if (const auto one = seen.find(claim); one != seen.end()) starts += one->second.starts;
        const bool is_single = job.plan->sites == 1;
        if (is_single && starts > 1) broken.push_back(fmt::format("job {} started {} times", job.id, starts));
        if (is_single && starts == 0 && job.state == "completed")
            broken.push_back(fmt::format("job {} is completed and never started", job.id));
    }
    return broken;
}

Broken check_accounts(const Trace& trace, const Json& shown) {
    Broken broken;
    for (const Json& row : shown) {
        const auto found = trace.allocations().find(row.value("id", ""));
        if (found == trace.allocations().end()) {
            broken.push_back("an allocation that the ledger does not know: " + row.dump());
            continue;
        }
        const TracedAllocation& account = found->second;
        const bool same = row.value("granted", std::int64_t{-1}) == account.granted &&
                          row.value("used", std::int64_t{0}) == account.used &&
                          row.value("held", std::int64_t{0}) == account.held &&
                          row.value("left", std::int64_t{0}) == account.left;
        if (!same) broken.push_back("an allocation is not what the ledger says: " + row.dump());
    }
    return broken;
}

std::string summary_of(const Trace& trace, const std::map<std::string, Json>& shown) {
    std::map<std::string, int> states, claims;
    for (const auto& [id, job] : shown) ++states[job.value("state", "?")];
    for (const auto& [id, claim] : trace.claims()) ++claims[claim.state];
    std::string text = fmt::format("{} jobs:", shown.size());
    for (const auto& [state, count] : states) text += fmt::format(" {} {}", count, state);
    text += fmt::format("; {} claims:", trace.claims().size());
    for (const auto& [state, count] : claims) text += fmt::format(" {} {}", count, state);
    return text + fmt::format("; {} entries", trace.entries());
}

}  // namespace euromesh::kills

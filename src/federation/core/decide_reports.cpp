// What agents tell: every report may come doubled, late or out of order, and must then change nothing more.
#include <algorithm>
#include <set>

#include "base/id.hpp"
#include "federation/core/decide.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t least_usage_step_ms = 60'000;

// Half-open [started, ended), cut at what was held: a site enforces the limit, and nobody pays for its slack.
std::int64_t charge_of(const ClaimRecord& claim, const ClaimReport& report) {
    const std::int64_t ran = std::max<std::int64_t>(0, report.ended_ms - report.started_ms);
    return std::min(claim.held, milli_gpu_hours(claim.gpus, ran));
}

ClaimEnded ended(const ClaimRecord& claim, const ClaimReport& report, const std::string& state) {
    const std::int64_t started = report.started_ms > 0 ? report.started_ms : claim.started_ms;
    ClaimReport times = report;
    times.started_ms = started;
    times.ended_ms = std::max(started, report.ended_ms);
    return {claim.id,
            state,
            times.started_ms,
            started > 0 ? times.ended_ms : 0,
            report.exit,
            started > 0 ? charge_of(claim, times) : 0,
            report.words.substr(0, 1024),
            for_the_ledger(report.run)};
}

void on_cancelled(Draft& draft, const ClaimRecord& claim, const ClaimReport& report) {
    const bool never_ran = report.started_ms == 0 && claim.state != "running";
    if (never_ran && !claim.cancelling) {
        draft.add(ClaimRefused{claim.id, report.words.empty() ? "the site ended it before it started"
                                                              : report.words.substr(0, 1024)});
    } else {
        const ClaimEnded end = ended(claim, report, "cancelled");
        draft.add(end);
        if (end.charged > 0 && draft.tables.is_repaid(claim))
            draft.add(AllocationCredited{claim.allocation, claim.id, end.charged});
    }
}

void on_running(Draft& draft, const ClaimRecord& claim, const ClaimReport& report) {
    if (claim.state != "running") {
        draft.add(ClaimStarted{claim.id, std::max<std::int64_t>(1, report.started_ms)});
    } else if (report.used_ms >= claim.used_ms + std::max(least_usage_step_ms, claim.limit_ms / 20)) {
        draft.add(ClaimUsed{claim.id, report.used_ms});
    }
}

void on_report(Draft& draft, const ClaimRecord& claim, const ClaimReport& report) {
    if (report.state == "accepted") {
        if (claim.state == "offered") draft.add(ClaimAccepted{claim.id});
    } else if (report.state == "running") {
        on_running(draft, claim, report);
    } else if (report.state == "ended") {
        draft.add(ended(claim, report, "ended"));
    } else if (report.state == "cancelled") {
        on_cancelled(draft, claim, report);
    } else if (report.state == "lost") {
        draft.add(
            ClaimLost{claim.id, report.words.empty() ? "lost at the site" : report.words.substr(0, 1024)});
    } else if (claim.state != "running") {
        draft.add(ClaimRefused{claim.id, report.words.substr(0, 1024)});
    }
}

// Those whose place it takes must have gone.
bool may_be_offered(const Draft& draft, const ClaimRecord& claim) {
    return std::all_of(claim.after.begin(), claim.after.end(), [&](const std::string& id) {
        const ClaimRecord* before = draft.tables.claim(id);
        return before == nullptr || before->over();
    });
}

void lose_offered(Draft& draft, const std::string& site) {
    for (const std::string& id : draft.tables.open_claims(site))
        if (draft.tables.claim(id)->state != "held")
            draft.add(ClaimLost{id, "the site's agent lost its journal"});
}

Result<const SiteRecord*> reporting_site(const Draft& draft, const SiteReport& ask) {
    const SiteRecord* site = draft.tables.site(draft.actor.site);
    if (site == nullptr) return fail(Code::refused, "only the agent of an admitted site reports");
    if (!is_valid_id(ask.journal))
        return fail(Code::bad_input, "report: /journal must be 1 to 64 of a-z, 0-9, '.', '_', '-'");
    const auto& old = site->old_journals;
    if (std::find(old.begin(), old.end(), ask.journal) != old.end())
        return fail(Code::conflict,
                    "report: journal '{}' was replaced by a newer one: only one agent may run", ask.journal);
    return site;
}

}  // namespace

Answer decide_on(Draft& draft, const SiteReport& ask) {
    EM_ASSIGN(const SiteRecord* site, reporting_site(draft, ask));
    if (site->journal != ask.journal) {
        draft.add(SiteJournalOpened{site->id, ask.journal});
        if (!site->journal.empty()) lose_offered(draft, site->id);
        return Json{{"again", true}};
    }
    std::set<std::string> told;
    for (const ClaimReport& report : ask.claims) {
        const ClaimRecord* claim = draft.tables.claim(report.claim);
        const bool ours = claim != nullptr && claim->site == site->id && claim->state != "held";
        if (!ours || !told.insert(report.claim).second || claim->over()) continue;
        on_report(draft, *claim, report);
    }
    for (const std::string& id : draft.tables.open_claims(site->id)) {
        const ClaimRecord* claim = draft.tables.claim(id);
        if (claim->state == "held" && claim->cancelling) {
            withdraw(draft, *claim, "");
        } else if (claim->state == "held") {
            if (may_be_offered(draft, *claim)) draft.add(ClaimOffered{id});
        } else if (told.count(id) == 0 && claim->offered_seq < ask.orders_seen) {
            draft.add(ClaimLost{id, "the site's agent does not know it any more"});
        }
    }
    return Json{{"again", false}};
}

}  // namespace euromesh::federation

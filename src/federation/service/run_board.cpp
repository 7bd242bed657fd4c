#include "federation/service/run_board.hpp"

namespace euromesh::federation {
namespace {

bool is_run(const JobRecord* job) {
    return job != nullptr && job->spec->template_name == contract::train_template;
}

template <class Each>
void each_claim(const Tables& tables, const JobRecord& job, Each each) {
    for (std::size_t i = static_cast<std::size_t>(job.attempt_from); i < job.claims.size(); ++i)
        if (const ClaimRecord* claim = tables.claim(job.claims[i])) each(*claim);
}

// When the site took no new work while the claim was open, as the ledger has it: a list like that of
// RunProgress::happenings, of the kinds site-draining and site-left.
Json states_of(const Tables& tables, const ClaimRecord& claim) {
    Json list = Json::array();
    const SiteRecord* site = tables.site(claim.site);
    if (site == nullptr) return list;
    for (std::size_t i = 0; i < site->changes.size(); ++i) {
        const SiteStateChange& change = site->changes[i];
        const std::int64_t until = i + 1 < site->changes.size() ? site->changes[i + 1].time_ms : 0;
        const bool touches = (until == 0 || until >= claim.decided_ms) &&
                             (!claim.over() || claim.ended_ms == 0 || change.time_ms <= claim.ended_ms);
        if (change.state == "active" || !touches) continue;
        list.push_back(Json{{"kind", "site-" + change.state},
                            {"from_ms", change.time_ms},
                            {"until_ms", until},
                            {"words", change.words}});
    }
    return list;
}

}  // namespace

void RunBoard::note(const std::string& site, const SiteReport& report) {
    std::map<std::string, RunProgress> told;
    for (const ClaimReport& claim : report.claims)
        if (!(claim.run == RunProgress{})) told.emplace(claim.claim, claim.run);
    const std::lock_guard lock(mutex_);
    if (told.empty())
        by_site_.erase(site);
    else
        by_site_[site] = std::move(told);
}

std::optional<RunProgress> RunBoard::of(const std::string& site, const std::string& claim) const {
    const std::lock_guard lock(mutex_);
    const auto here = by_site_.find(site);
    if (here == by_site_.end()) return std::nullopt;
    const auto found = here->second.find(claim);
    if (found == here->second.end()) return std::nullopt;
    return found->second;
}

Json RunBoard::peers_of(const Tables& tables, const std::string& site) const {
    Json all = Json::object();
    for (const std::string& id : tables.open_claims(site)) {
        const JobRecord* job = tables.job(tables.claim(id)->job);
        if (!is_run(job)) continue;
        Json addresses = Json::object();
        each_claim(tables, *job, [&](const ClaimRecord& claim) {
            if (claim.site == site || claim.over()) return;
            const auto progress = of(claim.site, claim.id);
            if (progress && !progress->address.empty()) addresses[claim.site] = progress->address;
        });
        if (!addresses.empty()) all[id] = std::move(addresses);
    }
    return all;
}

Json RunBoard::document(const Tables& tables, const JobRecord& job) const {
    Json sites = Json::array();
    each_claim(tables, job, [&](const ClaimRecord& claim) {
        RunProgress progress = claim.run;
        if (!claim.over()) progress = of(claim.site, claim.id).value_or(RunProgress{});
        sites.push_back(Json{{"site", claim.site},
                             {"claim", claim.id},
                             {"partition", claim.partition},
                             {"state", claim.state},
                             {"words", claim.words},
                             {"gpus", claim.gpus},
                             {"limit_ms", claim.limit_ms},
                             {"decided_ms", claim.decided_ms},
                             {"started_ms", claim.started_ms},
                             {"ended_ms", claim.ended_ms},
                             {"exit", claim.exit},
                             {"held", claim.held},
                             {"charged", claim.charged},
                             {"happenings", states_of(tables, claim)},
                             {"run", parse_json(record_text(for_the_ledger(progress))).value()}});
    });
    Json refusals = Json::array();
    for (const Refusal& refusal : job.refusals)
        refusals.push_back({{"site", refusal.site}, {"words", refusal.words}});
    return Json{{"job", job.id},
                {"state", job.state},
                {"words", job.words},
                {"name", job.spec->name},
                {"digest", job.digest},
                {"submitted_ms", job.submitted_ms},
                {"ended_ms", job.ended_ms},
                {"sites", std::move(sites)},
                {"refusals", std::move(refusals)}};
}

}  // namespace euromesh::federation

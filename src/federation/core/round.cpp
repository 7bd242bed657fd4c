#include "federation/core/round.hpp"

#include <algorithm>

#include "federation/core/decide.hpp"
#include "federation/core/turns.hpp"

namespace euromesh::federation {
namespace {

// Free now, and more as open claims reach their limits.
std::vector<CapacityStep> steps(std::int64_t total,
                                const std::vector<std::pair<std::int64_t, std::int64_t>>& taken,
                                std::int64_t now_ms) {
    std::int64_t open = 0;
    std::map<std::int64_t, std::int64_t> ends;
    for (const auto& [end_ms, amount] : taken) open += amount, ends[end_ms] += amount;
    std::vector<CapacityStep> all{{now_ms, std::max<std::int64_t>(0, total - open)}};
    for (const auto& [end_ms, amount] : ends) {
        if (all.size() >= 64) break;
        open -= amount;
        all.push_back({std::min(end_ms, placement_most_ms), std::max<std::int64_t>(0, total - open)});
    }
    return all;
}

void append(std::string& key, const std::string& part) {
    key += part;
    key += '\n';
}

bool refused_by(const JobRecord& job, const std::string& site) {
    return std::any_of(job.refusals.begin(), job.refusals.end(),
                       [&](const Refusal& r) { return r.site == site; });
}

}  // namespace

std::string cpu_partition(const std::string& partition) {
    return partition + ":" + std::string(cpu_kind);
}

std::int64_t expected_end_ms(const ClaimRecord& claim, std::int64_t now_ms) {
    const std::int64_t start = claim.started_ms > 0 ? claim.started_ms : std::max(claim.decided_ms, now_ms);
    return std::max(now_ms + 1, start + claim.limit_ms);
}

RoundBuilder::RoundBuilder(const Tables& tables, const LawBook& law, std::int64_t now_ms)
    : tables_(tables), law_(law), now_ms_(now_ms) {
    round_.now_ms = now_ms;
    round_.use = use_of_sites(tables, now_ms);
    for (const auto& [id, site] : tables.sites())
        if (site.described && site.state == "active") add_site(site);
}

void RoundBuilder::add_site(const SiteRecord& site) {
    std::vector<const ClaimRecord*> open;
    for (const std::string& id : tables_.open_claims(site.id)) open.push_back(tables_.claim(id));
    std::int64_t hold = 0;
    for (const ClaimRecord* claim : open) hold += claim->held;
    open_hold_[site.id] = hold;
    PlacementSite to;
    to.id = site.id;
    to.country = site.country;
    to.shares = shares_of(site);
    for (const contract::SitePartition& partition : site.document.partitions)
        add_partition(to, site, partition, open);
    round_.sites.push_back(std::move(to));
    site_records_.emplace(site.id, law_.site(tables_, site));
}

void RoundBuilder::add_partition(PlacementSite& to, const SiteRecord& site,
                                 const contract::SitePartition& from,
                                 const std::vector<const ClaimRecord*>& open) {
    std::vector<std::pair<std::int64_t, std::int64_t>> gpus, slots;
    for (const ClaimRecord* claim : open) {
        if (claim->partition != from.id) continue;
        slots.emplace_back(expected_end_ms(*claim, now_ms_), 1);
        if (claim->gpus > 0) gpus.emplace_back(expected_end_ms(*claim, now_ms_), claim->gpus);
    }
    PlacementPartition partition;
    partition.containers = from.runtimes;
    partition.longest_ms = from.max_duration_ms;
    for (const contract::MaintenanceWindow& window : from.maintenance)
        if (window.end_ms > now_ms_ && window.end_ms < placement_most_ms)
            partition.maintenance.push_back({window.begin_ms, window.end_ms});
    partition.queue = {from.wait_median_ms, from.wait_p90_ms};
    partition.watts_per_gpu = from.watts_per_gpu;
    partition.carbon_g_per_kwh = site.document.grid_grams_per_kwh;
    partition.memory_per_gpu_mib = from.gpu_memory_mib;
    if (from.gpus > 0) {
        partition.id = from.id;
        partition.accelerator = from.accelerator;
        partition.gpus_total = std::min(from.gpus, placement_most_gpus);
        partition.gpus_per_node = std::max<std::int64_t>(1, from.gpus_per_node);
        partition.capacity = steps(partition.gpus_total, gpus, now_ms_);
        const auto claims = static_cast<std::int64_t>(slots.size());
        if (claims >= from.most_claims) partition.capacity = {{now_ms_, 0}};
        to.partitions.push_back(partition);
        kinds_.insert(from.accelerator);
    }
    partition.id = cpu_partition(from.id);
    partition.accelerator = cpu_kind;
    partition.gpus_total = from.most_claims;
    partition.gpus_per_node = 1;
    partition.watts_per_gpu = 0;
    partition.memory_per_gpu_mib = 0;
    partition.capacity = steps(from.most_claims, slots, now_ms_);
    to.partitions.push_back(std::move(partition));
}

const AllocationRecord* RoundBuilder::payer(const std::string& job) const {
    const auto found = payers_.find(job);
    return found == payers_.end() ? nullptr : found->second;
}

// The allocation that ends first and has enough left; else the one that ends first, whose emptiness is then
// told.
RoundBuilder::Terms RoundBuilder::terms_of(const JobRecord& job) const {
    const auto live = live_allocations(tables_, job.project, now_ms_);
    Terms terms;
    const std::int64_t needed =
        milli_gpu_hours(job.spec->gpus_per_site(), job.spec->duration_ms) * job.spec->quorum;
    for (const AllocationRecord* a : live)
        if (terms.payer == nullptr || (terms.payer->left < needed && a->left >= needed)) terms.payer = a;
    if (terms.payer != nullptr) terms.tier = terms.payer->tier;
    return terms;
}

std::string RoundBuilder::law_class_of(const JobRecord& job, const Terms& terms) {
    const contract::JobSpec& spec = *job.spec;
    std::string key;
    key.reserve(256);
    append(key, job.account);
    for (const std::string& group : job.groups) append(key, group);
    append(key, job.project);
    append(key, terms.payer == nullptr ? "" : terms.payer->id);
    append(key, spec.job_class);
    append(key, spec.kind);
    append(key, fmt::format("{} {} {} {} {}", spec.gpus_per_site(), spec.duration_ms, spec.sites,
                            spec.exports_weights, spec.export_class));
    for (const std::string& data : spec.data) {
        const auto only = spec.data_sites.find(data);
        append(key, "d" + data + (only == spec.data_sites.end() ? "" : "@" + only->second));
    }
    for (const Refusal& refusal : job.refusals) append(key, "r" + refusal.site);
    return key;
}

LawAnswer RoundBuilder::ask_rules(const JobRecord& job, const Terms& terms, const SiteRecord& site,
                                  const SiteRecord* peer, RuleAction action) {
    asked_ += 1;
    const ProjectRecord& project = *tables_.project(job.project);
    const std::string share = terms.payer == nullptr ? site.hosting : terms.payer->share;
    const std::int64_t granted = terms.payer == nullptr ? 0 : terms.payer->granted;
    const Actor actor{job.account, "", job.groups, {}, ""};
    const RuleRecord person = law_.person(tables_, actor, &project);
    const RuleRecord record = law_.project(tables_, project, terms.tier, share, granted);
    const RuleRecord workload = law_.workload(*job.spec, terms.tier, project.export_authorised);
    const RuleRecord context = law_.context(tables_, now_ms_, share);
    std::vector<RuleRecord> data;
    for (const std::string& id : job.spec->data) {
        const auto found = tables_.data().find(id);
        if (found == tables_.data().end()) continue;
        if (action != RuleAction::move && !job.spec->reads_at(id, site.id)) continue;
        // A move concerns only what does not lie there already.
        if (action == RuleAction::move && (found->second.site.empty() || found->second.site != site.id))
            continue;
        data.push_back(law_.data(found->second));
    }
    RuleSubjects subjects;
    subjects.person = &person;
    subjects.project = &record;
    subjects.site = &site_records_.at(site.id);
    if (peer != nullptr) subjects.peer = &site_records_.at(peer->id);
    subjects.workload = &workload;
    subjects.context = &context;
    for (const RuleRecord& one : data) subjects.data.push_back(&one);
    std::vector<std::string> sites{site.id};
    if (peer != nullptr) sites.push_back(peer->id);
    return law_.ask(action, subjects, sites);
}

SiteVerdict RoundBuilder::ask_site(const JobRecord& job, const Terms& terms, const SiteRecord& site) {
    if (refused_by(job, site.id)) return {site.id, false, Filter::eligibility, "refused-by-the-site"};
    const std::int64_t quota = site.document.quota_mgh;
    if (quota > 0 &&
        open_hold_[site.id] + milli_gpu_hours(job.spec->gpus_per_site(), job.spec->duration_ms) > quota)
        return {site.id, false, Filter::eligibility, "quota-of-the-site"};
    const LawAnswer place = ask_rules(job, terms, site, nullptr, RuleAction::place);
    if (!place.allowed)
        return {site.id, false, Filter::law,
                place.rule.empty() ? "no-permit (" + place.origin + ")" : place.rule};
    for (const std::string& id : job.spec->data) {
        const auto found = tables_.data().find(id);
        if (found == tables_.data().end() || found->second.site.empty() || found->second.site == site.id)
            continue;
        if (!job.spec->reads_at(id, site.id)) continue;
        const auto from = tables_.sites().find(found->second.site);
        if (from == tables_.sites().end() || site_records_.count(from->first) == 0)
            return {site.id, false, Filter::residency, "data-out-of-reach"};
        const LawAnswer move = ask_rules(job, terms, from->second, &site, RuleAction::move);
        if (!move.allowed)
            return {site.id, false, Filter::residency, move.rule.empty() ? "no-permit-to-move" : move.rule};
    }
    return {site.id, true, Filter::law, place.rule};
}

LawClass RoundBuilder::ask_law(const JobRecord& job, const Terms& terms, const std::string& name) {
    LawClass law{name, {}};
    for (const PlacementSite& site : round_.sites)
        law.verdicts.push_back(ask_site(job, terms, *tables_.site(site.id)));
    return law;
}

std::vector<ForbiddenPair> RoundBuilder::ask_exchanges(const JobRecord& job, const Terms& terms) {
    std::vector<ForbiddenPair> pairs;
    for (const PlacementSite& a : round_.sites) {
        for (const PlacementSite& b : round_.sites) {
            if (a.id == b.id) continue;
            const LawAnswer answer =
                ask_rules(job, terms, *tables_.site(a.id), tables_.site(b.id), RuleAction::exchange);
            if (!answer.allowed && pairs.size() < 4096)
                pairs.push_back({a.id, b.id,
                                 answer.rule.empty() ? "no-permit (" + answer.origin + ")"
                                                     : answer.rule + " (" + answer.origin + ")"});
        }
    }
    return pairs;
}

MultiSite RoundBuilder::multi_of(const JobRecord& job, const Terms& terms, const std::string& law_class) {
    MultiSite multi;
    if (job.spec->sites <= 1) return multi;
    multi.sites = static_cast<int>(std::min<std::int64_t>(job.spec->sites, placement_most_sites));
    multi.quorum = static_cast<int>(std::min<std::int64_t>(job.spec->quorum, multi.sites));
    auto known = forbidden_.find(law_class);
    if (known == forbidden_.end()) known = forbidden_.emplace(law_class, ask_exchanges(job, terms)).first;
    forbidden_of_[job.id] = &known->second;
    for (const ForbiddenPair& pair : known->second) multi.forbidden_pairs.emplace_back(pair.from, pair.to);
    return multi;
}

const std::vector<ForbiddenPair>& RoundBuilder::forbidden_pairs(const std::string& job) const {
    static const std::vector<ForbiddenPair> none;
    const auto found = forbidden_of_.find(job);
    return found == forbidden_of_.end() ? none : *found->second;
}

Workload RoundBuilder::workload_of(const JobRecord& job, const Terms& terms) {
    const contract::JobSpec& spec = *job.spec;
    const bool cpu_only = spec.gpus_per_site() == 0;
    Workload workload;
    workload.id = job.id;
    workload.project = job.project;
    workload.owner = terms.payer == nullptr ? "" : terms.payer->owner;
    workload.turn_of = job.project;
    workload.goes_first = job.displaced > 0;
    workload.budget = cpu_only || terms.payer == nullptr ? "" : terms.payer->id;
    workload.work_class = work_class_from(spec.job_class).value_or(WorkClass::production);
    workload.gpus = cpu_only ? 1 : std::min(spec.gpus_per_site(), placement_most_gpus);
    workload.memory_per_gpu_mib = cpu_only ? 0 : spec.memory_mib;
    workload.duration_ms = spec.duration_ms;
    workload.submitted_ms = job.submitted_ms;
    if (cpu_only) {
        workload.rates = {{std::string(cpu_kind), 1000}};
    } else if (spec.accelerators.empty()) {
        for (const std::string& kind : kinds_) workload.rates.push_back({kind, 1000});
    } else {
        for (const auto& [kind, rate] : spec.accelerators) workload.rates.push_back({kind, rate});
    }
    if (!spec.runtimes.empty()) workload.container = spec.runtimes.front();
    for (const std::string& id : spec.data) {
        const auto found = tables_.data().find(id);
        if (found == tables_.data().end() || spec.data_sites.contains(id)) continue;
        workload.data.push_back({id, found->second.site, found->second.bytes});
    }
    workload.preferred_sites = spec.preferred_sites;
    if (!spec.preferred_countries.empty()) {
        const auto& countries = spec.preferred_countries;
        std::vector<std::string> narrowed;
        for (const PlacementSite& site : round_.sites) {
            const auto& named = spec.preferred_sites;
            const bool wanted =
                named.empty() || std::find(named.begin(), named.end(), site.id) != named.end();
            if (wanted && std::find(countries.begin(), countries.end(), site.country) != countries.end())
                narrowed.push_back(site.id);
        }
        workload.preferred_sites = narrowed.empty() ? std::vector<std::string>{"-"} : narrowed;
    }
    return workload;
}

void RoundBuilder::add(const JobRecord& job) {
    const Terms terms = terms_of(job);
    payers_[job.id] = terms.payer;
    Workload workload = workload_of(job, terms);
    workload.law_class = law_class_of(job, terms);
    workload.multi = multi_of(job, terms, workload.law_class);
    if (law_classes_.insert(workload.law_class).second)
        round_.law.push_back(ask_law(job, terms, workload.law_class));
    if (!workload.budget.empty() && budgets_.insert(workload.budget).second)
        round_.budgets.push_back({workload.budget, terms.payer->left});
    if (projects_.insert(job.project).second)
        round_.owners.push_back(standing_of(tables_, job.project, now_ms_));
    round_.workloads.push_back(std::move(workload));
}

LawAnswer RoundBuilder::may_displace(const JobRecord& urgent, const JobRecord& job,
                                     const ClaimRecord& claim) const {
    const ProjectRecord& project = *tables_.project(job.project);
    const AllocationRecord* paid = tables_.allocation(claim.allocation);
    const AllocationRecord* pays = payer(urgent.id);
    const SiteRecord& site = *tables_.site(claim.site);
    const std::string share = paid == nullptr ? site.hosting : paid->share;
    const std::string tier = paid == nullptr ? "" : paid->tier;
    const RuleRecord record =
        law_.project(tables_, project, tier, share, paid == nullptr ? 0 : paid->granted);
    const RuleRecord workload = law_.workload(*job.spec, tier, project.export_authorised);
    const RuleRecord incoming = law_.workload(*urgent.spec, pays == nullptr ? "" : pays->tier,
                                              tables_.project(urgent.project)->export_authorised);
    const RuleRecord context = law_.context(tables_, now_ms_, pays == nullptr ? site.hosting : pays->share);
    RuleSubjects subjects;
    subjects.project = &record;
    subjects.site = &site_records_.at(site.id);
    subjects.workload = &workload;
    subjects.incoming = &incoming;
    subjects.context = &context;
    return law_.ask(RuleAction::preempt, subjects, {site.id});
}

}  // namespace euromesh::federation

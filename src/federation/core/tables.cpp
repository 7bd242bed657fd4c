#include "federation/core/tables.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

template <class Map>
auto* find_in(Map& map, const typename Map::key_type& id) {
    const auto found = map.find(id);
    return found == map.end() ? nullptr : &found->second;
}

tl::unexpected<Error> unfit(std::string_view what, const std::string& id) {
    return fail(Code::corrupted, "{} '{}': the log is not this federation's, or an entry is missing", what,
                id.substr(0, 80));
}

void check_sum(const AllocationRecord& a) {
    EM_ASSERT(a.used >= 0 && a.held >= 0 && a.left >= 0 && a.granted >= 0, "no amount is below zero");
    EM_ASSERT(a.used + a.held + a.left == a.granted, "used + held + left = granted");
}

std::string key_of(const std::string& account, const std::string& key) {
    return account + '\n' + key;
}

bool goes_to_placement(const EventData& data) {
    return !(std::holds_alternative<ClaimUsed>(data) || std::holds_alternative<ClaimOffered>(data) ||
             std::holds_alternative<ClaimAccepted>(data) || std::holds_alternative<ClaimStarted>(data) ||
             std::holds_alternative<AccountSeen>(data) || std::holds_alternative<RecordsPruned>(data) ||
             std::holds_alternative<ApplicationMade>(data) || std::holds_alternative<JobDecided>(data));
}

}  // namespace

std::string Tables::mode_at(std::int64_t now_ms) const {
    return federation_.mode == "emergency" && now_ms < federation_.mode_until_ms ? "emergency" : "normal";
}

const SiteRecord* Tables::site(const std::string& id) const {
    return find_in(sites_, id);
}
const ProjectRecord* Tables::project(const std::string& id) const {
    return find_in(projects_, id);
}
const AllocationRecord* Tables::allocation(const std::string& id) const {
    return find_in(allocations_, id);
}
const JobRecord* Tables::job(const std::string& id) const {
    return jobs_.find(id);
}
const ClaimRecord* Tables::claim(const std::string& id) const {
    return claims_.find(id);
}
const KeyRecord* Tables::key(const std::string& account, const std::string& key) const {
    return keys_.find(key_of(account, key));
}

const std::set<std::string>& Tables::open_claims(const std::string& site) const {
    static const std::set<std::string> none;
    const auto* claims = find_in(open_claims_, site);
    return claims == nullptr ? none : *claims;
}

const std::set<std::int64_t>& Tables::jobs_of(const std::string& project) const {
    static const std::set<std::int64_t> none;
    const auto* jobs = find_in(jobs_by_project_, project);
    return jobs == nullptr ? none : *jobs;
}

const std::set<std::string>& Tables::allocations_of(const std::string& project) const {
    static const std::set<std::string> none;
    const auto* allocations = find_in(allocations_by_project_, project);
    return allocations == nullptr ? none : *allocations;
}

Status Tables::apply(const Event& event) {
    if (event.seq != next_seq_)
        return fail(Code::corrupted, "event {} comes where event {} must: restore from another copy",
                    event.seq, next_seq_);
    if (event.time_ms < time_ms_) return fail(Code::corrupted, "event {}: its time goes back", event.seq);
    const bool first = std::holds_alternative<FederationFounded>(event.data);
    if (first != (event.seq == 0)) return unfit("first event", std::string(type_of(event.data)));
    const Status status = std::visit([&](const auto& data) { return on(event, data); }, event.data);
    if (!status)
        return fail(status.error().within(fmt::format("event {} ({})", event.seq, type_of(event.data))));
    next_seq_ += 1;
    time_ms_ = event.time_ms;
    if (goes_to_placement(event.data)) placement_epoch_ += 1;
    return {};
}

Status Tables::on(const Event&, const FederationFounded& data) {
    federation_ = data.federation;
    take_half_life();
    return {};
}

void Tables::take_half_life() {
    use_of_owners_ = FairShareTable(federation_.use_half_life_ms);
    use_of_projects_ = FairShareTable(federation_.use_half_life_ms);
}

Status Tables::on(const Event&, const RulesChanged& data) {
    if (data.before != federation_.rules_digest) return unfit("rules that are replaced", data.before);
    federation_.rules = data.rules;
    federation_.rules_digest = data.digest;
    federation_.rules_version += 1;
    return {};
}

Status Tables::on(const Event&, const ModeSet& data) {
    federation_.mode = data.mode;
    federation_.mode_until_ms = data.until_ms;
    return {};
}

const std::string* Tables::key_in_force(std::string_view role, const std::string& name) const {
    const auto known = [](const std::string* key) { return key == nullptr || key->empty() ? nullptr : key; };
    if (role == "coordinator") return name == federation_.name ? &federation_.coordinator_key : nullptr;
    if (role == "board") return known(find_in(federation_.governance.keys, name));
    const SiteRecord* record = role == "site" ? site(name) : nullptr;
    return record == nullptr ? nullptr : known(&record->public_key);
}

Status Tables::change_key(const KeyChangeRecord& change) {
    const std::string* key = key_in_force(change.role, change.name);
    if (key == nullptr || *key != change.key) return unfit("key in force", change.key);
    if (change.role == "coordinator") federation_.coordinator_key = change.successor;
    if (change.role == "site") sites_.at(change.name).public_key = change.successor;
    if (change.role == "board") {
        federation_.governance.keys[change.name] = change.successor;
        if (change.successor.empty()) federation_.governance.keys.erase(change.name);
    }
    federation_.key_changes.push_back(change);
    return {};
}

Status Tables::on(const Event&, const KeyRotated& data) {
    return change_key(data.change);
}

Status Tables::on(const Event&, const KeyRevoked& data) {
    if (!data.change.successor.empty()) return unfit("revoked key", data.change.key);
    return change_key(data.change);
}

Status Tables::on(const Event&, const SiteAdmitted& data) {
    if (!sites_.emplace(data.site.id, data.site).second) return unfit("second site", data.site.id);
    return {};
}

Status Tables::on(const Event&, const SiteDescribed& data) {
    SiteRecord* site = find_in(sites_, data.site);
    if (site == nullptr) return unfit("site", data.site);
    site->document = data.document;
    site->rules_digest = data.rules_digest;
    site->described = true;
    return {};
}

Status Tables::on(const Event& event, const SiteStateSet& data) {
    SiteRecord* site = find_in(sites_, data.site);
    if (site == nullptr) return unfit("site", data.site);
    site->state = data.state;
    site->changes.push_back({event.time_ms, data.state, data.words});
    if (site->changes.size() > site_changes_most) site->changes.erase(site->changes.begin());
    return {};
}

Status Tables::on(const Event&, const SiteJournalOpened& data) {
    SiteRecord* site = find_in(sites_, data.site);
    if (site == nullptr) return unfit("site", data.site);
    if (!site->journal.empty()) site->old_journals.push_back(site->journal);
    if (site->old_journals.size() > 1000) site->old_journals.erase(site->old_journals.begin());
    site->journal = data.journal;
    return {};
}

Status Tables::on(const Event& event, const AccountSeen& data) {
    accounts_[data.account] = {data.account, data.name, data.groups, event.time_ms};
    return {};
}

Status Tables::on(const Event&, const ProjectSet& data) {
    projects_[data.project.id] = data.project;
    return {};
}

Status Tables::on(const Event&, const DataRegistered& data) {
    data_[data.data.id] = data.data;
    return {};
}

Status Tables::on(const Event&, const ApplicationMade& data) {
    if (!applications_.emplace(data.application.id, data.application).second)
        return unfit("second application", data.application.id);
    return {};
}

Status Tables::on(const Event& event, const ApplicationReviewed& data) {
    ApplicationRecord* application = find_in(applications_, data.application);
    if (application == nullptr || application->state != "in-review")
        return unfit("application in review", data.application);
    application->state = data.state;
    application->words = data.words;
    application->decided_ms = event.time_ms;
    return {};
}

Status Tables::on(const Event&, const AllocationGranted& data) {
    const AllocationRecord& a = data.allocation;
    if (a.granted < 0 || a.left != a.granted || a.used != 0 || a.held != 0) return unfit("allocation", a.id);
    if (!allocations_.emplace(a.id, a).second) return unfit("second allocation", a.id);
    allocations_by_project_[a.project].insert(a.id);
    if (ApplicationRecord* application = find_in(applications_, data.application))
        application->allocation = a.id;
    return {};
}

Status Tables::on(const Event&, const AllocationClawedBack& data) {
    AllocationRecord* a = find_in(allocations_, data.allocation);
    if (a == nullptr || data.amount < 0 || data.amount > a->left ||
        data.checkpoint != a->checkpoints_done + 1)
        return unfit("claw-back of allocation", data.allocation);
    a->granted -= data.amount;
    a->left -= data.amount;
    a->clawed_back += data.amount;
    a->checkpoints_done = data.checkpoint;
    check_sum(*a);
    return {};
}

Status Tables::on(const Event&, const AllocationCredited& data) {
    AllocationRecord* a = find_in(allocations_, data.allocation);
    ClaimRecord* claim = claims_.edit(data.claim);
    if (claim == nullptr || a == nullptr || claim->allocation != data.allocation || data.amount <= 0 ||
        claim->due_back != data.amount)
        return unfit("claim that is to be repaid", data.claim);
    claim->due_back = 0;
    claim->credited = data.amount;
    a->granted += data.amount;
    a->left += data.amount;
    a->credited += data.amount;
    check_sum(*a);
    return {};
}

Status Tables::on(const Event& event, const RecordsPruned& data) {
    while (!over_by_time_.empty() && over_by_time_.begin()->first < data.jobs_before_ms) {
        const std::string id = over_by_time_.begin()->second;
        over_by_time_.erase(over_by_time_.begin());
        prune_job(id);
    }
    while (!keys_by_time_.empty() && keys_by_time_.begin()->first < data.keys_before_ms) {
        keys_.erase(keys_by_time_.begin()->second);
        keys_by_time_.erase(keys_by_time_.begin());
    }
    use_of_owners_.forget_faded(event.time_ms);
    use_of_projects_.forget_faded(event.time_ms);
    return {};
}

std::int64_t Tables::jobs_end_before(std::int64_t keep) const {
    const auto over = static_cast<std::int64_t>(over_by_time_.size());
    return over <= keep ? 0 : std::next(over_by_time_.begin(), over - keep)->first;
}

bool Tables::has_older(std::int64_t jobs_before_ms, std::int64_t keys_before_ms) const {
    return (!over_by_time_.empty() && over_by_time_.begin()->first < jobs_before_ms) ||
           (!keys_by_time_.empty() && keys_by_time_.begin()->first < keys_before_ms);
}

void Tables::prune_job(const std::string& id) {
    const JobRecord& job = jobs_.at(id);
    EM_ASSERT(job.over(), "only what is over leaves the tables");
    for (const std::string& claim : job.claims) claims_.erase(claim);
    jobs_by_project_[job.project].erase(job.number);
    jobs_.erase(id);
}

}  // namespace euromesh::federation

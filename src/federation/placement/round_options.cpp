#include "federation/placement/round_options.hpp"

#include <algorithm>
#include <tuple>

#include "base/assert.hpp"
#include "federation/placement/site_sets.hpp"

namespace euromesh::federation {
namespace {

void add(std::string& key, std::int64_t number) {
    key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void add(std::string& key, const std::string& text) {
    add(key, static_cast<std::int64_t>(text.size()));
    key += text;
}

// Everything that its options depend on.
void write_key(const Workload& workload, std::string& key) {
    key.clear();
    for (const std::string* text :
         {&workload.law_class, &workload.owner, &workload.budget, &workload.container}) {
        add(key, *text);
    }
    for (const std::int64_t number :
         {workload.gpus, workload.memory_per_gpu_mib, workload.duration_ms, workload.deadline_ms.value_or(-1),
          std::int64_t{workload.multi.sites}, std::int64_t{workload.multi.quorum},
          static_cast<std::int64_t>(workload.rates.size()), static_cast<std::int64_t>(workload.data.size()),
          static_cast<std::int64_t>(workload.preferred_sites.size())}) {
        add(key, number);
    }
    for (const AcceleratorRate& rate : workload.rates) {
        add(key, rate.accelerator);
        add(key, rate.permille);
    }
    for (const DataSet& set : workload.data) {
        add(key, set.site);
        add(key, set.bytes);
    }
    for (const std::string& site : workload.preferred_sites) add(key, site);
    for (const auto& [one, other] : workload.multi.forbidden_pairs) {
        add(key, one);
        add(key, other);
    }
}

bool owns_part_of(const PlacementSite& site, const std::string& owner) {
    return std::any_of(site.shares.begin(), site.shares.end(), [&owner](const OwnedShare& share) {
        return share.owner == owner && share.permille > 0;
    });
}

SiteSetRules set_rules(const RoundIndex& index, const Workload& workload) {
    SiteSetRules rules;
    rules.wanted = workload.multi.sites;
    rules.quorum = workload.multi.quorum;
    rules.together_ms = index.round().policy.together_ms;
    rules.missing_ms = index.round().policy.missing_site_ms;
    const auto number_of = [&index](const std::string& id) {
        std::uint32_t number = 0;
        while (number < index.sites().size() && index.sites()[number]->id != id) ++number;
        return number;
    };
    for (const auto& [one, other] : workload.multi.forbidden_pairs) {
        rules.forbidden.emplace_back(number_of(one), number_of(other));
    }
    return rules;
}

}  // namespace

std::int64_t weighted_cost(std::int64_t score_ms, std::int64_t gpus) {
    return score_ms * gpus / 1000;
}

ShapeTable shapes_of(const RoundIndex& index) {
    ShapeTable table;
    std::unordered_map<std::string, std::uint32_t> known;
    std::string key;
    for (std::uint32_t i = 0; i < index.workloads().size(); ++i) {
        write_key(*index.workloads()[i], key);
        const auto [entry, is_new] = known.try_emplace(key, table.example.size());
        if (is_new) table.example.push_back(i);
        table.of.push_back(entry->second);
    }
    return table;
}

ShapeOutlook OptionBuilder::add_shape(const WorkloadFacts& facts, const std::string* owner,
                                      const std::vector<OptionMember>& must_list) {
    places_.clear();
    found_.clear();
    found_members_.clear();
    find_places(facts, owner);
    const ShapeOutlook outlook = facts.workload->multi.sites > 0 ? find_sets(facts) : combine_places(facts);
    list(facts, must_list);
    return outlook;
}

void OptionBuilder::find_places(const WorkloadFacts& facts, const std::string* owner) {
    if (!usable_ || owner_ != owner) {
        owner_ = owner;
        usable_.emplace();
        for (std::uint32_t p = 0; p < index_.partitions().size(); ++p) {
            if (owner == nullptr || owns_part_of(*index_.partitions()[p].site, *owner)) usable_->push_back(p);
        }
    }
    for (const std::uint32_t partition : *usable_) find_at(facts, partition);
}

void OptionBuilder::find_at(const WorkloadFacts& facts, std::uint32_t partition) {
    const IndexedPartition& at = index_.partitions()[partition];
    const Judgement judgement = index_.judge(facts, at);
    if (judgement.rejected) return;
    const PlacementRound& round = index_.round();
    const SiteFacts& site = facts.sites[at.site_number];
    const std::int64_t place =
        place_score(round.policy, *at.partition,
                    {judgement.run_ms, site.transfer_ms, site.share_debt_permille, site.preference_rank});
    for (std::uint32_t slot = 0; slot < at.slots.size(); ++slot) {
        if (!index_.clear(at, slot, judgement.run_ms)) continue;
        const std::int64_t score =
            place + start_score(round.policy, judgement.run_ms, round.now_ms, index_.start_ms(at, slot),
                                facts.workload->deadline_ms);
        places_.push_back({partition, slot, judgement.gpus, judgement.run_ms, judgement.hold_mgpuh, score});
    }
}

bool OptionBuilder::has_room(const WorkloadFacts& facts, const OptionMember& member) const {
    const IndexedPartition& at = index_.partitions()[member.partition];
    const std::size_t end = at.slots.end_slot(member.slot, member.run_ms);
    for (std::size_t slot = member.slot; slot < end; ++slot) {
        if (problem_.capacity[at.first_resource + slot] < member.gpus) return false;
    }
    return !facts.budget || problem_.capacity[*facts.budget] >= member.hold_mgpuh;
}

ShapeOutlook OptionBuilder::combine_places(const WorkloadFacts& facts) {
    ShapeOutlook outlook{!places_.empty(), std::numeric_limits<std::int64_t>::max()};
    for (const OptionMember& place : places_) {
        const std::int64_t cost = weighted_cost(place.score_ms, facts.workload->gpus);
        outlook.cheapest_cost = std::min(outlook.cheapest_cost, cost);
        if (!has_room(facts, place)) continue;
        const auto begin = static_cast<std::uint32_t>(found_members_.size());
        found_members_.push_back(place);
        found_.push_back({cost, begin, begin + 1});
    }
    return outlook;
}

// A run over several sites: sets of places with room, and whether there would be one on empty machines.
ShapeOutlook OptionBuilder::find_sets(const WorkloadFacts& facts) {
    std::vector<SiteCandidate> all;
    std::vector<SiteCandidate> with_room;
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
        const IndexedPartition& at = index_.partitions()[places_[i].partition];
        const SiteCandidate candidate{at.site_number, i, index_.start_ms(at, places_[i].slot),
                                      places_[i].score_ms};
        all.push_back(candidate);
        if (has_room(facts, places_[i])) with_room.push_back(candidate);
    }
    const SiteSetRules rules = set_rules(index_, *facts.workload);
    for (const SiteSet& set : site_sets(with_room, rules)) {
        if (!has_room(facts, set.places)) continue;
        const auto begin = static_cast<std::uint32_t>(found_members_.size());
        for (const std::uint32_t place : set.places) found_members_.push_back(places_[place]);
        found_.push_back({weighted_cost(set.score_ms, facts.workload->gpus), begin,
                          static_cast<std::uint32_t>(found_members_.size())});
    }
    const std::vector<SiteSet> sets = site_sets(all, rules);
    if (sets.empty()) return {};
    return {true, weighted_cost(sets.front().score_ms, facts.workload->gpus)};
}

// Sites share nothing but the budget.
bool OptionBuilder::has_room(const WorkloadFacts& facts, const std::vector<std::uint32_t>& places) const {
    if (!facts.budget) return true;
    std::int64_t hold = 0;
    for (const std::uint32_t place : places) hold += places_[place].hold_mgpuh;
    return problem_.capacity[*facts.budget] >= hold;
}

bool OptionBuilder::must_be_listed(const Found& found, const std::vector<OptionMember>& places) const {
    return std::any_of(places.begin(), places.end(), [&](const OptionMember& place) {
        return found.end == found.begin + 1 && found_members_[found.begin].same_place(place);
    });
}

void OptionBuilder::list(const WorkloadFacts& facts, const std::vector<OptionMember>& must_list) {
    const auto cheaper = [](const Found& a, const Found& b) {
        return std::tie(a.cost, a.begin) < std::tie(b.cost, b.begin);
    };
    AssignmentShape shape{static_cast<std::uint32_t>(problem_.options.size()), 0};
    if (found_.size() > keep_) {
        const auto cut = found_.begin() + static_cast<std::ptrdiff_t>(keep_);
        std::nth_element(found_.begin(), cut, found_.end(), cheaper);
        const auto end = std::partition(cut, found_.end(),
                                        [&](const Found& found) { return must_be_listed(found, must_list); });
        if (end != found_.end()) shape.dropped_cost = std::min_element(end, found_.end(), cheaper)->cost;
        found_.erase(end, found_.end());
    }
    std::sort(found_.begin(), found_.end(), cheaper);
    for (const Found& found : found_) append(facts, found);
    shape.end = static_cast<std::uint32_t>(problem_.options.size());
    problem_.shapes.push_back(shape);
}

void OptionBuilder::append(const WorkloadFacts& facts, const Found& found) {
    const auto piece_begin = static_cast<std::uint32_t>(problem_.pieces.size());
    std::int64_t hold = 0;
    for (std::uint32_t m = found.begin; m < found.end; ++m) {
        const OptionMember& member = found_members_[m];
        const IndexedPartition& at = index_.partitions()[member.partition];
        const std::size_t end = at.slots.end_slot(member.slot, member.run_ms);
        problem_.pieces.push_back(
            {at.first_resource + member.slot, static_cast<std::uint32_t>(end - member.slot), member.gpus});
        members_.push_back(member);
        hold += member.hold_mgpuh;
    }
    if (facts.budget) problem_.pieces.push_back({*facts.budget, 1, hold});
    problem_.options.push_back({found.cost, piece_begin, static_cast<std::uint32_t>(problem_.pieces.size())});
    member_begin_.push_back(static_cast<std::uint32_t>(members_.size()));
}

const OptionMember* OptionBuilder::members_begin(std::int32_t option) const {
    return members_.data() + member_begin_[static_cast<std::size_t>(option)];
}

const OptionMember* OptionBuilder::members_end(std::int32_t option) const {
    return members_.data() + member_begin_[static_cast<std::size_t>(option) + 1];
}

std::int32_t OptionBuilder::option_at(std::uint32_t shape, const OptionMember& place) const {
    for (std::uint32_t i = problem_.shapes[shape].begin; i < problem_.shapes[shape].end; ++i) {
        const auto option = static_cast<std::int32_t>(i);
        if (members_end(option) == members_begin(option) + 1 && members_begin(option)->same_place(place)) {
            return option;
        }
    }
    EM_ASSERT(false, "a place that was to be listed is not");
    return -1;
}

}  // namespace euromesh::federation

#include "federation/placement/fair_share.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

#include "base/assert.hpp"
#include "federation/placement/score.hpp"

namespace euromesh::federation {
namespace {

// Two of them can be added.
constexpr std::int64_t most_amount = 4'000'000'000'000'000'000;
constexpr std::int64_t one = std::int64_t{1} << 30;
constexpr std::int64_t ms_per_hour = 3'600'000;

// 2^-(1/2), 2^-(1/4), ... in units of 2^-30: round(2^30 * 2^-(2^-k)), k = 1 to 16.
constexpr std::array<std::int64_t, 16> roots{
    759250125,  902905651,  984625594,  1028218693, 1050733751, 1062175491, 1067942999, 1070838486,
    1072289173, 1073015252, 1073378477, 1073560135, 1073650976, 1073696399, 1073719111, 1073730468};

// 2^-(sixteenths / 2^16) in units of 2^-30.
std::int64_t fraction_left(std::int64_t parts) {
    std::int64_t left = one;
    for (std::size_t k = 0; k < roots.size(); ++k) {
        if ((parts >> (15 - k)) & 1) left = left * roots[k] / one;
    }
    return left;
}

}  // namespace

std::int64_t decayed(std::int64_t amount, std::int64_t age_ms, std::int64_t half_life_ms) {
    EM_ASSERT(amount >= 0 && half_life_ms > 0, "an amount fades by a half-life");
    if (age_ms <= 0) return amount;
    const std::int64_t halves = age_ms / half_life_ms;
    if (halves >= 62) return 0;
    const std::int64_t parts = scaled(age_ms % half_life_ms, 1 << 16, half_life_ms, (1 << 16) - 1);
    return scaled(amount, fraction_left(parts), one, most_amount) >> halves;
}

void FairShareTable::add(const std::string& owner, const std::string& site, std::int64_t mgpuh,
                         std::int64_t at_ms) {
    EM_ASSERT(mgpuh >= 0, "use is never negative");
    Entry& entry = entries_[{owner, site}];
    const std::int64_t at = std::max(at_ms, entry.at_ms);
    entry = {std::min(most_amount, left_of(entry, at) + std::min(most_amount, mgpuh)), at};
}

std::int64_t FairShareTable::use_of(const std::string& owner, std::int64_t now_ms) const {
    std::int64_t sum = 0;
    for (auto at = entries_.lower_bound({owner, ""}); at != entries_.end() && at->first.first == owner; ++at)
        sum = std::min(most_amount, sum + left_of(at->second, now_ms));
    return sum;
}

std::vector<SiteUse> FairShareTable::uses(std::int64_t now_ms) const {
    std::vector<SiteUse> uses;
    for (const auto& [key, entry] : entries_) {
        const std::int64_t left = left_of(entry, now_ms);
        if (left > 0) uses.push_back({key.second, key.first, left});
    }
    std::sort(uses.begin(), uses.end(), [](const SiteUse& a, const SiteUse& b) {
        return std::tie(a.site, a.owner) < std::tie(b.site, b.owner);
    });
    return uses;
}

void FairShareTable::forget_faded(std::int64_t now_ms) {
    std::erase_if(entries_, [&](const auto& entry) { return left_of(entry.second, now_ms) == 0; });
}

std::vector<FadingUse> FairShareTable::entries() const {
    std::vector<FadingUse> all;
    for (const auto& [key, entry] : entries_)
        all.push_back({key.first, key.second, entry.mgpuh, entry.at_ms});
    return all;
}

Status FairShareTable::put(const FadingUse& entry) {
    if (entry.mgpuh < 0 || entry.mgpuh > most_amount || entry.at_ms < 0)
        return fail(Code::bad_input, "use of {} at {}: amount and time must be 0 or more",
                    entry.owner.substr(0, 80), entry.site.substr(0, 80));
    entries_[{entry.owner, entry.site}] = {entry.mgpuh, entry.at_ms};
    return {};
}

std::int64_t share_debt_permille(const PlacementSite& site, const std::string& owner,
                                 const std::vector<SiteUse>& use) {
    if (site.shares.empty()) return 0;
    std::int64_t all = 0;
    std::int64_t own = 0;
    for (const SiteUse& entry : use) {
        if (entry.site != site.id) continue;
        all += entry.decayed_mgpuh;
        if (entry.owner == owner) own += entry.decayed_mgpuh;
    }
    if (all == 0) return 0;
    std::int64_t share = 0;
    for (const OwnedShare& owned : site.shares) share += owned.owner == owner ? owned.permille : 0;
    return std::max<std::int64_t>(0, scaled(own, 1000, all, 1000) - share);
}

namespace {

struct Turn {
    const Workload* workload = nullptr;
    std::size_t index = 0;
    std::int64_t owner_time = 0;  // its owner's use per weight when it comes to its turn
};

bool older(const Turn& a, const Turn& b) {
    if (a.workload->submitted_ms != b.workload->submitted_ms) {
        return a.workload->submitted_ms < b.workload->submitted_ms;
    }
    return a.workload->id < b.workload->id;
}

std::int64_t asked_mgpuh(const Workload& workload) {
    const std::int64_t gpus = workload.gpus * std::max(1, workload.multi.sites);
    return scaled(gpus * 1000, workload.duration_ms, ms_per_hour, 1'000'000'000'000);
}

}  // namespace

std::vector<std::size_t> fair_ranks(const std::vector<const Workload*>& workloads,
                                    const std::vector<ShareOwner>& owners) {
    constexpr std::int64_t per_weight = 1'000'000;
    std::vector<Turn> turns(workloads.size());
    for (std::size_t i = 0; i < workloads.size(); ++i) turns[i] = {workloads[i], i, 0};
    std::sort(turns.begin(), turns.end(), older);
    std::unordered_map<std::string_view, ShareOwner> standing;
    for (const ShareOwner& owner : owners) standing.emplace(owner.id, owner);
    for (Turn& turn : turns) {
        const Workload& workload = *turn.workload;
        ShareOwner& owner = standing[workload.turn_of.empty() ? workload.owner : workload.turn_of];
        const std::int64_t time = scaled(owner.decayed_use_mgpuh, per_weight, owner.weight, most_amount);
        turn.owner_time = workload.goes_first ? -1 : time;
        owner.decayed_use_mgpuh = std::min(most_amount / 2, owner.decayed_use_mgpuh + asked_mgpuh(workload));
    }
    std::stable_sort(turns.begin(), turns.end(),
                     [](const Turn& a, const Turn& b) { return a.owner_time < b.owner_time; });
    std::vector<std::size_t> ranks(workloads.size());
    for (std::size_t place = 0; place < turns.size(); ++place) ranks[turns[place].index] = place;
    return ranks;
}

}  // namespace euromesh::federation

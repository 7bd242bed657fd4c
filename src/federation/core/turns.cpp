#include "federation/core/turns.hpp"

#include <algorithm>
#include <queue>

#include "federation/placement/score.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t most_weight = 1'000'000'000;
constexpr std::int64_t time_per_weight = 1'000'000;
constexpr std::int64_t most_time = 4'000'000'000'000'000'000;

using Jobs = std::set<Tables::WaitingJob>;

// A project in the queue of one class.
struct Place {
    bool displaced = false;  // its next job was
    std::int64_t time = 0;
    ShareOwner standing;
    Jobs::const_iterator next;
    Jobs::const_iterator end;

    void look() {
        displaced = next->displaced;
        time = scaled(standing.decayed_use_mgpuh, time_per_weight, standing.weight, most_time);
    }
};

// The top of a std::priority_queue is the greatest.
struct Later {
    bool operator()(const Place& a, const Place& b) const {
        if (a.displaced != b.displaced) return b.displaced;
        if (a.time != b.time) return a.time > b.time;
        return a.next->number > b.next->number;
    }
};
using Queue = std::priority_queue<Place, std::vector<Place>, Later>;

std::int64_t asked_by(const JobRecord& job) {
    const std::int64_t gpus = std::max<std::int64_t>(1, job.spec->gpus_per_site()) * job.spec->sites;
    return milli_gpu_hours(gpus, job.spec->duration_ms);
}

void drain(Queue& queue, const Tables& tables, std::size_t most, std::vector<std::int64_t>& all) {
    while (!queue.empty() && all.size() < most) {
        Place place = queue.top();
        queue.pop();
        const std::int64_t number = place.next->number;
        all.push_back(number);
        std::int64_t& use = place.standing.decayed_use_mgpuh;
        use = std::min(most_time / 2, use + asked_by(*tables.job(fmt::format("j{}", number))));
        if (++place.next == place.end) continue;
        place.look();
        queue.push(std::move(place));
    }
}

}  // namespace

std::vector<OwnedShare> shares_of(const SiteRecord& site) {
    std::vector<OwnedShare> shares;
    for (const auto& [owner, permille] : site.shares) shares.push_back({owner, permille});
    if (!shares.empty() || site.hosting == "private") return shares;
    std::set<std::string> owners(site.owners.begin(), site.owners.end());
    if (site.hosting == "ju") owners.insert("ju");
    if (owners.empty()) owners.insert(site.country);
    const std::int64_t part = 1000 / static_cast<std::int64_t>(owners.size());
    for (const std::string& owner : owners)
        if (part > 0) shares.push_back({owner, part});
    return shares;
}

ShareOwner standing_of(const Tables& tables, const std::string& project, std::int64_t now_ms) {
    ShareOwner standing{project, 1, tables.use_of_projects().use_of(project, now_ms)};
    std::int64_t granted = 0;
    for (const std::string& id : tables.allocations_of(project)) {
        const AllocationRecord& a = *tables.allocation(id);
        standing.decayed_use_mgpuh = std::min(most_time / 2, standing.decayed_use_mgpuh + a.held);
        if (a.begin_ms <= now_ms && now_ms < a.end_ms)
            granted = std::min(most_time / 2, granted + a.granted - a.credited);
    }
    standing.weight = std::clamp<std::int64_t>(granted / 1000, 1, most_weight);
    return standing;
}

std::vector<SiteUse> use_of_sites(const Tables& tables, std::int64_t now_ms) {
    std::map<std::pair<std::string, std::string>, std::int64_t> sums;
    for (const SiteUse& use : tables.use_of_owners().uses(now_ms))
        sums[{use.site, use.owner}] += use.decayed_mgpuh;
    for (const auto& entry : tables.sites()) {
        for (const std::string& id : tables.open_claims(entry.first)) {
            const ClaimRecord& claim = *tables.claim(id);
            if (claim.held > 0) sums[{entry.first, tables.allocation(claim.allocation)->owner}] += claim.held;
        }
    }
    std::vector<SiteUse> all;
    for (const auto& [key, sum] : sums) all.push_back({key.first, key.second, std::min(sum, amount_most)});
    return all;
}

std::vector<std::int64_t> next_jobs(const Tables& tables, std::int64_t now_ms, std::size_t most) {
    std::vector<std::int64_t> all;
    const auto& turns = tables.waiting_by_turn();
    for (auto at = turns.begin(); at != turns.end() && all.size() < most;) {
        const WorkClass work_class = at->first.first;
        Queue queue;
        for (; at != turns.end() && at->first.first == work_class; ++at) {
            Place place{false, 0, standing_of(tables, at->first.second, now_ms), at->second.begin(),
                        at->second.end()};
            place.look();
            queue.push(std::move(place));
        }
        drain(queue, tables, most, all);
    }
    return all;
}

}  // namespace euromesh::federation

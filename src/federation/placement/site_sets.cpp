#include "federation/placement/site_sets.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace euromesh::federation {
namespace {

bool cheaper(const SiteCandidate& a, const SiteCandidate& b) {
    return std::tie(a.score_ms, a.site, a.place) < std::tie(b.score_ms, b.site, b.place);
}

bool better(const SiteSet& a, const SiteSet& b) {
    return std::tie(a.score_ms, a.places) < std::tie(b.score_ms, b.places);
}

// All sets whose quorum starts in one window, by depth-first search.
class WindowSearch {
  public:
    WindowSearch(const SiteSetRules& rules, std::int64_t from_ms, std::vector<SiteSet>& sets)
        : rules_(rules), from_ms_(from_ms), sets_(sets), nodes_(rules.most_nodes) {}

    void run(const std::vector<SiteCandidate>& candidates) {
        choose_per_site(candidates);
        descend(0, 0, 0);
    }

  private:
    bool together(const SiteCandidate& candidate) const {
        return candidate.start_ms <= from_ms_ + rules_.together_ms;
    }

    // One candidate a site: the cheapest that starts with the quorum, or else the cheapest later one.
    void choose_per_site(const std::vector<SiteCandidate>& candidates) {
        std::vector<SiteCandidate> possible;
        for (const SiteCandidate& candidate : candidates) {
            if (candidate.start_ms >= from_ms_) possible.push_back(candidate);
        }
        std::sort(possible.begin(), possible.end(), [this](const SiteCandidate& a, const SiteCandidate& b) {
            if (together(a) != together(b)) return together(a);
            return cheaper(a, b);
        });
        std::set<std::uint32_t> seen;
        for (const SiteCandidate& candidate : possible) {
            if (seen.insert(candidate.site).second) one_per_site_.push_back(candidate);
        }
        std::sort(one_per_site_.begin(), one_per_site_.end(), cheaper);
    }

    bool allowed(std::uint32_t site) const {
        return std::none_of(rules_.forbidden.begin(), rules_.forbidden.end(), [&](const auto& pair) {
            const auto chosen = [&](std::uint32_t other) {
                return std::any_of(chosen_.begin(), chosen_.end(),
                                   [&](const SiteCandidate& c) { return c.site == other; });
            };
            return (pair.first == site && chosen(pair.second)) || (pair.second == site && chosen(pair.first));
        });
    }

    void note(std::int64_t score_ms) {
        const auto missing = rules_.wanted - static_cast<int>(chosen_.size());
        std::vector<SiteCandidate> members = chosen_;
        std::sort(members.begin(), members.end(),
                  [](const SiteCandidate& a, const SiteCandidate& b) { return a.site < b.site; });
        SiteSet set{{}, score_ms + missing * rules_.missing_ms};
        for (const SiteCandidate& member : members) set.places.push_back(member.place);
        sets_.push_back(std::move(set));
    }

    void descend(std::size_t next, int in_time, std::int64_t score_ms) {
        if (--nodes_ < 0) return;
        if (in_time >= rules_.quorum) note(score_ms);
        if (static_cast<int>(chosen_.size()) == rules_.wanted) return;
        for (std::size_t i = next; i < one_per_site_.size(); ++i) {
            if (!allowed(one_per_site_[i].site)) continue;
            chosen_.push_back(one_per_site_[i]);
            descend(i + 1, in_time + (together(one_per_site_[i]) ? 1 : 0),
                    score_ms + one_per_site_[i].score_ms);
            chosen_.pop_back();
        }
    }

    const SiteSetRules& rules_;
    std::int64_t from_ms_;
    std::vector<SiteSet>& sets_;
    int nodes_;
    std::vector<SiteCandidate> one_per_site_{};
    std::vector<SiteCandidate> chosen_{};
};

}  // namespace

std::vector<SiteSet> site_sets(const std::vector<SiteCandidate>& candidates, const SiteSetRules& rules) {
    constexpr std::size_t most_windows = 16;
    std::set<std::int64_t> starts;
    for (const SiteCandidate& candidate : candidates) starts.insert(candidate.start_ms);
    std::vector<SiteSet> sets;
    std::size_t windows = 0;
    for (const std::int64_t start : starts) {
        if (++windows > most_windows) break;
        WindowSearch(rules, start, sets).run(candidates);
        std::sort(sets.begin(), sets.end(), better);
        sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
        sets.resize(std::min(sets.size(), rules.most_sets));
    }
    return sets;
}

}  // namespace euromesh::federation

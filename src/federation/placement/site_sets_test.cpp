#include "federation/placement/site_sets.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

using Places = std::vector<std::uint32_t>;

TEST_CASE("the cheapest sites that start together come first") {
    const std::vector<SiteCandidate> candidates{{0, 10, 0, 5}, {1, 11, 0, 3}, {2, 12, 0, 4}};
    const auto sets = site_sets(candidates, {.wanted = 2, .quorum = 2});
    REQUIRE(sets.size() == 3);
    CHECK(sets[0] == SiteSet{{11, 12}, 7});
    CHECK(sets[1] == SiteSet{{10, 11}, 8});
}

TEST_CASE("a quorum starts within the window, others may come later, and the missing cost") {
    const std::vector<SiteCandidate> candidates{{0, 10, 0, 1}, {1, 11, 50, 1}, {2, 12, 500, 1}};
    const auto sets = site_sets(candidates, {.wanted = 3, .quorum = 2, .together_ms = 60, .missing_ms = 100});
    REQUIRE(sets.size() == 2);
    CHECK(sets[0] == SiteSet{{10, 11, 12}, 3});
    CHECK(sets[1] == SiteSet{{10, 11}, 102});
    CHECK(site_sets(candidates, {.wanted = 3, .quorum = 3, .together_ms = 60}).empty());
}

TEST_CASE("a site is there once, with the partition that starts with the quorum") {
    const std::vector<SiteCandidate> candidates{{0, 10, 0, 9}, {0, 11, 500, 1}, {1, 12, 0, 1}};
    const auto sets = site_sets(candidates, {.wanted = 2, .quorum = 2});
    REQUIRE(sets.size() == 1);
    CHECK(sets[0].places == Places{10, 12});
}

// Against all subsets of one candidate a site, all at the same moment.
TEST_CASE("small cases are complete: every permitted set, the cheapest first") {
    Random random(3);
    for (int trial = 0; trial < 50; ++trial) {
        std::vector<SiteCandidate> candidates;
        for (std::uint32_t s = 0; s < 6; ++s)
            candidates.push_back({s, s, 0, static_cast<std::int64_t>(random.below(1000))});
        SiteSetRules rules{.wanted = 3, .quorum = 2, .missing_ms = 700, .most_sets = 1000};
        for (int i = 0; i < 4; ++i) rules.forbidden.emplace_back(random.below(6), random.below(6));
        std::vector<SiteSet> expected;
        for (unsigned bits = 0; bits < 64; ++bits) {
            SiteSet set;
            for (std::uint32_t s = 0; s < 6; ++s) {
                if ((bits >> s & 1U) == 0) continue;
                set.places.push_back(s);
                set.score_ms += candidates[s].score_ms;
            }
            const bool forbidden =
                std::any_of(rules.forbidden.begin(), rules.forbidden.end(), [bits](const auto& pair) {
                    return pair.first != pair.second && (bits >> pair.first & 1U) != 0 &&
                           (bits >> pair.second & 1U) != 0;
                });
            if (forbidden || set.places.size() < 2 || set.places.size() > 3) continue;
            set.score_ms += static_cast<std::int64_t>(3 - set.places.size()) * 700;
            expected.push_back(set);
        }
        std::sort(expected.begin(), expected.end(), [](const SiteSet& a, const SiteSet& b) {
            return a.score_ms != b.score_ms ? a.score_ms < b.score_ms : a.places < b.places;
        });
        CHECK(site_sets(candidates, rules) == expected);
    }
}

}  // namespace
}  // namespace euromesh::federation

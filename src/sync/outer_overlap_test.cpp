#include "sync/outer_overlap.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {
namespace {

using Vector = std::vector<float>;

Vector normals(std::uint64_t seed, std::size_t count = 200) {
    Random random(seed);
    Vector made(count);
    for (float& value : made) value = static_cast<float>(random.normal());
    return made;
}

bool same_bits(const Vector& a, const Vector& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("the mix is alpha of the own and the rest of the merged, to fp32 rounding") {
    for (const double alpha : {0.1, 0.25, 0.5, 0.9}) {
        const Vector merged = normals(1), before = normals(2);
        Vector local = before;
        overlap_mix(alpha, merged, local);
        for (std::size_t i = 0; i < local.size(); ++i) {
            const double wanted = alpha * double{before[i]} + (1 - alpha) * double{merged[i]};
            CHECK(std::abs(local[i] - wanted) < 1e-6);
        }
    }
}

TEST_CASE("a rebase keeps what was done since sending, and nothing else of the own") {
    const Vector sent = normals(5), merged = normals(6), fresh = normals(7);
    Vector local = sent;
    overlap_rebase(sent, merged, local);
    CHECK(same_bits(local, merged));
    for (std::size_t i = 0; i < local.size(); ++i) local[i] = sent[i] + fresh[i];
    overlap_rebase(sent, merged, local);
    for (std::size_t i = 0; i < local.size(); ++i)
        CHECK(std::abs(local[i] - (double{merged[i]} + double{fresh[i]})) < 2e-6);
    CHECK(parse_merge_rule("rebase").value() == MergeRule::rebase);
    CHECK(parse_merge_rule("mix").value() == MergeRule::mix);
    CHECK(parse_merge_rule("both").error().message == "merge 'both' is not known: use rebase or mix");
}

TEST_CASE("alpha 1 changes no bit, alpha 0 copies all, equal parameters stay, both scale together") {
    Vector special = normals(3);
    special[0] = -0.0f;
    special[1] = 1e-42f;
    const Vector merged = normals(4);
    Vector local = special;
    overlap_mix(1, merged, local);
    CHECK(same_bits(local, special));
    overlap_mix(0, special, local = merged);
    CHECK(same_bits(local, special));
    overlap_mix(0.3, merged, local = merged);
    CHECK(local == merged);
    Vector twice_local = special, twice_merged = merged;
    for (float& value : twice_local) value *= 2;
    for (float& value : twice_merged) value *= 2;
    overlap_mix(0.3, merged, local = special);
    overlap_mix(0.3, twice_merged, twice_local);
    for (std::size_t i = 0; i < local.size(); ++i) CHECK(twice_local[i] == 2 * local[i]);
}

TEST_CASE("mixing again and again ends at the merged parameters") {
    const Vector merged = normals(5);
    Vector local = normals(6);
    for (int time = 0; time < 60; ++time) overlap_mix(0.5, merged, local);
    for (std::size_t i = 0; i < local.size(); ++i)
        CHECK(local[i] == doctest::Approx(merged[i]).epsilon(1e-6));
}

// H = 4, tau = 1: what is sent after step 4 of a round is merged after step 1 of the next one.
TEST_CASE("each result is merged once, tau steps after it was sent") {
    for (const std::uint64_t tau : {0u, 1u, 3u}) {
        const OverlapConfig config{tau, 0.5};
        std::uint64_t steps = 0, sent_at = 0, sent = 0, merged = 0;
        for (std::uint64_t round = 0; round < 5; ++round) {
            for (std::uint64_t step = 0; step <= 4; ++step) {
                if (step > 0) ++steps;
                const OverlapMoment moment = overlap_moment(config, round, step, 4);
                if (moment.merge) {
                    CHECK(sent == merged + 1);
                    CHECK(steps - sent_at == tau);
                    ++merged;
                }
                if (moment.send) {
                    CHECK(merged == sent);
                    sent_at = steps;
                    ++sent;
                }
            }
        }
        CHECK(sent == 5);
        CHECK(merged == 4);
    }
    CHECK(overlap_moment({1, 0.5}, 0, 1, 4) == OverlapMoment{});
}

TEST_CASE("the eager mean is that of the others' old and the own fresh pseudo-gradients") {
    const std::vector<Vector> old{normals(1), normals(2), normals(3)},
        now{normals(4), normals(5), normals(6)};
    const double w[] = {0.5, 0.2, 0.3};
    for (std::size_t self = 0; self < 3; ++self) {
        Vector mean(200), wanted(200);
        for (std::size_t i = 0; i < 200; ++i) {
            double all = 0, eager = 0;
            for (std::size_t m = 0; m < 3; ++m) {
                all += w[m] * double{old[m][i]};
                eager += w[m] * double{m == self ? now[m][i] : old[m][i]};
            }
            mean[i] = static_cast<float>(all);
            wanted[i] = static_cast<float>(eager);
        }
        eager_mean(w[self], old[self], now[self], mean);
        for (std::size_t i = 0; i < 200; ++i) CHECK(std::abs(mean[i] - wanted[i]) < 1e-6f);
    }
}

TEST_CASE("nothing fresh changes nothing; a run of one site takes its fresh one; both scale together") {
    const Vector stale = normals(1), fresh = normals(2), before = normals(3);
    Vector mean = before;
    eager_mean(0.4, stale, Vector(stale), mean);
    CHECK(mean == before);
    eager_mean(0, stale, fresh, mean);
    CHECK(mean == before);
    eager_mean(1, stale, fresh, mean);
    CHECK(same_bits(mean, fresh));
    Vector small = before, large = before, large_stale = stale, large_fresh = fresh;
    for (Vector* vector : {&large, &large_stale, &large_fresh}) {
        for (float& value : *vector) value *= 4;
    }
    eager_mean(0.4, stale, fresh, small);
    eager_mean(0.4, large_stale, large_fresh, large);
    for (std::size_t i = 0; i < small.size(); ++i) CHECK(large[i] == 4 * small[i]);
}

// With one and the same pseudo-gradient in all rounds the delay is of no consequence.
TEST_CASE("eager outer steps of a constant pseudo-gradient are Nesterov's") {
    const Vector gradient = normals(7);
    OuterState eager = OuterState::from(normals(8)), plain = eager;
    for (std::uint64_t round = 0; round < 6; ++round) {
        Vector mean = gradient;
        eager_mean(0.25, gradient, Vector(gradient), mean);
        outer_step({}, round, mean, eager);
        outer_step({}, round, gradient, plain);
    }
    CHECK(eager == plain);
}

TEST_CASE("an overlap as long as a round and an alpha outside 0 to 1 are refused") {
    CHECK(check(OverlapConfig{5, 0.5}, 30).has_value());
    CHECK(check(OverlapConfig{}, 1).has_value());
    CHECK_FALSE(check(OverlapConfig{30, 0.5}, 30).has_value());
    CHECK_FALSE(check(OverlapConfig{1, 1.1}, 30).has_value());
    CHECK_FALSE(check(OverlapConfig{1, std::nan("")}, 30).has_value());
}

}  // namespace euromesh::sync

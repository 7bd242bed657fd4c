#include "planner/score.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "base/random.hpp"

namespace euromesh::planner {
namespace {

using doctest::Approx;

const SitingWeights even = {0.25, 0.2, 0.1, 0.1, 0.15, 0.1, 0.1};

SitingCandidate place(const char* id, double mw, double years, double fibre, double sovereignty, double price,
                      double carbon, double capex) {
    return {id, mw, years, fibre, sovereignty, price, carbon, capex};
}

// The three of docs/models/siting-score.md.
std::vector<SitingCandidate> three() {
    return {place("coast", 100, 2, 400, 3, 50, 50, 10000), place("city", 40, 6, 800, 3, 120, 350, 14000),
            place("valley", 60, 3, 100, 2, 70, 100, 9000)};
}

std::vector<SiteScore> scored(const std::vector<SitingCandidate>& candidates,
                              const SitingWeights& weights = even) {
    auto scores = score_sites(candidates, weights);
    REQUIRE(scores);
    return *scores;
}

}  // namespace

TEST_CASE("the worked example, to its terms") {
    const auto scores = scored(three());
    REQUIRE(scores.size() == 3);
    CHECK(scores[0].id == "coast");
    CHECK(scores[1].id == "valley");
    CHECK(scores[2].id == "city");
    // fibre (400 - 100) / 700, capex (14000 - 10000) / 5000; all other terms are the best.
    CHECK(*scores[0].score == Approx(0.25 + 0.2 + 0.1 * 300 / 700 + 0.1 + 0.15 + 0.1 + 0.1 * 0.8));
    CHECK(*scores[1].score == Approx(0.25 / 3 + 0.2 * 0.75 + 0 + 0 + 0.15 * 5 / 7 + 0.1 * 250 / 300 + 0.1));
    CHECK(*scores[2].score == Approx(0.1 + 0.1));
    CHECK(*scores[0].terms[2].normalised == Approx(300.0 / 700));
    CHECK(scores[0].known_weight == Approx(1));
    double sum = 0;
    for (const ScoreTerm& term : scores[0].terms) sum += *term.points;
    CHECK(sum == *scores[0].score);
}

TEST_CASE("what is unknown is left out and told, never counted as zero") {
    auto candidates = three();
    candidates[0].carbon_g_kwh.reset();
    candidates[0].fibre_gbit_s.reset();
    const auto scores = scored(candidates);
    REQUIRE(scores[0].id == "coast");
    CHECK(scores[0].known_weight == Approx(0.8));
    CHECK(*scores[0].score == Approx((0.25 + 0.2 + 0.1 + 0.15 + 0.1 * 0.8) / 0.8));
    CHECK(!scores[0].terms[5].points);
    CHECK(!scores[0].terms[5].normalised);
    candidates[0].carbon_g_kwh = 0;
    CHECK(*scored(candidates)[0].score != *scores[0].score);
}

TEST_CASE("a candidate of which nothing with a weight is known has no score and comes last") {
    auto candidates = three();
    candidates.push_back({.id = "anywhere"});
    const auto scores = scored(candidates);
    CHECK(scores.back().id == "anywhere");
    CHECK(!scores.back().score);
    CHECK(scores.back().known_weight == 0);
}

TEST_CASE("ties are in the order of ids; where all are the same nobody is worse") {
    const auto scores = scored({place("b", 1, 1, 1, 1, 1, 1, 1), place("a", 1, 1, 1, 1, 1, 1, 1)});
    CHECK(scores[0].id == "a");
    CHECK(*scores[0].score == Approx(1));
    CHECK(*scores[1].score == Approx(1));
    CHECK(scored({}).empty());
}

TEST_CASE("each term has its direction") {
    const SitingCandidate good = place("good", 2, 1, 2, 2, 1, 1, 1);
    const SitingCandidate bad = place("bad", 1, 2, 1, 1, 2, 2, 2);
    const auto scores = scored({bad, good});
    CHECK(scores[0].id == "good");
    for (const ScoreTerm& term : scores[0].terms) CHECK(term.normalised == 1.0);
    for (const ScoreTerm& term : scores[1].terms) CHECK(term.normalised == 0.0);
}

TEST_CASE("scores are from 0 to 1, whatever the order and the units") {
    Random random(7);
    for (int round = 0; round < 100; ++round) {
        std::vector<SitingCandidate> candidates;
        for (int i = 0; i < 6; ++i) {
            const auto draw = [&] { return 1 + 99 * random.uniform(); };
            candidates.push_back(
                place(std::to_string(i).c_str(), draw(), draw(), draw(), draw(), draw(), draw(), draw()));
        }
        const auto scores = scored(candidates);
        auto changed = std::vector<SitingCandidate>(candidates.rbegin(), candidates.rend());
        for (SitingCandidate& candidate : changed)
            *candidate.price_eur_mwh = 7 * *candidate.price_eur_mwh + 3;
        const auto again = scored(changed);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            CHECK(*scores[i].score >= 0);
            CHECK(*scores[i].score <= 1 + 1e-12);
            CHECK(scores[i].id == again[i].id);
            CHECK(*scores[i].score == Approx(*again[i].score));
        }
    }
}

TEST_CASE("bad weights and candidates are refused in one line") {
    const auto refusal = [](const std::vector<SitingCandidate>& candidates, const SitingWeights& weights) {
        const auto scores = score_sites(candidates, weights);
        REQUIRE(!scores);
        CHECK(scores.error().code == Code::bad_input);
        return scores.error().message;
    };
    CHECK(refusal(three(), {0.5, 0.4, 0, 0, 0, 0, 0}) == "weights sum to 0.9; they must sum to 1");
    CHECK(refusal(three(), {0.5, 0.5 + 2e-9, 0, 0, 0, 0, 0}) ==
          "weights sum to 1.000000002; they must sum to 1");
    CHECK(score_sites(three(), {0.5, 0.5 + 5e-10, 0, 0, 0, 0, 0}));
    CHECK(refusal(three(), {1, -0.1, 0.1, 0, 0, 0, 0}) ==
          "weight lead_years is -0.1; it must be from 0 to 1");
    auto candidates = three();
    candidates[1].price_eur_mwh = std::numeric_limits<double>::infinity();
    CHECK(refusal(candidates, even) ==
          "candidate 'city': price_eur_mwh is inf; it must be a number, or left out");
    candidates = three();
    candidates[1].id = "coast";
    CHECK(refusal(candidates, even) == "candidate 'coast' is there twice; ids must differ");
}

}  // namespace euromesh::planner

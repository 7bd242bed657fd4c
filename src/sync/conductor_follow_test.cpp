#include <doctest/doctest.h>

#include <algorithm>

#include "sync/conductors_for_test.hpp"
#include "sync/desk_for_test.hpp"

namespace euromesh::sync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const GraceConfig quick{.mads = 4, .least = milliseconds(10), .samples = 1, .window = 64};

// Round 0 with all, so that slacks are known.
Desk desk_with_grace(std::size_t count, std::size_t quorum, std::uint64_t staleness = 2) {
    Desk desk(count, quorum, [&](ConductorConfig& config) {
        config.grace = quick;
        config.staleness_most = staleness;
    });
    desk.all_ready();
    for (Rank rank = 0; rank < count; ++rank) desk.reduced(rank, 1);
    desk.deliver();
    for (Rank rank = 0; rank < count; ++rank) REQUIRE(desk.conductors[rank].position().round == 1);
    return desk;
}

// The planned sites commit round `round`; the others hear of it.
void commit_by(Desk& desk, const std::vector<Rank>& ranks, int state) {
    for (const Rank rank : ranks) desk.reduced(rank, state);
    desk.deliver();
}

bool has_note(const Desk& desk, const std::string& text) {
    return std::find(desk.notes.begin(), desk.notes.end(), text) != desk.notes.end();
}

std::vector<Rank> ranks_of(const Plan& plan) {
    std::vector<Rank> ranks;
    for (const PlanMember& member : plan.members) ranks.push_back(member.rank);
    return ranks;
}

}  // namespace

TEST_CASE("a round waits for the grace and not for the slow site, which follows by the result") {
    Desk desk = desk_with_grace(3, 2);
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    desk.plans.assign(3, std::nullopt);
    desk.wait(milliseconds(9));
    CHECK_FALSE(desk.plans[0].has_value());
    desk.wait(milliseconds(2));
    REQUIRE(desk.plans[0].has_value());
    CHECK(ranks_of(*desk.plans[0]) == std::vector<Rank>{0, 1});
    CHECK_FALSE(desk.plans[2].has_value());
    commit_by(desk, {0, 1}, 2);

    CHECK(desk.conductors[0].position().round == 2);
    const Conductor& slow = desk.conductors[2];
    CHECK(slow.position().round == 1);
    REQUIRE(slow.awaited() != nullptr);
    CHECK(slow.awaited()->round == 1);
    REQUIRE(desk.results.size() == 1);
    CHECK(desk.results[0].second.to == 2);
    CHECK(desk.results[0].second.round == 1);

    desk.take(2, desk.conductors[2].result_arrived(desk.now, 1, state_text(2)));
    desk.deliver();
    CHECK(slow.position() == desk.conductors[0].position());
    CHECK(desk.adopted[2].size() == 2);
    CHECK(slow.role() == Role::member);
}

TEST_CASE("what was late goes into the next round, with its base, and once") {
    Desk desk = desk_with_grace(3, 2);
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    desk.wait(milliseconds(20));
    desk.ready(2);  // too late for round 1
    desk.deliver();
    commit_by(desk, {0, 1}, 2);
    desk.take(2, desk.conductors[2].result_arrived(desk.now, 1, state_text(2)));
    desk.deliver();
    CHECK(desk.conductors[2].pending().has_value());

    desk.plans.assign(3, std::nullopt);
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    REQUIRE(desk.plans[2].has_value());  // ready at once: nobody waits
    commit_by(desk, {0, 1, 2}, 3);
    const Manifest& line = desk.adopted[0].back();
    REQUIRE(line.contributors.size() == 3);
    CHECK(line.contributors[0].base == 2);
    CHECK(line.contributors[2].base == 1);
    CHECK_FALSE(desk.conductors[2].pending().has_value());
}

TEST_CASE("what is too late is dropped, with a note") {
    Desk desk = desk_with_grace(3, 2, 0);
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    desk.wait(milliseconds(20));
    desk.ready(2);
    commit_by(desk, {0, 1}, 2);
    CHECK(desk.conductors[2].pending().has_value());
    desk.take(2, desk.conductors[2].result_arrived(desk.now, 1, state_text(2)));
    CHECK_FALSE(desk.conductors[2].pending().has_value());
    CHECK(has_note(desk, "dropped c"));
}

TEST_CASE("the lead need not contribute to the round that it leads") {
    Desk desk = desk_with_grace(3, 2);
    desk.ready(1);
    desk.ready(2);
    desk.deliver();
    desk.wait(milliseconds(20));
    REQUIRE(desk.plans[1].has_value());
    CHECK(ranks_of(*desk.plans[1]) == std::vector<Rank>{1, 2});
    commit_by(desk, {1, 2}, 2);
    CHECK(desk.conductors[1].position().round == 2);
    CHECK(desk.conductors[0].position().round == 1);
    REQUIRE(desk.results.size() == 1);
    CHECK(desk.results[0].second.to == 0);
    desk.take(0, desk.conductors[0].result_arrived(desk.now, 1, state_text(2)));
    desk.deliver();
    CHECK(desk.conductors[0].position() == desk.conductors[2].position());
}

TEST_CASE("a result that gives another state makes the site take the whole state") {
    Desk desk = desk_with_grace(3, 2);
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    desk.wait(milliseconds(20));
    commit_by(desk, {0, 1}, 2);
    desk.take(2, desk.conductors[2].result_arrived(desk.now, 1, state_text(77)));
    desk.deliver();
    CHECK(desk.conductors[2].role() == Role::joining);
    CHECK_FALSE(desk.given.empty());
}

TEST_CASE("who has nobody left to ask for a result goes on from where it is") {
    Desk desk = desk_with_grace(3, 2);
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    desk.wait(milliseconds(20));
    commit_by(desk, {0, 1}, 2);
    REQUIRE(desk.conductors[2].awaited() != nullptr);
    desk.kill(0);
    CHECK(desk.conductors[2].awaited() != nullptr);  // b has it, too
    desk.kill(1);
    CHECK(desk.conductors[2].awaited() == nullptr);
    CHECK(desk.conductors[2].position().round == 1);
}

TEST_CASE("a norm far above the others' is left out and noted; it is dropped when it is too late") {
    Desk desk(3, 1, [](ConductorConfig& config) {
        config.norm_gate = 10;
        config.staleness_most = 0;
    });
    desk.ready_from(0, 0, 1.0);
    desk.ready_from(1, 0, 1000.0);
    desk.ready_from(2, 0, 2.0);
    desk.deliver();
    REQUIRE(desk.plans[0].has_value());
    CHECK(ranks_of(*desk.plans[0]) == std::vector<Rank>{0, 2});
    CHECK(has_note(desk, "gate b"));
    commit_by(desk, {0, 2}, 1);
    desk.take(1, desk.conductors[1].result_arrived(desk.now, 0, state_text(1)));
    CHECK(has_note(desk, "dropped b"));
    CHECK(desk.conductors[1].position() == desk.conductors[0].position());
}

TEST_CASE("a norm that is no number is left out also without a gate") {
    Desk desk(2);
    desk.ready_from(0, 0, 1.0);
    desk.ready_from(1, 0, std::nan(""));
    desk.deliver();
    REQUIRE(desk.plans[0].has_value());
    CHECK(ranks_of(*desk.plans[0]) == std::vector<Rank>{0});
}

// As a site does that came back from a checkpoint and follows the round in which its earlier life took part.
TEST_CASE("work that has been counted is not counted again from the same base") {
    Desk desk(2, 1, [](ConductorConfig& config) { config.staleness_most = 5; });
    desk.all_ready();
    commit_by(desk, {0, 1}, 1);
    desk.ready_from(1, 0);
    CHECK_FALSE(desk.conductors[1].pending().has_value());
    CHECK(has_note(desk, "dropped b"));
    desk.ready_from(1, 1);
    CHECK(desk.conductors[1].pending().has_value());
}

TEST_CASE("whose contribution spoils a reduction is left out until it connects anew") {
    Desk desk(3, 1);
    desk.all_ready();
    REQUIRE(desk.plans[0].has_value());
    const Ballot ballot = desk.plans[0]->ballot;
    desk.take(2, desk.conductors[2].reduce_failed(desk.now, ballot, Rank{1}));
    desk.deliver();
    CHECK(has_note(desk, "gate b"));
    desk.wait(milliseconds(500));
    CHECK(ranks_of(*desk.plans[0]) == std::vector<Rank>{0, 2});
    commit_by(desk, {0, 2}, 1);
    REQUIRE(desk.conductors[1].awaited() != nullptr);
    desk.take(1, desk.conductors[1].result_arrived(desk.now, 0, state_text(1)));
    CHECK(has_note(desk, "dropped b"));
    desk.deliver();
    desk.all_ready();
    CHECK(ranks_of(*desk.plans[0]) == std::vector<Rank>{0, 2});
    commit_by(desk, {0, 2}, 2);
    desk.take(1, desk.conductors[1].result_arrived(desk.now, 1, state_text(2)));
    desk.deliver();

    desk.take(2, desk.conductors[2].peer_down(desk.now, 1));
    desk.take(2, desk.conductors[2].peer_up(desk.now, 1));
    desk.take(1, desk.conductors[1].peer_down(desk.now, 2));
    desk.take(1, desk.conductors[1].peer_up(desk.now, 2));
    desk.deliver();
    desk.all_ready();
    CHECK(ranks_of(*desk.plans[0]) == std::vector<Rank>{0, 1, 2});
}

// ---- many of them, over a network with delays ------------------------------------------------------------

namespace {

NetworkOptions with_slow_sites(std::uint64_t seed) {
    NetworkOptions options;
    options.sites = 5;
    options.quorum = 3;
    options.slow = 2;
    options.rounds = 40;
    options.seed = seed;
    options.grace = GraceConfig{.least = milliseconds(5)};
    options.staleness_most = 20;
    return options;
}

// What every site says at the end.
void check_same(const ConductorNetwork& network) {
    const auto& first = network.sites().front();
    for (const auto& site : network.sites()) {
        CHECK(site.state.digest() == first.state.digest());
        CHECK(site.conductor->position() == first.conductor->position());
        const std::set<std::string> once(site.state.counted.begin(), site.state.counted.end());
        CHECK(once.size() == site.state.counted.size());
        std::string text;
        for (const std::string& line : site.lines) text += line + "\n";
        const auto checked = check_manifests(text.empty() ? first.lines.back() + "\n" : text);
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
    }
}

}  // namespace

TEST_CASE("two slow sites of five do not slow the other three, and what they give counts once") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        NetworkOptions options = with_slow_sites(seed);
        ConductorNetwork mixed(options);
        REQUIRE(mixed.run(600));
        check_same(mixed);
        options.sites = 3;
        options.slow = 0;
        ConductorNetwork fast(options);
        REQUIRE(fast.run(600));
        options = with_slow_sites(seed);
        options.grace.reset();
        ConductorNetwork waiting(options);
        REQUIRE(waiting.run(600));
        // The end waits until all know it; the first rounds wait until slacks are known.
        CHECK(mixed.now() < 1.5 * fast.now() + 1.0);
        CHECK(waiting.now() > 2.5 * mixed.now());
        std::size_t of_slow = 0;
        for (const std::string& one : mixed.sites()[0].state.counted) of_slow += one[0] >= '3' ? 1 : 0;
        CHECK(of_slow > 4);
    }
}

TEST_CASE("slow sites, kills and cuts together end alike at all sites") {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        NetworkOptions options = with_slow_sites(seed);
        options.rounds = 15;
        options.slow_factor = 4;
        options.kills = 4;
        options.cuts = 3;
        options.fragments = 1 + seed % 3;
        options.catch_up_rounds = 1 + seed % 5;
        ConductorNetwork network(options);
        const bool ended = network.run(300);
        std::string notes;
        for (const auto& note : network.notes()) notes += ended ? "" : note + "\n";
        REQUIRE_MESSAGE(ended, "hangs\n", notes, network.picture());
        check_same(network);
    }
}

}  // namespace euromesh::sync

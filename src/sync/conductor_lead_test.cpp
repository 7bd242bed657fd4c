#include <doctest/doctest.h>

#include <algorithm>

#include "sync/desk_for_test.hpp"

namespace euromesh::sync {
namespace {

bool is_commit(Rank, const Send& send) {
    return std::holds_alternative<Commit>(send.message);
}

}  // namespace

TEST_CASE("a round: all ready, one plan, all prepared, one commit for everybody") {
    Desk desk(3);
    CHECK(desk.conductors[2].members() == std::vector<Rank>{0, 1, 2});
    desk.ready(0);
    desk.ready(1);
    desk.deliver();
    CHECK_FALSE(desk.plans[0].has_value());  // c is not ready
    desk.ready(2);
    desk.deliver();
    REQUIRE(desk.plans[2].has_value());
    CHECK(desk.plans[2]->members == std::vector<PlanMember>{{0, 1.0 / 6, 1}, {1, 1.0 / 3, 1}, {2, 0.5, 1}});
    for (const Rank rank : {2, 0}) desk.reduced(rank, 1);
    desk.deliver();
    CHECK(desk.adopted[0].empty());  // b has not finished
    desk.reduced(1, 1);
    desk.deliver();
    for (Rank rank = 0; rank < 3; ++rank) {
        REQUIRE(desk.adopted[rank].size() == 1);
        CHECK(desk.adopted[rank][0] == desk.adopted[0][0]);
        CHECK(desk.conductors[rank].position().round == 1);
        CHECK(desk.conductors[rank].position().tokens_total == 600);
    }
}

TEST_CASE("a member lost before the commit: a second attempt without it, with weights of those who stay") {
    Desk desk(3);
    desk.all_ready();
    const Ballot first = desk.plans[0]->ballot;
    desk.reduced(0, 1);
    desk.reduced(1, 1);
    desk.kill(2);
    desk.deliver();
    REQUIRE(desk.plans[1]->ballot > first);
    CHECK(desk.plans[1]->members == std::vector<PlanMember>{{0, 1.0 / 3, 1}, {1, 2.0 / 3, 1}});
    desk.reduced(0, 2);
    desk.reduced(1, 2);
    desk.deliver();
    REQUIRE(desk.adopted[1].size() == 1);
    CHECK(desk.adopted[1][0].attempt == 2);
    CHECK(desk.adopted[1][0].contributors.size() == 2);
    CHECK(desk.adopted[1][0].state_after == state_text(2));
}

TEST_CASE("a commit that reached only one site before the lead died is completed by the next lead") {
    Desk desk(3);
    desk.all_ready();
    for (Rank rank = 0; rank < 3; ++rank) desk.reduced(rank, 1);
    // The lead commits; only c hears of it, then the lead is gone.
    desk.deliver([](Rank from, const Send& send) { return is_commit(from, send) && send.to == 1; });
    REQUIRE(desk.adopted[2].size() == 1);
    REQUIRE(desk.adopted[1].empty());
    desk.kill(0);
    desk.deliver();
    REQUIRE(desk.adopted[1].size() == 1);
    CHECK(desk.adopted[1][0] == desk.adopted[2][0]);
    CHECK(desk.adopted[1][0].contributors.size() == 3);
    CHECK(desk.conductors[1].position() == desk.conductors[2].position());
    CHECK(desk.adopted[2].size() == 1);
}

TEST_CASE("a commit of an earlier attempt does not pass once a later one is promised") {
    Desk desk(3);
    desk.all_ready();
    for (Rank rank = 0; rank < 3; ++rank) desk.reduced(rank, 1);
    desk.deliver(is_commit);
    REQUIRE(desk.adopted[0].size() == 1);
    const auto late = desk.mail;  // the lead's commit, still in flight when b and c give it up
    desk.mail.clear();
    desk.kill(0);
    desk.deliver();
    REQUIRE(desk.plans[2]->members.size() == 2);
    for (const auto& [from, send] : late) {
        if (send.to == 2) desk.take(2, desk.conductors[2].receive(desk.now, 1, send.message));
    }
    CHECK(desk.adopted[2].empty());
    desk.reduced(1, 2);
    desk.reduced(2, 2);
    desk.deliver();
    REQUIRE(desk.adopted[2].size() == 1);
    CHECK(desk.adopted[2][0].contributors.size() == 2);
}

TEST_CASE("another result at one site: the digest of most counts, the one takes the state of the others") {
    Desk desk(3);
    desk.all_ready();
    desk.reduced(0, 1);
    desk.reduced(1, 1);
    desk.reduced(2, 9);
    desk.deliver();
    CHECK(desk.adopted[1].size() == 1);
    CHECK(desk.adopted[2].empty());
    CHECK(desk.conductors[2].role() == Role::joining);
    REQUIRE(desk.given == std::vector<std::pair<Rank, Rank>>{{0, 2}});
    CHECK(std::count(desk.notes.begin(), desk.notes.end(), "parity c") == 1);
    desk.take(2, desk.conductors[2].state_arrived(desk.now, 0, desk.conductors[0].offer()));
    CHECK(desk.conductors[2].role() == Role::member);
    CHECK(desk.conductors[2].position() == desk.conductors[0].position());
}

TEST_CASE("too few members wait, and a site that comes back gets the state at once") {
    Desk desk(2, 2);
    desk.all_ready();
    desk.reduced(0, 1);
    desk.reduced(1, 1);
    desk.deliver();
    desk.kill(1);
    desk.ready(0);
    desk.deliver();
    CHECK(desk.plans[0]->round == 0);  // no plan for round 1
    desk.dead.erase(1);
    desk.now += std::chrono::seconds(3600);
    Standing joiner;
    joiner.role = Role::joining;
    joiner.state = state_text(0);
    joiner.wants = 0;
    desk.take(0, desk.conductors[0].peer_up(desk.now, 1));
    desk.take(0, desk.conductors[0].receive(desk.now, 1, joiner));
    CHECK(desk.given == std::vector<std::pair<Rank, Rank>>{{0, 1}});
}

// Simulated with quorum = sites, where all waited for each other for ever.
TEST_CASE("what a dead lead has left open does not keep a member from giving the state to a joiner") {
    Desk desk(3, 3);
    desk.all_ready();
    for (Rank rank = 0; rank < 3; ++rank) desk.reduced(rank, 1);
    desk.deliver();
    desk.all_ready();
    desk.reduced(1, 2);
    desk.reduced(2, 2);
    desk.kill(0);
    desk.deliver();
    REQUIRE(desk.conductors[2].standing().prepared.has_value());  // of an attempt that nobody can end
    desk.dead.erase(0);
    Standing joiner;
    joiner.role = Role::joining;
    joiner.state = state_text(0);
    joiner.wants = 2;
    desk.take(2, desk.conductors[2].peer_up(desk.now, 0));
    desk.take(2, desk.conductors[2].receive(desk.now, 0, joiner));
    CHECK(desk.given == std::vector<std::pair<Rank, Rank>>{{2, 0}});
}

TEST_CASE("a failed attempt is tried again after a pause, not at once") {
    Desk desk(2);
    desk.all_ready();
    const Ballot first = desk.plans[0]->ballot;
    desk.take(1, desk.conductors[1].reduce_failed(desk.now, first));
    desk.deliver();
    CHECK(desk.plans[0]->ballot == first);
    desk.now += std::chrono::milliseconds(200);
    desk.take(0, desk.conductors[0].tick(desk.now));
    desk.deliver();
    CHECK(desk.plans[0]->ballot > first);
    CHECK(desk.plans[1]->ballot == desk.plans[0]->ballot);
}

}  // namespace euromesh::sync

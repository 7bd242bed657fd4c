#include "sim/federation/federation_agent.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {
namespace {

TEST_CASE("orders that are older than what was taken in start nothing") {
    FederationAgent agent("s", 3);
    WorldRecord world;
    federation::Orders orders;
    orders.as_of = 5;
    orders.start.push_back({"c1", "j", "", "", "", 0, 60'000, {}, {}});
    agent.take(orders, 0, world);
    REQUIRE(agent.report().claims.size() == 1);
    agent.step(1'000'000, world);
    federation::Orders forget;
    forget.as_of = 6;
    forget.forget = {"c1"};
    agent.take(forget, 1'000'000, world);
    CHECK(agent.idle());
    agent.take(orders, 1'000'001, world);
    CHECK(agent.idle());
    CHECK(agent.report().orders_seen == 6);
}

TEST_CASE("orders for a journal that is lost start nothing under the next one") {
    FederationAgent agent("s", 3);
    WorldRecord world;
    federation::Orders late;
    late.as_of = 5;
    late.journal = agent.report().journal;
    late.start.push_back({"c1", "j", "", "", "", 0, 60'000, {}, {}});
    agent.lose_journal();
    agent.take(late, 0, world);
    CHECK(agent.idle());
    late.journal = agent.report().journal;
    agent.take(late, 0, world);
    CHECK(!agent.idle());
}

TEST_CASE("a cancel of what is not known is noted and told") {
    FederationAgent agent("s", 3);
    WorldRecord world;
    agent.take({1, {}, {"c9"}, {}}, 0, world);
    REQUIRE(agent.report().claims.size() == 1);
    CHECK(agent.report().claims[0].state == "cancelled");
    const std::string journal = agent.report().journal;
    agent.lose_journal();
    CHECK(agent.report().journal != journal);
}

}  // namespace
}  // namespace euromesh::sim

#include "federation/core/core.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a job goes from submission to its end, and its claim is paid once") {
    TestFederation f;
    const std::string id = f.submit(f.spec(4, 3600));
    CHECK(f.job(id).state == "waiting");
    f.plan();
    const std::string claim = f.claim(id).id;
    const std::string site = f.claim(id).site;
    CHECK(f.job(id).state == "placed");
    CHECK(f.allocation().held == 4000);
    CHECK(f.core.orders_for(site, {}).start.empty());
    f.report(site, {});
    const Orders orders = f.core.orders_for(site, {});
    REQUIRE(orders.start.size() == 1);
    CHECK(orders.start[0].claim == claim);
    CHECK(orders.start[0].spec == f.spec(4, 3600));
    CHECK(orders.as_of == f.core.tables().next_seq());
    f.report(site, {{claim, "accepted", 0, 0, 0, 0, ""}});
    f.report(site, {{claim, "running", f.now_ms, 0, 0, 0, ""}});
    CHECK(f.job(id).state == "running");
    const std::int64_t started = f.claim(id).started_ms;
    const ClaimReport ended{claim, "ended", started, started + 1'800'001, 0, 0, ""};
    f.report(site, {ended});
    f.report(site, {ended});
    CHECK(f.job(id).state == "completed");
    CHECK(f.allocation().used == 2001);
    CHECK(f.allocation().held == 0);
    CHECK(f.allocation().left == 1'000'000 - 2001);
    const Orders after = f.core.orders_for(site, {"j", 0, {ended}});
    CHECK(after.start.empty());
    CHECK(after.forget == std::vector<std::string>{claim});
}

TEST_CASE("replaying the log, or a snapshot and its rest, rebuilds the tables byte for byte") {
    TestFederation f;
    const std::string first = f.placed(f.spec());
    const std::string snapshot = f.core.snapshot();
    const auto at = static_cast<std::size_t>(f.core.tables().next_seq());
    f.submit(f.spec(0, 60), "key-1");
    f.plan();
    f.must(f.alice, Cancel{first, "enough"});
    Core again;
    for (const std::string& entry : f.log) REQUIRE(again.replay(entry));
    CHECK(again.digest() == f.core.digest());
    auto restored = Core::restore(snapshot);
    REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().message));
    for (std::size_t i = at; i < f.log.size(); ++i) REQUIRE(restored->replay(f.log[i]));
    CHECK(restored->digest() == f.core.digest());
    CHECK(restored->replay(f.log.back()).error().code == Code::corrupted);
}

TEST_CASE("only time's own actor plans, and nothing happens before the founding") {
    Core core;
    CHECK(core.handle({{"a", "", {}, {}, ""}, SeeAccount{}}, 5).error().code == Code::unavailable);
    TestFederation f;
    CHECK(f.error(f.alice, Plan{}) == "only the coordinator itself plans and expires");
    Found found;
    CHECK(f.run(f.admin, found).error().code == Code::conflict);
}

TEST_CASE("time that goes back counts as the last event's") {
    TestFederation f;
    const auto outcome = f.core.handle({f.alice, Submit{f.spec(), "", ""}}, 5);
    REQUIRE(outcome);
    CHECK(outcome->events.at(0).time_ms == f.core.tables().time_ms());
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/core/tables.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("events that do not fit are refused as corruption") {
    TestFederation f;
    Tables tables;
    CHECK(tables.apply(make_event(0, 1, "x", ClaimLost{"c", ""})).error().code == Code::corrupted);
    const std::int64_t next = f.core.tables().next_seq();
    CHECK(f.core.apply(make_event(next + 1, f.now_ms, "x", ClaimLost{"c", ""}))
              .error()
              .message.find("comes where event") != std::string::npos);
    CHECK(f.core.apply(make_event(next, 5, "x", ClaimLost{"c", ""})).error().message.find("time goes back") !=
          std::string::npos);
    for (const EventData& data :
         {EventData(ClaimLost{"c", ""}), EventData(JobCancelAsked{"j", ""}),
          EventData(ApplicationReviewed{"p", "granted", ""}), EventData(AllocationClawedBack{"a", 1, 1}),
          EventData(SiteDescribed{}), EventData(SiteStateSet{"s", "left", ""}),
          EventData(RulesChanged{{}, "a", "b", {}}), EventData(ClaimStarted{"c", 1}), EventData(JobDecided{}),
          EventData(FederationFounded{}), EventData(ClaimEnded{"c", "ended", 0, 0, 0, 0, ""}),
          EventData(AllocationGranted{{"a", "p", "t", "ju", "ju", 5, 1, 0, 4, 0, 0, 0, 1}, ""})}) {
        const auto status = f.core.apply(make_event(next, f.now_ms, "x", data));
        REQUIRE(!status);
        CHECK(status.error().code == Code::corrupted);
    }
}

TEST_CASE(
    "a decision cannot hold more than is left, nor twice at one site, nor for a job that does not wait") {
    TestFederation f(1000);
    const std::string id = f.submit(f.spec(1, 3600));
    const std::int64_t next = f.core.tables().next_seq();
    const std::string a = f.allocation().id;
    const auto refused = [&](JobDecided decision) {
        Tables tables = f.core.tables();
        return !tables.apply(make_event(next, f.now_ms, "x", std::move(decision)));
    };
    const ClaimDecided good{"c1-0", "fi", "gpu", 1, 3'600'000, 1000, 0, 0, 0};
    JobDecided decision{id, "", "", {}, 0, a, "ju", {good}, Json::array()};
    CHECK(!refused(decision));
    decision.claims[0].held = 1001;
    CHECK(refused(decision));
    decision.claims = {good, good};
    decision.claims[1].claim = "c1-1";
    decision.claims[1].held = 0;
    CHECK(refused(decision));
    decision.claims = {};
    CHECK(refused(decision));
    decision.claims = {good};
    decision.job = "j1";
    CHECK(refused(decision));
}

}  // namespace
}  // namespace euromesh::federation

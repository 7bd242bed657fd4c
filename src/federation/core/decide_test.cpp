#include "federation/core/decide.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a draft numbers its events and makes ids of the numbers") {
    TestFederation f;
    Draft draft(f.core.tables(), f.core.law(), f.alice, f.now_ms);
    const std::int64_t next = f.core.tables().next_seq();
    CHECK(draft.next_id("j") == "j" + std::to_string(next));
    draft.add(ClaimLost{"c", ""});
    CHECK(draft.next_id("j") == "j" + std::to_string(next + 1));
    const auto events = draft.take();
    REQUIRE(events.size() == 1);
    CHECK(events[0].seq == next);
    CHECK(events[0].by == f.alice.account);
}

TEST_CASE("a project that somebody is no member of is not there for them") {
    TestFederation f;
    const Draft alice(f.core.tables(), f.core.law(), f.alice, f.now_ms);
    const Draft bob(f.core.tables(), f.core.law(), f.bob, f.now_ms);
    CHECK(project_of(alice, "p1"));
    CHECK(project_of(bob, "p1").error().message == project_of(bob, "p2").error().message.replace(9, 2, "p1"));
    CHECK(live_allocations(f.core.tables(), "p1", f.now_ms).size() == 1);
    CHECK(live_allocations(f.core.tables(), "p1", f.now_ms + 400ll * 86400 * 1000).empty());
}

}  // namespace
}  // namespace euromesh::federation

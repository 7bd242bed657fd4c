#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t day_ms = 86400ll * 1000;

TEST_CASE("small tiers are decided at once, one allocation at a time; others wait with a clock") {
    TestFederation f(0);
    const auto first = f.must(f.alice, Apply{"p1", "small", "ju", 1000, "try"}).answer;
    CHECK(first["state"] == "granted");
    CHECK(f.allocation().granted == 1000);
    CHECK(f.allocation().end_ms - f.allocation().begin_ms == 90 * day_ms);
    const auto second = f.must(f.alice, Apply{"p1", "small", "ju", 1000, "more"}).answer;
    CHECK(second["state"] == "in-review");
    CHECK(second["due_ms"] == f.now_ms + 4 * day_ms);
    CHECK(f.error(f.alice, Review{second["application"].get<std::string>(), false, ""})
              .find("needs its reason") != std::string::npos);
    f.must(f.admin, Review{second["application"].get<std::string>(), true, "good"});
    CHECK(f.core.tables().allocations().size() == 2);
    CHECK(f.error(f.admin, Review{second["application"].get<std::string>(), true, ""})
              .find("granted already") != std::string::npos);
    CHECK(f.error(f.alice, Apply{"p1", "small", "ju", 5'000'001, ""}).find("amount must be 1 to 5000000") ==
          0);
    CHECK(f.error(f.bob, Apply{"p1", "small", "ju", 1, ""}).find("none that you are a member of") !=
          std::string::npos);
}

TEST_CASE("what is not used is taken back at checkpoints, and not more than what is left") {
    TestFederation f(10'000);
    const std::int64_t begin = f.allocation().begin_ms, length = f.allocation().end_ms - begin;
    f.now_ms = begin + length / 2 - 2000;
    f.must(f.coordinator, Expire{});
    CHECK(f.allocation().granted == 10'000);
    f.now_ms = begin + length / 2;
    f.must(f.coordinator, Expire{});
    CHECK(f.allocation().granted == 7'500);
    CHECK(f.allocation().clawed_back == 2'500);
    const auto again = f.must(f.coordinator, Expire{});
    CHECK(again.events.empty());
    f.now_ms = begin + length / 4 * 3;
    f.must(f.coordinator, Expire{});
    CHECK(f.allocation().granted == 6'250);
}

TEST_CASE("finished jobs and old keys leave the tables, not the log") {
    TestFederation f;
    const std::string id = f.submit(f.spec(), "k");
    f.must(f.alice, Cancel{id, ""});
    f.now_ms += 2 * day_ms;
    f.must(f.coordinator, Expire{});
    CHECK(f.core.tables().key(f.alice.account, "k") == nullptr);
    CHECK(f.core.tables().job(id) != nullptr);
    f.now_ms += 100 * day_ms;
    f.must(f.coordinator, Expire{});
    CHECK(f.core.tables().job(id) == nullptr);
}

TEST_CASE("who a project is in law, its managers cannot change") {
    TestFederation f;
    ProjectRecord project = *f.core.tables().project("p1");
    project.groups.push_back("more");
    f.must(f.alice, SetProject{project});
    project.country = "IT";
    CHECK(f.error(f.alice, SetProject{project}).find("administrators change") != std::string::npos);
    CHECK(f.error(f.bob, SetProject{project}).find("name is taken") != std::string::npos);
    project.country = "Italy";
    CHECK(f.error(f.admin, SetProject{project}).find("two capital letters") != std::string::npos);
    CHECK(f.error(f.alice, RegisterData{{"d", "p1", "mars", "", "", 0, false}}).find("/residency must be") !=
          std::string::npos);
    f.must(f.alice, RegisterData{{"d", "p1", "eu", "", "fi", 100, false}});
    CHECK(f.core.tables().data().at("d").bytes == 100);
}

TEST_CASE("an account is noted when it is new or has changed") {
    TestFederation f;
    CHECK(f.must(f.alice, SeeAccount{}).events.size() == 1);
    CHECK(f.must(f.alice, SeeAccount{}).events.empty());
    f.alice.groups.push_back("x");
    CHECK(f.must(f.alice, SeeAccount{}).events.size() == 1);
}

}  // namespace
}  // namespace euromesh::federation

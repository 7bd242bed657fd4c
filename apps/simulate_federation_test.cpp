// `euromesh simulate federation` as a user calls it.
#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

TEST_CASE("a federation in simulated time holds its promises, tells what struck it, and repeats") {
    const TestRun run;
    const Called first = run.call({"simulate", "federation", "--seed", "7", "--seeds", "3"});
    CHECK(first.status == 0);
    CHECK(first.out.find("Seeds      3, each twice with the same end\n") == 0);
    CHECK(run.call({"simulate", "federation", "--seed", "7", "--seeds", "3"}).out == first.out);
    const Called json = run.call({"simulate", "federation", "--sites", "2", "--jobs", "4", "--json"});
    const auto document = parse_json(json.out);
    REQUIRE(document);
    CHECK((*document)["seeds"] == 1);
    CHECK((*document)["failed"].empty());
    CHECK((*document)["events"] > 10);
}

TEST_CASE("a federation that cannot be simulated is refused, in one line") {
    const TestRun run;
    const Called called = run.call({"simulate", "federation", "--sites", "65"});
    CHECK(called.status == 2);
    CHECK(called.err == "euromesh: sites and jobs must be 1 to 64\n");
}

}  // namespace
}  // namespace euromesh::apps

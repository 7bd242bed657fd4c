#include "federation/core/run_progress.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

RunProgress some() {
    RunProgress progress;
    progress.address = "[::1]:4000";
    progress.rounds = 3;
    progress.rounds_all = 8;
    progress.tokens = 12345;
    progress.loss_millionths = 2'500'000;
    progress.outer_digest = std::string(32, 'a');
    progress.done = true;
    return progress;
}

TEST_CASE("written and read again it is the same, and nothing is no text at all") {
    const auto again = read_run_progress(parse_json(record_text(some())).value());
    REQUIRE(again);
    CHECK(*again == some());
    CHECK(record_text(RunProgress{}) == "{}");
    CHECK(read_run_progress(Json::object()).value() == RunProgress{});
}

TEST_CASE("what cannot be true is refused") {
    for (const char* text : {"[]", R"({"rounds":-1})", R"({"rounds":"1"})", R"({"strange":1})",
                             R"({"outer_digest":"xyz"})", R"({"address":"a b"})"})
        CHECK(!read_run_progress(parse_json(text).value()));
    CHECK(!read_run_progress(Json{{"address", std::string(301, 'a')}}));
    CHECK(!read_run_progress(Json{{"manifest_head", std::string(65, 'a')}}));
}

TEST_CASE("the ledger keeps no address") {
    CHECK(for_the_ledger(some()).address.empty());
    CHECK(for_the_ledger(some()).tokens == 12345);
}

}  // namespace
}  // namespace euromesh::federation

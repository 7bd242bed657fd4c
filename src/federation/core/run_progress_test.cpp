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
    progress.happenings = {{.kind = "allocation", .from_ms = 5, .until_ms = 9, .number = 1, .id = "17"},
                           {.kind = "absent", .site = "b", .from_ms = 7, .number = 3, .last = 4}};
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
    for (const char* text :
         {R"({"kind":"holiday"})", R"({"kind":"absent","from_ms":-1})", R"({"kind":"absent","number":-1})",
          R"({"kind":"disk-full","from_ms":9,"until_ms":8})", R"({"from_ms":9})", "7"})
        CHECK(!read_run_progress(Json{{"happenings", {parse_json(text).value()}}}));
    const Json long_words = {{"kind", "absent"}, {"words", std::string(run_words_most_bytes + 1, 'x')}};
    CHECK(!read_run_progress(Json{{"happenings", {long_words}}}));
    CHECK(!read_run_progress(
        Json{{"happenings", Json::array_t(run_happenings_most + 1, Json{{"kind", "absent"}})}}));
    CHECK(!read_run_progress(Json{{"address", std::string(301, 'a')}}));
    CHECK(!read_run_progress(Json{{"manifest_head", std::string(65, 'a')}}));
}

TEST_CASE("happenings are told by time, the newest when there are too many") {
    std::vector<RunHappening> all;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(run_happenings_most) + 5; ++i)
        all.push_back({.kind = "waiting", .from_ms = 1000 - i});
    tidy(all);
    CHECK(all.size() == run_happenings_most);
    CHECK(all.front().from_ms == 1000 - static_cast<std::int64_t>(run_happenings_most) + 1);
    CHECK(all.back().from_ms == 1000);
}

TEST_CASE("the ledger keeps no address") {
    CHECK(for_the_ledger(some()).address.empty());
    CHECK(for_the_ledger(some()).tokens == 12345);
}

}  // namespace
}  // namespace euromesh::federation

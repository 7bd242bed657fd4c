#include "apps/run_story.hpp"

#include <doctest/doctest.h>

namespace euromesh::apps {
namespace {

Json happening(const char* kind, std::int64_t from_ms, std::int64_t until_ms, const char* words = "") {
    return {{"kind", kind}, {"from_ms", from_ms}, {"until_ms", until_ms}, {"words", words}};
}

Json absence(const char* site, std::int64_t from, std::int64_t first, std::int64_t last) {
    return {{"kind", "absent"},      {"site", site},    {"from_ms", from},
            {"until_ms", from + 10}, {"number", first}, {"last", last}};
}

Json site(const char* name, const Json& of_ledger, const Json& of_agent) {
    return {{"site", name}, {"happenings", of_ledger}, {"run", {{"happenings", of_agent}}}};
}

Json run() {
    Json allocation = happening("allocation", 2'000, 9'500, "cancelled at the site; Slurm: CANCELLED");
    allocation["number"] = 1;
    allocation["id"] = "17";
    return {{"sites",
             {site("a", Json::array(), {absence("c", 5'000, 3, 5), absence("c", 8'000, 9, 9), allocation}),
              site("b", Json::array({happening("site-draining", 4'000, 6'000, "power")}),
                   {absence("c", 5'001, 4, 7), happening("coordinator-away", 1'000, 3'500, "no route")}),
              site("c", Json::array(), Json::array({happening("disk-full", 7'000, 0)}))}}};
}

TEST_CASE("all sites' happenings by time, an absence once") {
    const Json story = run_story(run());
    REQUIRE(story.size() == 6);
    std::int64_t before = 0;
    for (const Json& one : story) {
        CHECK(one["from_ms"] >= before);
        before = one["from_ms"].get<std::int64_t>();
    }
    CHECK(story[0]["site"] == "b");
    CHECK(story[1]["site"] == "a");
    CHECK(story[3]["site"] == "c");
    CHECK(story[3]["number"] == 3);
    CHECK(story[3]["last"] == 7);
    CHECK(story[5]["number"] == 9);
}

TEST_CASE("people read when, for how long, where and what") {
    const std::string text = story_text(run_story(run()), 1'000);
    for (const char* part :
         {"allocation 1 (17): cancelled at the site", "1.0 s", "7.5 s", "took no new work (drained): power",
          "had no part in rounds 3 to 7", "had no part in round 9",
          "could not reach the coordinator: no route", "its disk was full"})
        CHECK_MESSAGE(text.find(part) != std::string::npos, (part + (": " + text)));
    CHECK(story_text(Json::array(), 0).empty());
}

TEST_CASE("what is malformed is left out") {
    CHECK(run_story(Json()).empty());
    CHECK(run_story({{"sites", 7}}).empty());
    CHECK(run_story({{"sites", {7, {{"happenings", {7, "x"}}, {"run", {{"happenings", "x"}}}}}}}).empty());
    CHECK_FALSE(story_text({{{"kind", 7}, {"from_ms", "x"}}}, 0).empty());
}

}  // namespace
}  // namespace euromesh::apps

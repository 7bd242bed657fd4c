#include "contract/run_record.hpp"

#include <doctest/doctest.h>

namespace euromesh::contract {
namespace {

RunSpec two_sites() {
    return *parse_run_spec(
        "[run]\nname='r'\n[[site]]\nname='a'\nlanguage='German'\ntext='a'\nheldout='a'\n"
        "[[site]]\nname='b'\nlanguage='Italian'\ntext='b'\nheldout='b'\n",
        "run.toml");
}

Json round_event(int round, const char* digest, int bytes) {
    return {{"event", "round"},    {"round", round},          {"inner_steps", 30}, {"tokens", 1000},
            {"bytes_sent", bytes}, {"bytes_received", bytes}, {"compute_s", 3.0},  {"wait_s", 1.0},
            {"loss", 2.0},         {"digest", digest}};
}

const Teller site_a{Teller::Kind::federated, "a"}, site_b{Teller::Kind::federated, "b"};

TEST_CASE("rounds of all sites become one row, with totals per site") {
    RunRecord record(two_sites());
    REQUIRE(record.add(site_a, {{"event", "start"}, {"parameters", 10}, {"text_bytes", 99}}));
    REQUIRE(record.add(site_a, round_event(1, "aa", 7)));
    REQUIRE(record.add(site_b, round_event(1, "aa", 9)));
    REQUIRE(record.add(site_a, round_event(2, "bb", 7)));
    const Json document = record.document();
    CHECK(document["rounds"].size() == 2);
    CHECK(document["rounds"][0]["loss"].size() == 2);
    CHECK(document["sites"][0]["tokens"] == 2000);
    CHECK(document["sites"][0]["utilisation"] == 0.75);
    CHECK(record.bytes_sent() == 23);
    CHECK(document["bytes"]["data_parallel"] == data_parallel_bytes(10, 2, 60));
}

TEST_CASE("sites that do not end a round with the same outer parameters are an error") {
    RunRecord record(two_sites());
    REQUIRE(record.add(site_a, round_event(1, "aa", 7)));
    const Status bad = record.add(site_b, round_event(1, "ab", 7));
    REQUIRE(!bad);
    CHECK(bad.error().code == Code::corrupted);
}

TEST_CASE("a curve point needs every language; the verdict compares the final means") {
    RunRecord record(two_sites());
    const auto evaluation = [](const char* language, double loss, int tokens, bool final) {
        return Json{
            {"event", "evaluation"}, {"tokens", tokens}, {"loss", {{language, loss}}}, {"final", final}};
    };
    const auto both = [](double loss) {
        return Json{{"event", "evaluation"},
                    {"tokens", 9},
                    {"loss", {{"German", loss}, {"Italian", loss}}},
                    {"final", true}};
    };
    REQUIRE(record.add(site_a, evaluation("German", 2.5, 5, false)));
    CHECK(record.document()["curves"][0]["points"].empty());
    CHECK(record.document()["verdict"]["gap_to_data_parallel"].is_null());
    REQUIRE(record.add(site_a, evaluation("German", 2.1, 9, true)));
    REQUIRE(record.add(site_b, evaluation("Italian", 2.1, 9, true)));
    REQUIRE(record.add({Teller::Kind::alone, "a"}, both(3.0)));
    REQUIRE(record.add({Teller::Kind::alone, "b"}, both(4.0)));
    REQUIRE(record.add({Teller::Kind::data_parallel, ""}, both(2.0)));
    const Json document = record.document();
    CHECK(document["results"].size() == 4);
    CHECK(document["verdict"]["closed_fraction"].get<double>() == doctest::Approx(0.9));
    CHECK(document["verdict"]["gap_to_data_parallel"].get<double>() == doctest::Approx(0.05));
}

TEST_CASE("a malformed event is refused with its source, an unknown one is not needed") {
    RunRecord record(two_sites());
    CHECK(record.add(site_a, {{"event", "round"}, {"round", "x"}}).error().message ==
          "round of a: 'round' must be a whole number");
    CHECK(!record.add(site_a, Json::array()));
    CHECK(record.add(site_a, {{"event", "from the future"}}));
}

TEST_CASE("an event that several sites saw is told once") {
    RunRecord record(two_sites());
    const Json note = {{"event", "note"}, {"round", 3}, {"text", "site c left"}};
    REQUIRE(record.add(site_a, note));
    REQUIRE(record.add(site_b, note));
    CHECK(record.document()["events"].size() == 1);
}

TEST_CASE("data-parallel bytes are those of a ring all-reduce") {
    CHECK(data_parallel_bytes(1000, 3, 30) == 2 * 2 * 4 * 1000 * 30);
    CHECK(data_parallel_bytes(1000, 1, 30) == 0);
    CHECK(closed_fraction(3, 2, 2) == 1.0);
}

}  // namespace
}  // namespace euromesh::contract

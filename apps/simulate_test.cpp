// `euromesh simulate` as a user calls it: runs that repeat, sizes that nobody has, and what it says to bad
// input.
#include "apps/simulate_question.hpp"
#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

Json document(const Called& called) {
    CAPTURE(called.err);
    REQUIRE(called.status == 0);
    auto json = parse_json(called.out);
    REQUIRE(json);
    return *std::move(json);
}

}  // namespace

TEST_CASE("a seed tells the same twice, with a trace of what happened") {
    const TestRun run;
    const Called first = run.call({"simulate", "faults", "--seed", "7"});
    CHECK(first.status == 0);
    CHECK(first.out.find("Checkers       all hold") != std::string::npos);
    CHECK(first.out.find("Repeat         euromesh simulate faults --seed 7") != std::string::npos);
    CHECK(run.call({"simulate", "faults", "--seed", "7"}).out == first.out);
    const Called traced = run.call({"simulate", "faults", "--seed", "7", "--trace"});
    CHECK(traced.out.find("site0: starts") != std::string::npos);
    CHECK(traced.out.find("round 0 committed") != std::string::npos);
    CHECK(traced.out.ends_with(first.out));
}

TEST_CASE("many seeds are summed up, a broken site is caught and the command that repeats it works") {
    const TestRun run;
    const Json many = document(run.call({"simulate", "faults", "--seeds", "20", "--json"}));
    CHECK(many["seeds"] == 20);
    CHECK(many["failed_seeds"] == 0);
    CHECK(many["contributions"]["counted"] > 0);
    const Called broken = run.call({"simulate", "faults", "--seeds", "100", "--break", "late-twice"});
    CHECK(broken.status == exit_status(Code::internal));
    CHECK(broken.out.find("is counted twice") != std::string::npos);
    CHECK(broken.err.find("repeat the first: euromesh simulate faults --break late-twice --seed ") !=
          std::string::npos);
}

TEST_CASE("a size that no test machine has: bytes as the formula says, exposed is what tau does not hide") {
    const TestRun run;
    const Json answer = document(run.call(
        {"simulate", "--sites",   "4",    "--params", "405e9", "--codec",        "int4", "--inner-steps",
         "100",      "--tau",     "1",    "--rounds", "4",     "--step-seconds", "12",   "--bandwidth",
         "10gbit",   "--latency", "20ms", "--json"}));
    const double payload = 405e9 * (0.5 + 4.0 / 256);
    const double sent = answer["sent_bytes_per_site_and_round"];
    CHECK(sent == doctest::Approx(1.5 * payload).epsilon(0.001));
    const double exposed = answer["exposed_exchange_seconds_per_round"];
    CHECK(exposed == doctest::Approx(1.5 * payload * 8 / 10e9 - 12).epsilon(0.05));
    CHECK(answer["utilisation"] > 0.75);
    CHECK(answer["failures"].empty());
}

TEST_CASE("bad input is one line that says what would be right") {
    const TestRun run;
    const std::vector<std::pair<std::vector<std::string>, std::string>> calls = {
        {{"simulate", "fault"}, "euromesh: no built-in scenario 'fault'; did you mean 'faults'?\n"},
        {{"simulate", "--bandwidth", "fast"},
         "euromesh: --bandwidth: 'fast': use a number and a unit, such as 10gbit or 500mbit\n"},
        {{"simulate", "--bandwidth", "10"},
         "euromesh: --bandwidth: '10': use a number and a unit, such as 10gbit or 500mbit\n"},
        {{"simulate", "--sites", "65"}, "euromesh: --sites: '65': use a whole number from 1 to 64\n"},
        {{"simulate", "--grace", "maybe"}, "euromesh: --grace: 'maybe': use yes or no\n"},
        {{"simulate", "calm", "--quorum", "0"},
         "euromesh: --quorum: '0': use a whole number from 1 to 64\n"}};
    for (const auto& [arguments, message] : calls) {
        const Called called = run.call(arguments);
        CHECK(called.status != 0);
        CHECK(called.out.empty());
        CHECK(called.err == message);
    }
}

TEST_CASE("quantities are read with their units") {
    CHECK(bits_per_second_of("10gbit") == 10e9);
    CHECK(bits_per_second_of("1.5 Gbit/s") == 1.5e9);
    CHECK(seconds_of("20ms") == 0.02);
    CHECK(seconds_of("12") == 12);
    CHECK(count_of("405b") == 405e9);
    CHECK(!count_of("-1"));
    CHECK(!seconds_of("20 parsecs"));
    CHECK(!bits_per_second_of(""));
}

}  // namespace euromesh::apps

// The parts of the program that need no process: the live table, the report page, the windows of a round.
#include <doctest/doctest.h>

#include "apps/job_text.hpp"
#include "apps/live_view.hpp"
#include "apps/page.hpp"
#include "apps/replica.hpp"
#include "apps/report.hpp"
#include "apps/teller.hpp"

namespace euromesh::apps {
namespace {

contract::RunSpec spec_of(const std::string& outer, int steps) {
    return *contract::parse_run_spec("[run]\nname='r'\nsteps=" + std::to_string(steps) + "\n[outer]\n" +
                                         outer + "\n[[site]]\nname='a'\ntext='a'\nheldout='a'\n",
                                     "run.toml");
}

TEST_CASE("a run's steps are cut into rounds without losing or repeating one") {
    const Rounds rounds(spec_of("inner_steps = 30\nfirst_inner_steps = 5\ngrowth_rounds = 4", 100));
    std::uint64_t sum = 0;
    for (std::uint64_t round = 0; round < rounds.count(); ++round) {
        CHECK(rounds.first_step(round) == sum);
        CHECK(rounds.steps(round) >= 1);
        CHECK(rounds.steps(round) <= 30);
        sum += rounds.steps(round);
    }
    CHECK(sum == 100);
    CHECK(rounds.steps(0) == 5);
}

TEST_CASE("the windows of a round depend on seed, site and round, and on nothing else") {
    const contract::RunSpec spec = spec_of("", 100);
    CHECK(sampler_of(spec, 0, 3).state() == sampler_of(spec, 0, 3).state());
    CHECK(sampler_of(spec, 0, 3).state() != sampler_of(spec, 1, 3).state());
    CHECK(sampler_of(spec, 0, 3).state() != sampler_of(spec, 0, 4).state());
}

TEST_CASE("what a site refused is said in its own words, wherever the job is told of") {
    const Json refusals =
        Json::array({Json{{"site", "lumi"}, {"words", "sbatch: error: no such partition"}}});
    const Json job = {{"id", "j1"}, {"state", "waiting"}, {"refusals", refusals}};
    CHECK(job_line(job) == "j1 waiting; lumi refused: sbatch: error: no such partition");
    CHECK(job_line({{"id", "j1"}, {"state", "waiting"}}) == "j1 waiting");
    const Json document = {{"job", "j1"}, {"state", "waiting"}, {"refusals", refusals}};
    CHECK(explanation_text(document)->find("lumi refused: sbatch: error: no such partition\n") !=
          std::string::npos);
}

TEST_CASE("a table shows each process, and fits a narrow terminal") {
    const ManualClock clock;
    LiveView view(clock, {"jupiter", "leonardo"}, 100, false, 60);
    view.add("jupiter", {{"event", "progress"}, {"step", 50}, {"loss", 2.5}, {"tokens_per_second", 9000.0}});
    view.add("jupiter",
             {{"event", "round"}, {"round", 4}, {"loss", 2.25}, {"bytes_sent", 1500}, {"wait_s", 0.5}});
    const std::vector<std::string> lines = view.lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[1].find("2.2500") != std::string::npos);
    CHECK(lines[2].find("waiting") != std::string::npos);
    CHECK(lines[3].find("25 %") != std::string::npos);
    for (const std::string& line : lines) CHECK(line.size() <= 60);
}

TEST_CASE("no text in a report can end its script element") {
    const Result<std::string> html =
        render_report("<script>/*REPORT_DATA*/</script>", {{"x", "</script><b>"}});
    REQUIRE(html);
    CHECK(*html == "<script>{\"x\":\"\\u003c/script>\\u003cb>\"}</script>");
    CHECK(!render_report("no place", {}));
}

TEST_CASE("the page that travels in the program is whole and asks no network") {
    const std::string_view page = report_page();
    CHECK(page.find("/*REPORT_DATA*/") != std::string_view::npos);
    CHECK(page.find("</html>") != std::string_view::npos);
    for (const char* request : {"src=\"http", "@import", "url(http"}) {
        CAPTURE(request);
        CHECK(page.find(request) == std::string_view::npos);
    }
}

TEST_CASE("bytes in words") {
    CHECK(bytes_in_words(999) == "999 B");
    CHECK(bytes_in_words(1234567) == "1.23 MB");
}

}  // namespace
}  // namespace euromesh::apps

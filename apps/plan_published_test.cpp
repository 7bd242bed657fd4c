// `euromesh plan headline` and `plan concentration` as a user calls them.
#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

void check_refused(const Called& called, int status, std::string_view part) {
    CAPTURE(called.err);
    CHECK(called.status == status);
    CHECK(called.out.empty());
    CHECK(called.error_lines() == 1);
    CHECK(called.err.find(part) != std::string::npos);
}

bool says(const Called& called, std::string_view part) {
    CAPTURE(called.out);
    CAPTURE(called.err);
    CHECK(called.status == 0);
    return called.out.find(part) != std::string::npos;
}

Json document(const Called& called) {
    CHECK(called.status == 0);
    const auto json = parse_json(called.out);
    REQUIRE(json);
    return *json;
}

}  // namespace

TEST_CASE("plan headline prints the published table and what checking it shows") {
    const TestRun run;
    const Called called = run.call({"plan", "headline"});
    CHECK(says(called, "optimistic    month 23, Dec 2027      month 67, Aug 2031      44 months\n"));
    CHECK(says(called, "baseline      month 33, Oct 2028      month 85, Feb 2033      52 months\n"));
    CHECK(says(called, "pessimistic   month 49, Feb 2030      month 115, Aug 2035     66 months\n"));
    CHECK(says(called, "all at their best: gap 52 months; all at their worst: gap 52 months\n"));
    CHECK(says(called, "5.5 to 9.5 years (tau_mega), makes the gap 34 months to 82 months"));
    CHECK(says(called, "the gap is -8 months (the campus is first)"));
    CHECK(says(called, "the first 24 sites, 2e28 FLOP: gap 32 months"));
    CHECK(says(called, "in 18.4 hours (published: 19), one site in 27.7 days (published: 27)"));
}

TEST_CASE("plan headline explains every month and tells the same as JSON") {
    const TestRun run;
    const Called explained = run.call({"plan", "headline", "--explain"});
    CHECK(says(explained, "== baseline\ngap: 52 months [C] = month of the campus - month of the mesh\n"));
    CHECK(says(explained, "wait for 40 MW, Netherlands: 4 years"));
    const Json json = document(run.call({"plan", "headline", "--json"}));
    REQUIRE(json["scenarios"].size() == 3);
    const Json& base = json["scenarios"][1];
    CHECK(base["mesh"]["month"] == 33);
    CHECK(base["campus"]["date"] == "Feb 2033");
    CHECK(base["gap_months"] == 52);
    CHECK(base["series"].size() == 120);
    CHECK(base["series"][33]["mesh_mw"] == 40.0);
    CHECK(base["figures"].size() > 30);
    CHECK(json["checks"]["layer1"].size() == 11);
    CHECK(json["checks"]["on_site_gap_months"] == -8);
}

TEST_CASE("plan headline takes a file of the user's own, and says what is wrong in it") {
    const TestRun run;
    run.write("mine.toml", "[headline]\nname = \"mine\"\n[campus]\nlead_years = 2.0\n");
    const Called called = run.call({"plan", "headline", "--scenario", run.file("mine.toml").string()});
    CHECK(says(called, "mine          month 33, Oct 2028      month 25, Feb 2028      -8 months"));
    CHECK(called.out.find("published:") == std::string::npos);
    CHECK(says(run.call({"plan", "headline", "--scenario", "published-optimistic"}), "44 months"));
    run.write("mine.toml", "[campus]\nlead_year = 2.0\n");
    check_refused(run.call({"plan", "headline", "--scenario", run.file("mine.toml").string()}), 2,
                  "mine.toml:2: [campus] lead_year: unknown key; did you mean 'lead_years'?");
    check_refused(run.call({"plan", "headline", "--scenario", "published-base"}), 3,
                  "did you mean 'published-baseline'?");
    run.write("mine.toml", "[campus]\nlead_years = 50\n");
    CHECK(says(run.call({"plan", "headline", "--scenario", run.file("mine.toml").string()}),
               "not in 120 months"));
}

TEST_CASE("plan concentration tells indices today and with a federation") {
    const TestRun run;
    const Json json = document(run.call({"plan", "concentration", "--share", "0.25", "--json"}));
    const Json& today = json["today"];
    CHECK(today["exaflops"].get<double>() == doctest::Approx(70.9).epsilon(0.001));
    CHECK(json["federation"]["gini_heads"].get<double>() ==
          doctest::Approx(0.75 * today["gini_heads"].get<double>()));
    CHECK(json["federation"]["hhi"].get<double>() < today["hhi"].get<double>());
    CHECK(json["countries"][0]["country"] == "DE");
    const Called words = run.call({"plan", "concentration"});
    CHECK(says(words, "10 % shared"));
    CHECK(says(words, "Belgium                      -       -                   -"));
    CHECK(run.call({"plan", "concentration", "--countries", "eu27"}).out != words.out);
    CHECK(run.call({"plan", "concentration", "--status", "operational,installing"}).out != words.out);
}

TEST_CASE("plan concentration refuses what makes no sense") {
    const TestRun run;
    check_refused(run.call({"plan", "concentration", "--share", "-0.1"}), 2, "--share '-0.1'");
    check_refused(run.call({"plan", "concentration", "--status", "running"}), 2, "--status 'running': use");
    check_refused(run.call({"plan", "concentration", "--countries", "g7"}), 2, "eurohpc");
    check_refused(run.call({"plan", "concentration", "--data", run.file("none").string()}), 3, "none");
}

}  // namespace euromesh::apps

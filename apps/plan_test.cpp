// `euromesh plan` as a user calls it: answers, explanations, reports, and what it says to bad input.
#include <algorithm>

#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

void check_refused(const Called& called, Code code, const std::string& beginning) {
    CAPTURE(called.err);
    CHECK(called.status == exit_status(code));
    CHECK(called.out.empty());
    CHECK(called.error_lines() == 1);
    CHECK(called.err.rfind("euromesh: " + beginning, 0) == 0);
}

Json document(const Called& called) {
    CAPTURE(called.err);
    REQUIRE(called.status == 0);
    auto json = parse_json(called.out);
    REQUIRE(json);
    return *std::move(json);
}

const Json* figure(const Json& plan, const std::string& id) {
    const Json& figures = plan["figures"];
    const auto at =
        std::find_if(figures.begin(), figures.end(), [&](const Json& f) { return f["id"] == id; });
    return at == figures.end() ? nullptr : &*at;
}

}  // namespace

TEST_CASE("the existing fleet has a date for both targets at four shares, earlier with more") {
    const TestRun run;
    for (const char* target : {"405b", "llama-405b"}) {
        std::string before = "9999";
        for (const char* share : {"2.5%", "0.10", "25%", "1"}) {
            const Json plan = document(run.call({"plan", "run", "existing-fleet", "--target", target,
                                                 "--share", share, "--scenarios", "512", "--json"}));
            REQUIRE(plan["answer"]["date"].is_string());
            const std::string date = plan["answer"]["date"];
            CHECK(date < before);
            CHECK(plan["answer"]["p10"] <= plan["answer"]["p90"]);
            before = date;
        }
    }
}

TEST_CASE("every number of the document that names a figure has it, down to sources") {
    const TestRun run;
    const Json plan = document(run.call({"plan", "run", "ai-factories", "--scenarios", "512", "--json"}));
    CHECK(plan["format"] == "euromesh-plan/1");
    for (const char* list : {"steps", "tornado", "cost", "sites"})
        for (const Json& row : plan[list])
            if (row.contains("figure") && row["figure"] != "")
                CHECK_MESSAGE(figure(plan, row["figure"]) != nullptr, row.dump());
    for (const auto& [place, id] : plan["links"].items()) CHECK_MESSAGE(figure(plan, id) != nullptr, place);
    for (const Json& row : plan["figures"]) {
        const bool leaf = !row.contains("inputs");
        CHECK_MESSAGE(row.contains(leaf ? "source" : "formula"), row.dump());
        if (leaf) continue;
        for (const Json& input : row["inputs"]) CHECK_MESSAGE(figure(plan, input) != nullptr, row.dump());
    }
}

TEST_CASE("an explanation names sources, grades and formulas; one figure can be asked for") {
    const TestRun run;
    const Called all = run.call({"plan", "run", "--explain"});
    REQUIRE(all.status == 0);
    CHECK(all.out.find("share x cards x peak x MFU") != std::string::npos);
    CHECK(all.out.find("[C]") != std::string::npos);
    CHECK(all.out.find("https://docs.lumi-supercomputer.eu") != std::string::npos);
    const Called one = run.call({"plan", "run", "--figure", "system.lumi-g.cards"});
    CHECK(one.out.rfind("accelerators of LUMI / LUMI-G: 11912 cards [A] LUMI user guide", 0) == 0);
    check_refused(run.call({"plan", "run", "--figure", "system.lumi"}), Code::not_found,
                  "--figure 'system.lumi': no such figure");
}

TEST_CASE("the same seed gives the same answer on any number of threads, another one nearly the same") {
    const TestRun run;
    const auto answer = [&](const char* seed, const char* threads) {
        return document(run.call({"plan", "run", "ai-factories", "--scenarios", "4096", "--seed", seed,
                                  "--threads", threads, "--json"}))["answer"];
    };
    const Json one = answer("1", "1");
    CHECK(one == answer("1", "2"));
    const Json other = answer("2", "2");
    CHECK(one != other);
    CHECK(std::abs(one["days"].get<double>() - other["days"].get<double>()) < 5);
}

TEST_CASE("a report is one file that holds its data and loads nothing") {
    const TestRun run;
    const Called called = run.call({"plan", "compare", "existing-fleet", "campus-on-site", "--share", "2.5%",
                                    "--scenarios", "512", "--report", run.file("plan.html").string()});
    REQUIRE(called.status == 0);
    CHECK(called.out.find("Who is earlier") != std::string::npos);
    const std::string html = run.read(run.file("plan.html"));
    CHECK(html.find("\"format\":\"euromesh-plan/1\"") != std::string::npos);
    CHECK(html.find("\"compare\"") != std::string::npos);
    CHECK(html.find("<script src") == std::string::npos);
    CHECK(html.find("<link rel=\"stylesheet\"") == std::string::npos);
}

TEST_CASE("compare, tornado, sobol, flip, score, ladder and scenarios answer, in words and as JSON") {
    const TestRun run;
    const std::vector<std::vector<std::string>> commands = {
        {"compare", "existing-fleet", "campus-grid", "--scenarios", "256"},
        {"tornado", "existing-fleet"},
        {"sobol", "existing-fleet", "--samples", "256"},
        {"flip", "existing-fleet", "campus-on-site", "--share", "2.5%"},
        {"score", "ai-factories"},
        {"ladder", "existing-fleet"},
    };
    for (std::vector<std::string> command : commands) {
        CAPTURE(command[0]);
        command.insert(command.begin(), "plan");
        const Called words = run.call(command);
        CHECK(words.status == 0);
        CHECK(std::count(words.out.begin(), words.out.end(), '\n') > 4);
        command.push_back("--json");
        CHECK(document(run.call(command)).size() > 0);
    }
    CHECK(run.call({"plan", "scenarios"}).out.find("existing-fleet") != std::string::npos);
}

TEST_CASE("what is out of reach is said to be, not given a date") {
    const TestRun run;
    const Called called = run.call({"plan", "run", "grand-challenge", "--line", "--scenarios", "64"});
    CHECK(called.out ==
          "Grand Challenge share, 2.5 % share, 405b (1.97e25 FLOP): not by 1 December 2027 in 100 % of the "
          "scenarios\n");
}

TEST_CASE("a user's own scenario may include a built-in one and lie anywhere") {
    const TestRun run;
    run.write("mine.toml", "include = \"existing-fleet\"\nname = \"Mine\"\n[fleet]\nshare = 0.5\n");
    run.write("other.toml", "include = \"mine.toml\"\n[target]\nmodel = \"70b\"\n");
    const Called called = run.call({"plan", "run", run.file("other.toml").string(), "--line"});
    CHECK(called.status == 0);
    CHECK(called.out.rfind("Mine, 50 % share, 70b (6.3e24 FLOP): ", 0) == 0);
}

TEST_CASE("bad input is one line with its place, and nothing is written") {
    const TestRun run;
    const auto plan = [&](const std::string& text, std::vector<std::string> more = {}) {
        run.write("s.toml", text);
        std::vector<std::string> command = {"plan", "run", run.file("s.toml").string()};
        command.insert(command.end(), more.begin(), more.end());
        return run.call(command);
    };
    const std::string file = run.file("s.toml").string();
    const std::string base = "include = \"existing-fleet\"\n";
    check_refused(plan(base + "[fleet]\nshear = 0.1\n"), Code::bad_input,
                  file + ":3: [fleet] shear: unknown key; did you mean 'share'?");
    check_refused(plan(base + "[fleet]\nshare = -0.1\n"), Code::bad_input,
                  file + ":3: [fleet] share: -0.1 is out of range; use 1e-06 to 1");
    check_refused(plan(base + "[start]\nfrom = 2026-02-30\n"), Code::bad_input, file + ":3:");
    check_refused(plan("include = \"s.toml\"\n"), Code::bad_input,
                  file + ":1: include: the scenario includes itself: ");
    check_refused(plan(base + "[score]\nlead_years = 0.9\n"), Code::bad_input,
                  file + ":3: [score] lead_years: the weights sum to 1.7; they must sum to 1");
    check_refused(plan(base + "[fleet]\nwith = [\"lumi-ai\"]\n"), Code::bad_input,
                  file + ": [fleet] with: 'lumi-ai' its number of accelerators is not published");
    check_refused(plan(base + "[[build]]\nid = \"x\"\ncountry = \"DE\"\npower_mw = 40\nyears = 2\n"
                              "accelerator = \"mi430x\"\n"),
                  Code::bad_input, file + ": [[build]] x: accelerator 'mi430x' has no published rate");
    const std::string report = run.file("none.html").string();
    check_refused(plan(base, {"--share", "-0.1", "--report", report}), Code::bad_input, "--share '-0.1': ");
    CHECK_FALSE(std::filesystem::exists(report));
    check_refused(plan(base, {"--share", "1.1"}), Code::bad_input, "--share '1.1': ");
    check_refused(plan(base, {"--from", "2026-13-01"}), Code::bad_input, "--from: ");
    check_refused(plan(base, {"--target", "30b"}), Code::bad_input, "--target '30b': ");
    check_refused(run.call({"plan", "run", "existing-flet"}), Code::not_found, "");
    check_refused(run.call({"plan", "run", run.file("absent.toml").string()}), Code::not_found, "");
    check_refused(run.call({"plan", "run", "published-baseline"}), Code::bad_input,
                  "published-baseline holds parameters of the published analysis");
    check_refused(run.call({"plan", "sobol", "--samples", "1000"}), Code::bad_input, "--samples 1000: ");
    check_refused(plan(base, {"--report", "/nowhere/plan.html"}), Code::not_found,
                  "creating /nowhere/plan.html");
}

}  // namespace euromesh::apps

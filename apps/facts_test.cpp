// `euromesh facts` as a user calls it: what it prints, where it says that something is wrong, how it exits.
#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

void check_refused(const Called& called, int status, std::string_view part) {
    CAPTURE(called.err);
    CAPTURE(called.out);
    CHECK(called.status == status);
    CHECK(called.error_lines() == 1);
    CHECK(called.err.rfind("euromesh: ", 0) == 0);
    CHECK(called.err.find(part) != std::string::npos);
}

// The facts of the repository in a folder of the user's own.
struct OwnFacts {
    OwnFacts() {
        std::filesystem::create_directories(folder);
        for (const auto& entry : std::filesystem::directory_iterator("data"))
            if (entry.is_regular_file())
                std::filesystem::copy_file(entry.path(), folder / entry.path().filename());
    }
    void change(const std::string& file, const std::string& what, const std::string& instead) const {
        std::string text = run.read(folder / file);
        const std::size_t at = text.find(what);
        REQUIRE(at != std::string::npos);
        REQUIRE(os::write_file_atomically(folder / file, text.replace(at, what.size(), instead)));
    }

    TestRun run;
    path folder = run.file("mine");
};

TEST_CASE("the facts that travel in the program are sound") {
    const TestRun run;
    const Called called = run.call({"facts", "check"});
    CHECK(called.status == 0);
    CHECK(called.out.find("systems.csv              88 rows\n") != std::string::npos);
    CHECK(called.out.find("no problem found\n") != std::string::npos);
    CHECK(called.err.empty());
    CHECK(run.call({"facts", "check", "data"}).status == 0);
}

TEST_CASE("everything that is wrong in a folder is told, each with file, line, column and field") {
    const OwnFacts own;
    own.change("systems.csv", ",13824,3456,", ",13842,3456,");
    own.change("systems.csv", "eurohpc,Sofia,BG,42.667", "eurohpc,Sofia,BG,142.667");
    own.change("costs.csv", "fx-usd,fx,", "fx-usd,tax,");
    const std::string folder = own.folder.string();
    const Called called = own.run.call({"facts", "check", folder});
    check_refused(called, 2, "euromesh: 3 problems in " + folder + "\n");
    CHECK(called.out.find(folder +
                          "/systems.csv:3:111: accelerator_count: 13842 is not nodes x accel_per_node = "
                          "13824\n") != std::string::npos);
    CHECK(called.out.find(folder + "/systems.csv:11:46: lat: 142.667 is outside -90 to 90\n") !=
          std::string::npos);
    CHECK(called.out.find(folder + "/costs.csv:2:8: category: 'tax' is not one of capex_building") !=
          std::string::npos);
    CHECK(std::count(called.out.begin(), called.out.end(), '\n') == 3);
    CHECK(own.run.call({"facts", "check", "--data", folder}).out == called.out);
    check_refused(own.run.call({"facts", "table", "--data", folder}), 2,
                  "costs.csv:2:8: category: 'tax' is not");
}

TEST_CASE("problems as JSON") {
    const OwnFacts own;
    own.change("systems.csv", "lumi-g,", "lumi-ai,");
    const Called called = own.run.call({"facts", "check", own.folder.string(), "--json"});
    CHECK(called.status == 2);
    const auto document = parse_json(called.out);
    REQUIRE(document);
    CHECK((*document)["problem_count"] == 1);
    const Json& problem = (*document)["problems"][0];
    CHECK(problem["line"] == 21);
    CHECK(problem["column"] == 1);
    CHECK(problem["field"] == "id");
    CHECK(problem["problem"] == "'lumi-ai' stands in an earlier row too");
    CHECK((*document)["rows"]["network.csv"] == 300);
}

TEST_CASE("a folder, a file or a table that is not there, and one that is too large") {
    const OwnFacts own;
    const std::string folder = own.folder.string();
    check_refused(own.run.call({"facts", "check", folder + "-not"}), 3, "no such folder of facts");
    std::filesystem::remove(own.folder / "energy.csv");
    REQUIRE(os::write_file_atomically(own.folder / "costs.csv", std::string(5 << 20, 'x')));
    REQUIRE(os::write_file_atomically(own.folder / "network.csv", "id,type\n"));
    const Called called = own.run.call({"facts", "check", folder});
    CHECK(called.status == 2);
    CHECK(called.out.find(folder + "/energy.csv:1:1: ") != std::string::npos);
    CHECK(called.out.find(folder + "/costs.csv:1:1: ") != std::string::npos);
    CHECK(called.out.find(folder + "/network.csv:1:1: a: this column is missing (there are id, type)") !=
          std::string::npos);
}

TEST_CASE("the published totals") {
    const TestRun run;
    const Called called = run.call({"facts", "table"});
    CHECK(called.status == 0);
    CHECK(called.out.find(
              "operational                 56     101,052      70.9      82,196      52.9      18,856"
              "      18.0 ") != std::string::npos);
    CHECK(run.call({"facts", "table", "--by", "country"}).out.find("\nDE ") != std::string::npos);
    CHECK(run.call({"facts", "table", "--by", "accelerator"}).out.find("\ngh200-96 ") != std::string::npos);
    CHECK(run.call({"facts", "table", "--by", "kind"}).out.find("\nnational ") != std::string::npos);
    const auto document = parse_json(run.call({"facts", "table", "--json"}).out);
    REQUIRE(document);
    CHECK((*document)["rows"][0]["all"]["accelerators"] == 101052);
    check_refused(run.call({"facts", "table", "--by", "colour"}), 2, "colour");
}

TEST_CASE("any record is shown with its sources") {
    const TestRun run;
    const Called germany = run.call({"facts", "show", "DE"});
    CHECK(germany.status == 0);
    CHECK(germany.out.find("DE  (countries.csv, line ") == 0);
    CHECK(germany.out.find("\nDE  (energy.csv, line ") != std::string::npos);
    CHECK(germany.out.find("0.226 EUR/kWh") != std::string::npos);
    for (const char* id : {"lumi-g", "h100-sxm-80", "fx-usd", "nl-large", "llama31-405b", "aif-fast-lane",
                           "antenna-be", "rtt-rule"}) {
        const Called called = run.call({"facts", "show", id});
        CAPTURE(id);
        CHECK(called.status == 0);
        CHECK(called.out.find("\n  source ") != std::string::npos);
        CHECK(called.out.find("\n  grade ") != std::string::npos);
    }
    const auto document = parse_json(run.call({"facts", "--json", "show", "jupiter-booster"}).out);
    REQUIRE(document);
    CHECK((*document)["records"][0]["fields"]["accelerator_count"] == 23536);
    check_refused(run.call({"facts", "show", "jupiter-boster"}), 3, "(do you mean jupiter-booster?)");
    check_refused(run.call({"facts", "show"}), 2, "id");
}

TEST_CASE("all systems, a line each") {
    const TestRun run;
    const Called called = run.call({"facts", "list"});
    CHECK(std::count(called.out.begin(), called.out.end(), '\n') == 89);
    const auto document = parse_json(run.call({"facts", "--json", "list"}).out);
    REQUIRE(document);
    CHECK(document->size() == 88);
}

}  // namespace
}  // namespace euromesh::apps

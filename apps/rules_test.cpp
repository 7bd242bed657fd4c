// `euromesh rules` as a user calls it.
#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

const std::string open_door = "rule open\n  \"all may run\"\n  source \"the board\"\npermit place;\n";
const std::string eu_only =
    "rule eu\n  \"stays in the EU\"\n  source \"the law\"\nforbid place\nwhen data.residency == \"eu\" and "
    "not site.eu;\n";

void check_refused(const Called& called, int status, std::string_view part) {
    CAPTURE(called.err);
    CAPTURE(called.out);
    CHECK(called.status == status);
    CHECK(called.error_lines() == 1);
    CHECK(called.err.rfind("euromesh: ", 0) == 0);
    CHECK(called.err.find(part) != std::string::npos);
}

struct Files {
    Files() {
        run.write("my.rules", open_door + "\n" + eu_only);
        run.write("my.cases",
                  "case \"at home\" place given data.residency is \"eu\", site.eu is true allowed by open;\n"
                  "case \"abroad\" place given data.residency is \"eu\" refused by eu;\n");
    }
    std::string at(const std::string& name) const { return run.file(name).string(); }
    TestRun run;
};

TEST_CASE("the shipped rules are sound, and their cases hold") {
    const TestRun run;
    const Called checked = run.call({"rules", "check"});
    CHECK(checked.status == 0);
    CHECK(checked.out.find(" rules in 8 files, no problem found\nsha256 ") != std::string::npos);
    const Called tested = run.call({"rules", "test"});
    CHECK(tested.status == 0);
    CHECK(tested.out.find("residency.cases: 20 passed, 0 failed\n") != std::string::npos);
    CHECK(tested.out.find("no case in which") == std::string::npos);
    const Called listed = run.call({"rules", "shipped"});
    CHECK(listed.out.find("base.rules\n") != std::string::npos);
    CHECK(run.call({"rules", "shipped", "export"}).out.find("Regulation (EU) 2021/821, art. 3(1)") !=
          std::string::npos);
    check_refused(run.call({"rules", "shipped", "exports"}), 3, "there are accounting.rules, base.rules");
}

TEST_CASE("check tells every mistake with file, line and column") {
    const Files files;
    CHECK(files.run.call({"rules", "check", files.at("my.rules")}).status == 0);
    files.run.write(
        "bad.rules",
        "rule a \"r\" source \"s\" permit plaice;\nrule b \"r\" source \"s\" permit place when sit.eu;\n");
    const Called called = files.run.call({"rules", "check", files.at("bad.rules"), files.at("my.rules")});
    check_refused(called, 2, "2 problems");
    CHECK(called.out ==
          files.at("bad.rules") + ":1:30: rule a: there is no action 'plaice' (do you mean place?)\n" +
              files.at("bad.rules") + ":2:41: rule b: there is no subject 'sit' (do you mean site?)\n");
    check_refused(files.run.call({"rules", "check", files.at("none.rules")}), 3, "none.rules");
}

TEST_CASE("fmt lays out in place, and tells with --check what it would") {
    const Files files;
    const std::string ugly = "rule open \"all may run\" source \"the board\" permit   place ;";
    files.run.write("ugly.rules", ugly);
    const std::string file = files.at("ugly.rules");
    const Called checked = files.run.call({"rules", "fmt", "--check", file});
    check_refused(checked, 2, "1 not laid out");
    CHECK(checked.out == file + "\n");
    CHECK(files.run.read(file) == ugly);
    CHECK(files.run.call({"rules", "fmt", file}).status == 0);
    CHECK(files.run.read(file) == open_door);
    CHECK(files.run.call({"rules", "fmt", "--check", file}).status == 0);
    files.run.write("ugly.rules", "rule open");
    check_refused(files.run.call({"rules", "fmt", file}), 2, "1 problem");
    CHECK(files.run.read(file) == "rule open");
}

TEST_CASE("test counts, names what fails, and what is never tried") {
    const Files files;
    const Called good = files.run.call({"rules", "test", files.at("my.rules")});
    CHECK(good.status == 0);
    CHECK(good.out.find("2 passed, 0 failed\n") != std::string::npos);
    files.run.write("my.cases", "case \"abroad\" place refused by eu;");
    const Called bad = files.run.call({"rules", "test", files.at("my.cases")});
    check_refused(bad, 2, "1 of 1 cases failed");
    CHECK(bad.out.find("my.cases:1:6: abroad: expected refused by eu, it is allowed by open\n") !=
          std::string::npos);
    CHECK(bad.out.find("  no case in which eu (") != std::string::npos);
    files.run.write("my.cases", "rules \"nowhere.rules\"; case \"x\" place allowed;");
    check_refused(files.run.call({"rules", "test", files.at("my.cases")}), 3, "nowhere.rules");
    files.run.write("my.cases", "cases");
    check_refused(files.run.call({"rules", "test", files.at("my.cases")}), 2, "1 problem");
}

TEST_CASE("explain names the rule, its reason, its source and what it looked at") {
    const Files files;
    const Called sampled = files.run.call({"rules", "sample", "--count", "200"});
    Json request;
    std::size_t begin = 0;
    while (request.is_null()) {
        const std::size_t end = sampled.out.find('\n', begin);
        REQUIRE(end != std::string::npos);
        const Json line = parse_json(sampled.out.substr(begin, end - begin)).value();
        begin = end + 1;
        for (const Json& asked : line["requests"]) {
            if (asked["request"]["action"] == "place") request = asked["request"];
        }
    }
    request["data"][0]["residency"] = "eu";
    request["site"]["eu"] = false;
    files.run.write("request.json", request.dump());
    const std::vector<std::string> call = {
        "rules", "explain", "--request", files.at("request.json"), "--rules", files.at("my.rules")};
    const Called explained = files.run.call(call);
    CHECK(explained.status == 0);
    CHECK(explained.out.find("refused: forbidden\n  eu (federation, ") == 0);
    CHECK(explained.out.find(
              "stays in the EU [the law]\n    data.residency is \"eu\"\n    site.eu is false\n") !=
          std::string::npos);

    files.run.write("lumi.rules", "rule closed \"we rest\" source \"us\" forbid place;");
    auto narrowed = call;
    narrowed.insert(narrowed.end(), {"--site-rules", files.at("lumi.rules"), "--json"});
    const Json document = parse_json(files.run.call(narrowed).out).value();
    CHECK(document["allowed"] == false);
    CHECK(document["deciding"][1] == Json{{"rule", "closed"}, {"origin", "lumi"}});
    CHECK(document["digest"].get<std::string>().size() == 64);

    files.run.write("request.json", "{\"action\": \"place\"}");
    check_refused(files.run.call(call), 2, "request.json: request to place: person is missing");
    check_refused(files.run.call({"rules", "explain"}), 2, "--request");
}

TEST_CASE("the schema, for people and for programs") {
    const TestRun run;
    CHECK(run.call({"rules", "schema"}).out.find("\nactions and what they concern\n") != std::string::npos);
    const Json document = parse_json(run.call({"rules", "schema", "--json"}).out).value();
    CHECK(document["subjects"]["peer"] == "site");
}

}  // namespace
}  // namespace euromesh::apps

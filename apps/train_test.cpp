// Whole runs of the real program over loopback: sites as processes, keys, exchange, manifests, report.
#include <csignal>
#include <set>

#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

std::vector<Json> events_of(const TestRun& run, const std::string& name, const std::string& kind) {
    std::vector<Json> events;
    const std::string text = run.read(run.run_folder() / "events" / (name + ".jsonl"));
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const Result<Json> event = parse_json(text.substr(begin, end - begin));
        REQUIRE(event);
        if (event->value("event", "") == kind) events.push_back(*event);
        begin = end + 1;
    }
    return events;
}

std::string manifests_of(const TestRun& run, const std::string& site) {
    return (run.run_folder() / "sites" / site / "manifests.jsonl").string();
}

TEST_CASE("three sites train one model: equal outer parameters, a checked chain, a report") {
    const TestRun run;
    const std::string file = run.file("run.toml").string();
    const Called called = run.call({"train", file, "--baseline"});
    CAPTURE(called.err);
    REQUIRE(called.status == 0);
    const std::vector<Json> a = events_of(run, "a", "round"), b = events_of(run, "b", "round"),
                            c = events_of(run, "c", "round");
    REQUIRE(a.size() == 8);
    REQUIRE(b.size() == 8);
    REQUIRE(c.size() == 8);
    std::set<std::string> digests;
    for (std::size_t i = 0; i < a.size(); ++i) {
        CHECK(a[i]["digest"] == b[i]["digest"]);
        CHECK(a[i]["digest"] == c[i]["digest"]);
        digests.insert(a[i]["digest"].get<std::string>());
    }
    CHECK(digests.size() == 8);

    const Called checked = run.call({"train", "--json", "--check-manifests", manifests_of(run, "a"),
                                     manifests_of(run, "b"), manifests_of(run, "c")});
    REQUIRE(checked.status == 0);
    const Json document = *parse_json(checked.out);
    for (const Json& row : document["files"]) {
        CHECK(row["lines"] == 8);
        CHECK(row["checkpoint_matches"] == true);
        CHECK(row["head"] == document["files"][0]["head"]);
    }

    const Json report = *parse_json(run.read(run.run_folder() / "report.json"));
    CHECK(report["results"].size() == 5);
    CHECK(report["verdict"]["gap_to_data_parallel"].is_number());
    CHECK(report["samples"].size() == 3);
    const std::string html = run.read(run.run_folder() / "report.html");
    CHECK(html.find("/*REPORT_DATA*/") == std::string::npos);
    CHECK(html.find("\"euromesh-report/1\"") != std::string::npos);
}

TEST_CASE("a manifest that was changed is found, by file and line") {
    const TestRun run;
    run.write("run.toml", TestRun::run_file(1));
    REQUIRE(run.call({"train", run.file("run.toml").string()}).status == 0);
    std::string text = run.read(manifests_of(run, "a"));
    const std::size_t at = text.find("\"tokens\":", text.find('\n')) + 9;
    text[at] = text[at] == '9' ? '8' : '9';
    run.write("changed.jsonl", text);
    const Called checked = run.call({"train", "--check-manifests", run.file("changed.jsonl").string()});
    CHECK(checked.status == 8);
    CHECK(checked.err.find("line 2") != std::string::npos);
}

TEST_CASE("one site alone is a run too, without any network") {
    const TestRun run;
    run.write("run.toml", TestRun::run_file(1));
    REQUIRE(run.call({"train", run.file("run.toml").string(), "--json"}).status == 0);
    const std::vector<Json> rounds = events_of(run, "a", "round");
    REQUIRE(rounds.size() == 8);
    CHECK(rounds[0]["bytes_sent"] == 0);
    CHECK(rounds.back()["loss"].get<double>() < rounds[0]["loss"].get<double>());
}

TEST_CASE("a finished run is not trained again; a longer one goes on from the checkpoint of any one site") {
    const TestRun run;
    const std::string file = run.file("run.toml").string();
    REQUIRE(run.call({"train", file}).status == 0);
    const std::string before = run.read(manifests_of(run, "a"));
    REQUIRE(run.call({"train", file, "--resume"}).status == 0);
    CHECK(run.read(manifests_of(run, "a")) == before);

    // Only site b's state is left, as if the other two machines were lost; and the run is to be longer.
    for (const char* lost : {"a", "c"}) std::filesystem::remove_all(run.run_folder() / "sites" / lost);
    for (const char* site : {"a", "b", "c"})
        std::filesystem::remove(run.run_folder() / "events" / (std::string(site) + ".jsonl"));
    const std::string claim = run.read(run.run_folder() / "run.json");
    run.write("runs/small/run.json", std::string(claim).replace(claim.find("40"), 2, "60"));
    const Called resumed = run.call({"train", file, "--resume"});
    CAPTURE(resumed.err);
    REQUIRE(resumed.status == 0);
    for (const char* site : {"a", "b", "c"}) {
        const std::vector<Json> rounds = events_of(run, site, "round");
        REQUIRE(rounds.size() == 4);
        CHECK(rounds[0]["round"] == 8);
        CHECK(rounds[3]["digest"] == events_of(run, "a", "round")[3]["digest"]);
    }
}

// Site c is killed in mid-run and started again by the launcher: the others go on, and c is back.
TEST_CASE("kill -9 of a site: the others finish, and it is back within two rounds") {
    const TestRun run;
    run.write("run.toml", run.changed("steps = 40", "steps = 4000"));
    os::Children launcher;
    REQUIRE(launcher.start(run.command({"train", run.file("run.toml").string(), "--json"}),
                           run.file("stderr.txt")));
    bool killed = false;
    int status = -1, victim = -1;
    while (launcher.any_left()) {
        for (const os::ChildEvent& event : launcher.poll(std::chrono::milliseconds(1000))) {
            if (event.exit_status) status = *event.exit_status;
            if (killed || event.line.find("\"process\":\"c\"") == std::string::npos) continue;
            const Json told = *parse_json(event.line);
            if (told.value("event", "") == "start") victim = told["process_id"].get<int>();
            if (told.value("event", "") != "round" || told["round"] < 100) continue;
            ::kill(victim, SIGKILL);
            killed = true;
        }
    }
    CAPTURE(run.read(run.file("stderr.txt")));
    REQUIRE(killed);
    REQUIRE(status == 0);
    const std::vector<Json> a = events_of(run, "a", "round"), c = events_of(run, "c", "round");
    CHECK(a.size() == 800);
    CHECK(c.back()["round"] == 799);
    CHECK(c.back()["digest"] == a.back()["digest"]);
    const std::vector<Json> starts = events_of(run, "c", "start");
    REQUIRE(starts.size() == 2);
    CHECK(starts[1]["joined"] == true);
    // It contributes to the first round that it exchanges in.
    const auto first =
        std::find_if(c.begin(), c.end(), [&](const Json& e) { return e["round"] >= starts[1]["round"]; });
    REQUIRE(first != c.end());
    CHECK((*first)["round"].get<int>() <= starts[1]["round"].get<int>() + 1);
    CHECK((*first)["contributed"] == true);
}

TEST_CASE("sites that do not fit each other are refused, and both say why") {
    const TestRun run;
    run.write("other.toml", run.changed("hidden = 64", "hidden = 96"));
    const std::string addresses = "a=127.0.0.1:39417,b=127.0.0.1:39418,c=127.0.0.1:39419";
    REQUIRE(run.call({"pki", "init", run.file("run.toml").string()}).status == 0);
    const auto site = [&](const char* file, const char* name) {
        return run.command(
            {"train", run.file(file).string(), "--site", name, "--addresses", addresses, "--json"});
    };
    os::Children children;
    REQUIRE(children.start(site("run.toml", "a"), run.file("a.err")));
    REQUIRE(children.start(site("other.toml", "b"), run.file("b.err")));
    std::vector<int> statuses;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(1000))) {
            if (event.exit_status) statuses.push_back(*event.exit_status);
        }
    }
    CHECK(statuses == std::vector<int>{5, 5});
    for (const char* log : {"a.err", "b.err"}) {
        CAPTURE(run.read(run.file(log)));
        CHECK(run.read(run.file(log)).find("shape") != std::string::npos);
    }
}

}  // namespace
}  // namespace euromesh::apps

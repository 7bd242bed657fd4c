// Whole runs of the real program over loopback: sites as processes, keys, exchange, manifests, report.
#include <csignal>
#include <set>

#include "apps/test_run.hpp"
#include "contract/measured.hpp"

namespace euromesh::apps {
namespace {

std::string manifests_of(const TestRun& run, const std::string& site) {
    return (run.run_folder() / "sites" / site / "manifests.jsonl").string();
}

TEST_CASE("three sites train one model: equal outer parameters, a checked chain, a report") {
    const TestRun run;
    const std::string file = run.file("run.toml").string();
    const std::string measure = run.file("measured.json").string();
    const Called called = run.call({"train", file, "--baseline", "--measure", measure});
    CAPTURE(called.err);
    REQUIRE(called.status == 0);
    const contract::Measured measured = contract::read_measured(measure).value();
    CHECK(measured.sites.size() == 3);
    CHECK(measured.rounds == 8);
    CHECK(measured.batch_tokens == 3 * 4 * 16);
    CHECK(measured.bytes_per_parameter > 4.0 / 3);  // 2 (M - 1)/M payloads of int8
    CHECK(measured.loss_gap.has_value());
    const std::vector<Json> a = run.events_of("a", "round"), b = run.events_of("b", "round"),
                            c = run.events_of("c", "round");
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

TEST_CASE("a run with fragments, overlap and a quorum ends alike at all sites and is resumed") {
    const TestRun run;
    const std::string outer =
        "inner_steps = 6\nfragments = 2\noverlap = 1\n[rounds]\nwait = 'quorum'\n"
        "quorum = 2\n";
    run.write("run.toml", run.changed("inner_steps = 5\n", outer));
    const std::string file = run.file("run.toml").string();
    const Called called = run.call({"train", file});
    CAPTURE(called.err);
    REQUIRE(called.status == 0);
    const std::vector<Json> rounds = run.events_of("a", "round");
    REQUIRE(rounds.size() == 14);  // 40 steps, 3 between two exchanges
    CHECK(rounds[4]["fragment"] == 0);
    CHECK(rounds[5]["fragment"] == 1);
    const Called checked = run.call({"train", "--json", "--check-manifests", manifests_of(run, "a"),
                                     manifests_of(run, "b"), manifests_of(run, "c")});
    REQUIRE(checked.status == 0);
    const Json document = *parse_json(checked.out);
    for (const Json& row : document["files"]) {
        CHECK(row["lines"] == 14);
        CHECK(row["checkpoint_matches"] == true);
        CHECK(row["head"] == document["files"][0]["head"]);
    }
    CHECK(run.read(run.run_folder() / "report.html").find("\"euromesh-report/1\"") != std::string::npos);

    for (const char* site : {"a", "b", "c"})
        std::filesystem::remove(run.run_folder() / "events" / (std::string(site) + ".jsonl"));
    const std::string claim = run.read(run.run_folder() / "run.json");
    run.write("runs/small/run.json", std::string(claim).replace(claim.find("40"), 2, "60"));
    const Called resumed = run.call({"train", file, "--resume"});
    CAPTURE(resumed.err);
    REQUIRE(resumed.status == 0);
    for (const char* site : {"a", "b", "c"}) {
        const std::vector<Json> more = run.events_of(site, "round");
        REQUIRE(more.size() == 6);
        CHECK(more[0]["round"] == 14);
        CHECK(more[5]["digest"] == run.events_of("a", "round")[5]["digest"]);
    }
}

TEST_CASE("a measure file that could not be written is refused before the run") {
    const TestRun run;
    const std::string file = run.file("run.toml").string();
    const Called nowhere = run.call({"train", file, "--measure", run.file("no/such/m.json").string()});
    CHECK(nowhere.status == 3);
    CHECK(nowhere.error_lines() == 1);
    CHECK(!std::filesystem::exists(run.run_folder()));
    CHECK(run.call({"train", file, "--measure", "m.json", "--site", "a"}).status == 2);
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
    const std::vector<Json> rounds = run.events_of("a", "round");
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
        const std::vector<Json> rounds = run.events_of(site, "round");
        REQUIRE(rounds.size() == 4);
        CHECK(rounds[0]["round"] == 8);
        CHECK(rounds[3]["digest"] == run.events_of("a", "round")[3]["digest"]);
    }
}

// Eight rounds with delay 3: the last checkpoint holds the sum of two of them.
TEST_CASE("delayed Nesterov: the checkpoint is the state of the manifests, and the run goes on from it") {
    const TestRun run;
    const std::string settings =
        "inner_steps = 5\nkind = 'delayed-nesterov'\ndelay = 3\nweights = "
        "'tokens2-per-step'\n";
    run.write("run.toml", run.changed("inner_steps = 5\n", settings, 2));
    const std::string file = run.file("run.toml").string();
    const Called called = run.call({"train", file});
    CAPTURE(called.err);
    REQUIRE(called.status == 0);
    const Called checked = run.call({"train", "--json", "--check-manifests", manifests_of(run, "a")});
    REQUIRE(checked.status == 0);
    CHECK((*parse_json(checked.out))["files"][0]["checkpoint_matches"] == true);
    CHECK((*parse_json(run.read(run.run_folder() / "report.json")))["run"]["outer"] ==
          "Nesterov, rate 0.7, momentum 0.9 every 3 rounds");

    std::filesystem::remove_all(run.run_folder() / "sites" / "a");
    for (const char* site : {"a", "b"})
        std::filesystem::remove(run.run_folder() / "events" / (std::string(site) + ".jsonl"));
    const std::string claim = run.read(run.run_folder() / "run.json");
    run.write("runs/small/run.json", std::string(claim).replace(claim.find("40"), 2, "50"));
    const Called resumed = run.call({"train", file, "--resume"});
    CAPTURE(resumed.err);
    REQUIRE(resumed.status == 0);
    for (const char* site : {"a", "b"}) {
        const std::vector<Json> rounds = run.events_of(site, "round");
        REQUIRE(rounds.size() == 2);
        CHECK(rounds[0]["round"] == 8);
        CHECK(rounds[1]["digest"] == run.events_of("a", "round")[1]["digest"]);
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
    const std::vector<Json> a = run.events_of("a", "round"), c = run.events_of("c", "round");
    CHECK(a.size() == 800);
    CHECK(c.back()["round"] == 799);
    CHECK(c.back()["digest"] == a.back()["digest"]);
    const std::vector<Json> starts = run.events_of("c", "start");
    REQUIRE(starts.size() == 2);
    CHECK(starts[1]["joined"] == true);
    // Its contribution counts again at the latest two rounds after the one that it came back in.
    const int back = starts[1]["round"].get<int>();
    const auto counted = std::find_if(
        c.begin(), c.end(), [&](const Json& e) { return e["round"] >= back && e["contributed"] == true; });
    REQUIRE(counted != c.end());
    CHECK((*counted)["round"].get<int>() <= back + 2);
}

struct Pair {
    std::string own_words;    // of the site that does not fit
    std::string other_words;  // of the site that it met
    int status = -1;
};

// Site a runs as it should; site b has something wrong. b ends; a waits for a better b until it is told to
// stop.
Pair meet(const TestRun& run, const std::string& file_of_b) {
    const std::string addresses = "a=127.0.0.1:39417,b=127.0.0.1:39418,c=127.0.0.1:39419";
    const auto site = [&](const std::string& file, const char* name) {
        return run.command(
            {"train", run.file(file).string(), "--site", name, "--addresses", addresses, "--json"});
    };
    os::Children children;
    REQUIRE(children.start(site("run.toml", "a"), run.file("a.err")));
    REQUIRE(children.start(site(file_of_b, "b"), run.file("b.err")));
    Pair pair;
    int status_of_a = -1;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(1000))) {
            if (!event.exit_status) continue;
            (event.child == 0 ? status_of_a : pair.status) = *event.exit_status;
            if (event.child == 1) children.send_signal(0, SIGTERM);
        }
    }
    CHECK(status_of_a == 75);
    pair.own_words = run.read(run.file("b.err"));
    pair.other_words = run.read(run.file("a.err"));
    return pair;
}

TEST_CASE("a site with another model shape is refused, and both say why") {
    const TestRun run;
    run.write("other.toml", run.changed("hidden = 64", "hidden = 96"));
    REQUIRE(run.call({"pki", "init", run.file("run.toml").string()}).status == 0);
    const Pair pair = meet(run, "other.toml");
    CAPTURE(pair.own_words);
    CHECK(pair.status == 5);
    CHECK(pair.own_words.find("another model shape") != std::string::npos);
    CHECK(pair.other_words.find("another model shape") != std::string::npos);
}

TEST_CASE("a site with a certificate from another authority is refused") {
    const TestRun run;
    run.write("other.toml", run.changed("[inner]", "[exchange]\npki = 'other'\n[inner]"));
    for (const char* file : {"run.toml", "other.toml"})
        REQUIRE(run.call({"pki", "init", run.file(file).string()}).status == 0);
    const Pair pair = meet(run, "other.toml");
    CAPTURE(pair.own_words);
    CHECK(pair.status == 5);
    CHECK(pair.own_words.find("certificate") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::apps

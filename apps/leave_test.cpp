// Sites that leave before their time is over and come back: real processes, stopped as a scheduler stops
// them.
#include <csignal>
#include <map>

#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

// Runs all sites; c gets SIGTERM `times` times, each time after it has taken part in some rounds.
int train_and_stop(const TestRun& run, int times) {
    os::Children launcher;
    REQUIRE(launcher.start(
        run.command({"train", run.file("run.toml").string(), "--json", "--restarts", "9", "--threads", "1"}),
        run.file("stderr.txt")));
    int status = -1, process = -1, rounds = 0;
    while (launcher.any_left()) {
        for (const os::ChildEvent& event : launcher.poll(std::chrono::milliseconds(1000))) {
            if (event.exit_status) status = *event.exit_status;
            if (event.line.find("\"process\":\"c\"") == std::string::npos) continue;
            const Json told = *parse_json(event.line);
            const std::string kind = told.value("event", "");
            if (kind == "start") process = told["process_id"].get<int>(), rounds = 0;
            if (kind != "round" || ++rounds != 7 || times == 0) continue;
            --times;
            ::kill(process, SIGTERM);
        }
    }
    CHECK(times == 0);
    return status;
}

std::vector<std::string> manifest_files(const TestRun& run) {
    std::vector<std::string> files;
    for (const char* site : {"a", "b", "c"}) {
        for (const auto& entry : std::filesystem::directory_iterator(run.run_folder() / "sites" / site)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with("manifests")) files.push_back(entry.path().string());
        }
    }
    return files;
}

void check_ends_alike(const TestRun& run, std::size_t rounds) {
    const Json a = run.events_of("a", "round").back(), b = run.events_of("b", "round").back(),
               c = run.events_of("c", "round").back();
    CHECK(a["round"] == rounds - 1);
    CHECK(c["round"] == rounds - 1);
    CHECK(a["digest"] == b["digest"]);
    CHECK(a["digest"] == c["digest"]);
    std::vector<std::string> arguments{"train", "--json", "--check-manifests"};
    for (const std::string& file : manifest_files(run)) arguments.push_back(file);
    const Called checked = run.call(arguments);
    CAPTURE(checked.err);
    REQUIRE(checked.status == 0);
}

// What c said of each round that it handed work in for is what the chain of a says.
void check_counts(const TestRun& run) {
    std::map<std::uint64_t, bool> counted;
    for (const Json& round : run.events_of("a", "round")) {
        const Json& members = round["members"];
        counted[round["round"].get<std::uint64_t>()] =
            std::find(members.begin(), members.end(), "c") != members.end();
    }
    std::map<std::uint64_t, int> told;
    for (const Json& round : run.events_of("c", "round")) {
        if (round["contributed"] == true) told[round["round"].get<std::uint64_t>()] += 1;
    }
    int unknown = 0, open = 0;
    for (const auto& [round, times] : told) {
        CHECK(times == 1);
        CHECK(counted[round]);
    }
    for (const auto& [round, is_counted] : counted) unknown += is_counted && !told.contains(round) ? 1 : 0;
    for (const Json& left : run.events_of("c", "left")) open += left["open_steps"] > 0 ? 1 : 0;
    CHECK(unknown <= open);
}

void check_gaps(const TestRun& run, std::size_t times) {
    const std::vector<Json> gaps = run.events_of("c", "gap"), lefts = run.events_of("c", "left"),
                            starts = run.events_of("c", "start");
    REQUIRE(gaps.size() == times);
    REQUIRE(lefts.size() == times);
    REQUIRE(starts.size() == times + 1);
    for (std::size_t i = 0; i < times; ++i) {
        std::int64_t sum = 0;
        for (const char* part :
             {"hand_in_ms", "leave_ms", "checkpoint_ms", "wait_ms", "start_ms", "load_ms", "join_ms"}) {
            CHECK(gaps[i][part].get<std::int64_t>() >= 0);
            sum += gaps[i][part].get<std::int64_t>();
        }
        CHECK(gaps[i]["total_ms"] == sum);
        CHECK(gaps[i]["sudden"] == false);
        CHECK(gaps[i]["at_ms"].get<std::int64_t>() - lefts[i]["worked_until_ms"].get<std::int64_t>() == sum);
        CHECK(starts[i + 1]["round"].get<std::int64_t>() >= lefts[i]["round"].get<std::int64_t>());
    }
}

// The others wait, so that the run is as long on any machine. That they need not is tested in train_test.cpp.
void write_run(const TestRun& run, const std::string& steps) {
    std::string text = TestRun::run_file(3);
    const auto replace = [&text](const std::string& line, const std::string& by) {
        text.replace(text.find(line), line.size(), by);
    };
    replace("inner_steps = 5\n", "inner_steps = 2\n[rounds]\nwait = 'quorum'\nquorum = 3\n");
    replace("steps = 40\n", steps);
    run.write("run.toml", text);
}

TEST_CASE("told to leave four times, and back each time: no outer step lost or counted twice") {
    const TestRun run;
    write_run(run, "steps = 80\n");
    CHECK(train_and_stop(run, 4) == 0);
    CAPTURE(run.read(run.file("stderr.txt")));
    check_ends_alike(run, 40);
    check_gaps(run, 4);
    check_counts(run);
    for (const Json& left : run.events_of("c", "left")) CHECK(left["dropped_steps"] == 0);
    // All three are in every round: what c handed in as it left counts.
    for (const Json& round : run.events_of("a", "round")) CHECK(round["members"].size() == 3);
}

TEST_CASE("the inner steps may be dropped instead") {
    const TestRun run;
    write_run(run, "steps = 40\nleave = 'drop'\nleave_s = 8\n");
    CHECK(train_and_stop(run, 1) == 0);
    CAPTURE(run.read(run.file("stderr.txt")));
    check_ends_alike(run, 20);
    check_gaps(run, 1);
    check_counts(run);
}

TEST_CASE("a site that is started again after the end of the run has nothing to do") {
    const TestRun run;
    run.write("run.toml", TestRun::run_file(1));
    REQUIRE(run.call({"train", run.file("run.toml").string()}).status == 0);
    const path manifests = run.run_folder() / "sites" / "a" / "manifests.jsonl";
    const std::string before = run.read(manifests);
    CHECK(run.call({"train", run.file("run.toml").string(), "--site", "a", "--resume"}).status == 0);
    CHECK(run.read(manifests) == before);
    CHECK(run.events_of("a", "start").size() == 1);
}

}  // namespace
}  // namespace euromesh::apps

// A federated run on this machine as a user meets it: up, run, verify; the command stopped and called again;
// an agent killed in the middle.
#include <csignal>
#include <fstream>
#include <set>

#include "apps/test_run.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::apps {
namespace {

const os::SystemClock real_clock;

class FederatedForTest {
  public:
    FederatedForTest() {
        const auto started =
            children_.start(command({"up", "--port", "0", "--json", "--folder", run_.file("up").string()}),
                            run_.file("up.err"));
        REQUIRE(started);
        child_ = *started;
        wait_until([&] { return ready_; });
        REQUIRE(call({"apply", "--tier", "playground"}).status == 0);
    }
    ~FederatedForTest() {
        children_.send_signal(child_, SIGINT);
        const Nanoseconds limit = real_clock.monotonic() + std::chrono::seconds(20);
        while (!ended_ && real_clock.monotonic() < limit) poll();
    }

    // `extra`: keys at the end of [federation], and what follows it.
    path run_file(int steps, const std::string& extra = "") const {
        std::string text = fmt::format(
            "[run]\nname = 'small'\nsteps = {}\ncheckpoint_rounds = 2\n"
            "[model]\ndim = 32\nlayers = 1\nheads = 2\nhidden = 64\ncontext = 16\n"
            "[inner]\nbatch = 4\nwarmup = 5\n[outer]\ninner_steps = 5\n"
            "[evaluate]\nevery_rounds = 0\nwindows = 8\n[federation]\nhours = 0.1\n{}\n",
            steps, extra);
        const char* texts[] = {"a", "b", "c"};
        const char* names[] = {"jupiter", "leonardo", "marenostrum5"};
        for (int i = 0; i < 3; ++i)
            text += fmt::format("[[site]]\nname = '{}'\ntext = '{}'\nheldout = '{}'\n", names[i],
                                run_.file(std::string(texts[i]) + ".txt").string(),
                                run_.file(std::string(texts[i]) + "_held.txt").string());
        run_.write("federated.toml", text);
        return run_.file("federated.toml");
    }
    Called call(std::vector<std::string> arguments) {
        os::Children children;
        REQUIRE(children.start(command(std::move(arguments)), run_.file("call.err")));
        Called called;
        while (children.any_left()) {
            for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(100))) {
                if (event.exit_status)
                    called.status = *event.exit_status;
                else
                    called.out += event.line + "\n";
            }
        }
        called.err = run_.read(run_.file("call.err"));
        return called;
    }
    Json document(std::vector<std::string> arguments) {
        arguments.emplace_back("--json");
        const Called called = call(std::move(arguments));
        CAPTURE(called.err);
        REQUIRE(called.status == 0);
        return parse_json(called.out).value();
    }
    // Waits until a site of the job has done so many rounds.
    void wait_for_rounds(const std::string& job, std::int64_t rounds) {
        wait_until([&] {
            const auto text = os::read_file(run_.file("up/leonardo/runs/" + job + "/progress.json"), 4096);
            const auto json = text ? parse_json(*text) : Result<Json>(fail(text.error()));
            return json && json->value("rounds", std::int64_t{0}) >= rounds;
        });
    }
    const TestRun& run() const { return run_; }
    os::Children& children() { return children_; }
    std::vector<std::string> command(std::vector<std::string> arguments) const {
        std::vector<std::string> words{"/usr/bin/env", "EUROMESH_CONFIG=" + run_.file("settings").string()};
        words.push_back(EUROMESH_PROGRAM);
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
    }

  private:
    void poll() {
        for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(50))) {
            if (event.exit_status) ended_ = true;
            if (event.line.find("\"ready\"") != std::string::npos) ready_ = true;
        }
    }
    template <class Condition>
    void wait_until(Condition condition) {
        const Nanoseconds limit = real_clock.monotonic() + std::chrono::seconds(60);
        while (!condition() && !ended_ && real_clock.monotonic() < limit) poll();
        CAPTURE(run_.read(run_.file("up.err")));
        REQUIRE(condition());
    }

    TestRun run_;
    os::Children children_;
    std::size_t child_ = 0;
    bool ready_ = false, ended_ = false;
};

std::set<std::string> outer_states(const Json& report) {
    std::set<std::string> states;
    for (const Json& site : report["sites"]) states.insert(site["outer_digest"]);
    return states;
}

// The process of the agent whose configuration this is; 0: none.
pid_t agent_process(const path& config) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        const std::string line((std::istreambuf_iterator<char>(file)), {});
        if (line.find(config.string()) != std::string::npos && line.find("site") != std::string::npos)
            return static_cast<pid_t>(std::stol(name));
    }
    return 0;
}

}  // namespace

TEST_CASE("three sites train one model through the coordinator, and anybody can check that") {
    FederatedForTest federation;
    const std::string file = federation.run_file(40).string();
    const Json bound = federation.document({"run", file, "--estimate"});
    CHECK(bound["rounds"] == 8);
    CHECK(bound["exchange_bytes"].get<std::int64_t>() > 0);
    const Json report = federation.document({"run", file});
    CHECK(report["state"] == "completed");
    REQUIRE(report["sites"].size() == 3);
    CHECK(outer_states(report).size() == 1);
    CHECK(outer_states(report).begin()->size() >= 16);
    for (const Json& site : report["sites"]) {
        CHECK(site["rounds"] == 8);
        CHECK(site["bytes_sent"].get<std::int64_t>() > 0);
        CHECK(site["bytes_sent"].get<std::int64_t>() <= bound["exchange_bytes"].get<std::int64_t>());
    }
    // The same command again is the same run.
    CHECK(federation.document({"run", file})["job"] == report["job"]);
    CHECK(federation.document({"status"})["jobs"].size() == 1);

    const Json annex = federation.document({"usage", "export", file});
    CHECK(annex["tokens"] == report["tokens"]);
    CHECK(federation.call({"usage", "export", file, "--format", "ogf-ur"}).out.find("urf:WallDuration") !=
          std::string::npos);

    Json verdict = Json::object();
    for (int i = 0; i < 50 && !verdict.value("holds", false); ++i) {
        const Called called = federation.call(
            {"verify", file, "--json", "--manifests", federation.run().file("manifests").string()});
        CAPTURE(called.err);
        verdict = parse_json(called.out).value();
    }
    CAPTURE(verdict.dump());
    CHECK(verdict["holds"] == true);
    CHECK(verdict["checks"].size() == 5);
    CHECK(std::filesystem::exists(federation.run().file("manifests/leonardo.jsonl")));
}

TEST_CASE("an agent that is killed in the middle and the command that is called again lose nothing") {
    FederatedForTest federation;
    const std::string file = federation.run_file(300).string();
    const Called detached = federation.call({"run", file, "--detach"});
    CAPTURE(detached.err);
    REQUIRE(detached.status == 0);
    const std::string job = detached.out.substr(0, detached.out.find('\n'));
    federation.wait_for_rounds(job, 3);
    const path config = federation.run().file("up/leonardo/site.toml");
    const pid_t agent = agent_process(config);
    REQUIRE(agent > 0);
    ::kill(agent, SIGKILL);
    os::Children again;
    REQUIRE(again.start(federation.command({"site", "run", "--config", config.string()}),
                        federation.run().file("agent.err")));
    const Json report = federation.document({"run", file});
    CHECK(report["state"] == "completed");
    CHECK(report["job"] == job);
    CHECK(outer_states(report).size() == 1);
    for (const Json& site : report["sites"]) CHECK(site["rounds"] == 60);
}

TEST_CASE("what cannot run is told in one line; a changed run file is not the same run") {
    FederatedForTest federation;
    const std::string file = federation.run_file(40).string();
    const auto refused = [&](std::vector<std::string> arguments, int status, std::string_view part) {
        const Called called = federation.call(std::move(arguments));
        CAPTURE(called.err);
        CHECK(called.status == status);
        CHECK(called.err.find(part) != std::string::npos);
    };
    refused({"verify", file}, 3, "was not submitted from here");
    federation.run_file(40, "hours_more = 1");
    refused({"run", file}, 2, "hours_more");
    federation.run_file(40, "project = 'nobodys'");
    refused({"run", file}, 3, "nobodys");
    std::filesystem::remove(federation.run().file("b.txt"));
    federation.run_file(40);
    // What was refused before left nothing behind.
    const Called run = federation.call({"run", file, "--detach"});
    CAPTURE(run.err);
    REQUIRE(run.status == 0);
    federation.run_file(45);
    refused({"run", file}, 4, "run file or its options have changed");
    const std::string job = run.out.substr(0, run.out.find('\n'));
    std::string words;
    for (int i = 0; i < 1000 && words.empty(); ++i)
        for (const Json& refusal : federation.document({"status", job}).value("refusals", Json::array()))
            words = refusal["words"];
    CHECK(words.find("is not at site leonardo") != std::string::npos);
    CHECK(federation.call({"cancel", job}).status == 0);
    // Jobs outlive their agents: nothing may be left running.
    std::string state;
    for (int i = 0; i < 1000 && state != "cancelled"; ++i)
        state = federation.document({"status", job})["state"];
    CHECK(state == "cancelled");
}

}  // namespace euromesh::apps

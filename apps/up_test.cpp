// A whole federation on this machine, as a user meets it: up, apply, submit, explain, the ledger checked by
// the separate verifier; ended in mid-work and started again.
#include <csignal>

#include "apps/test_run.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::apps {
namespace {

const os::SystemClock real_clock;

class UpForTest {
  public:
    UpForTest() { start(); }
    ~UpForTest() { stop(SIGKILL); }

    void start() {
        const auto started =
            children_.start(command({"up", "--port", "0", "--json", "--folder", run_.file("up").string()}),
                            run_.file("up.err"));
        REQUIRE(started);
        child_ = *started;
        ready_ = Json();
        wait_until([&] { return !ready_.is_null(); });
    }
    // Its exit status.
    int stop(int signal) {
        if (status_) return *status_;
        children_.send_signal(child_, signal);
        wait_until([&] { return status_.has_value(); });
        return *status_;
    }
    void start_again() {
        status_.reset();
        start();
    }

    Called call(std::vector<std::string> arguments) {
        os::Children children;
        const path errors = run_.file("call.err");
        REQUIRE(children.start(command(std::move(arguments)), errors));
        Called called;
        while (children.any_left()) {
            for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(200))) {
                if (event.exit_status)
                    called.status = *event.exit_status;
                else
                    called.out += event.line + "\n";
            }
        }
        called.err = run_.read(errors);
        CAPTURE(called.err);
        return called;
    }
    Json document(std::vector<std::string> arguments) {
        arguments.emplace_back("--json");
        const Called called = call(std::move(arguments));
        CAPTURE(called.err);
        REQUIRE(called.status == 0);
        return parse_json(called.out).value();
    }
    const TestRun& run() const { return run_; }
    const Json& ready() const { return ready_; }

  private:
    std::vector<std::string> command(std::vector<std::string> arguments) const {
        std::vector<std::string> words{"/usr/bin/env", "EUROMESH_CONFIG=" + run_.file("settings").string()};
        words.push_back(EUROMESH_PROGRAM);
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
    }
    template <class Condition>
    void wait_until(Condition condition) {
        const Nanoseconds limit = real_clock.monotonic() + std::chrono::seconds(60);
        while (!condition() && real_clock.monotonic() < limit) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(50))) {
                if (event.exit_status) status_ = *event.exit_status;
                if (event.line.starts_with("{")) ready_ = parse_json(event.line).value();
            }
            if (status_) break;
        }
        CAPTURE(run_.read(run_.file("up.err")));
        REQUIRE(condition());
    }

    TestRun run_;
    os::Children children_;
    std::size_t child_ = 0;
    std::optional<int> status_;
    Json ready_;
};

std::string job(const std::string& executable, const std::string& arguments, int gpus) {
    return fmt::format(
        R"({{"version":1,"name":"t","executable":"{}","arguments":[{}],)"
        R"("resources":{{"processes":1,"gpus_per_process":{}}},"attributes":{{"duration":"PT1M"}}}})",
        executable, arguments, gpus);
}

}  // namespace

TEST_CASE("from nothing to a finished job, why it ran where it did, and a ledger that holds") {
    UpForTest up;
    CHECK(up.document({"whoami"})["projects"] == Json::array({"hello"}));
    CHECK(up.document({"apply", "--tier", "playground"})["state"] == "granted");

    const std::string hello = "examples/hello/job.json";
    const Called submitted = up.call({"submit", hello, "--wait"});
    CAPTURE(submitted.err);
    CHECK(submitted.status == 0);
    const Json jobs = up.document({"status"})["jobs"];
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0]["state"] == "completed");
    const std::string id = jobs[0]["id"];
    CHECK(up.call({"logs", id}).out.find("Hello from") != std::string::npos);

    Called explained;
    for (int i = 0; i < 50; ++i) {
        explained = up.call({"explain", id});
        REQUIRE(explained.status == 0);
        if (explained.out.find("proof  holds") != std::string::npos) break;
    }
    CHECK(explained.out.find("proof  holds") != std::string::npos);
    for (const char* site : {"jupiter", "leonardo", "marenostrum5", "chosen", "ruled out"})
        CHECK(explained.out.find(site) != std::string::npos);

    CHECK(up.stop(SIGINT) == 0);
    const std::string ledger = up.run().file("up.ledger").string();
    const std::string store = "sqlite:" + up.run().file("up/federation.db").string();
    CHECK(up.call({"ledger", "export", ledger, "--store", store}).status == 0);
    os::Children children;
    REQUIRE(children.start({EUROMESH_VERIFY, ledger}, up.run().file("verify.err")));
    std::optional<int> verified;
    while (!verified) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(200)))
            if (event.exit_status) verified = event.exit_status;
    }
    CHECK(*verified == 0);
}

TEST_CASE("killed in mid-work and started again: the job ran once, and is known") {
    UpForTest up;
    REQUIRE(up.call({"apply", "--tier", "playground"}).status == 0);
    const path proof = up.run().file("ran");
    const std::string script = fmt::format(R"("-c","echo x >> {}; sleep 2")", proof.string());
    up.run().write("job.json", job("/bin/sh", script, 0));
    const Called submitted = up.call({"submit", up.run().file("job.json").string()});
    REQUIRE(submitted.status == 0);
    const std::string id = submitted.out.substr(0, submitted.out.find('\n'));
    for (int i = 0; i < 200 && !std::filesystem::exists(proof); ++i) (void)up.call({"status", id});
    REQUIRE(std::filesystem::exists(proof));
    up.stop(SIGKILL);
    up.start_again();
    std::string state;
    for (int i = 0; i < 200 && state != "completed"; ++i) state = up.document({"status", id})["state"];
    CHECK(state == "completed");
    CHECK(up.run().read(proof) == "x\n");
    CHECK(up.document({"sites"})["sites"].size() == 3);
    CHECK(up.stop(SIGTERM) == 0);
}

TEST_CASE("what is wrong is told in one line, and nothing is placed") {
    UpForTest up;
    const auto refused = [&](std::vector<std::string> arguments, int status, std::string_view part) {
        const Called called = up.call(std::move(arguments));
        CAPTURE(called.err);
        CHECK(called.status == status);
        CHECK(called.error_lines() == 1);
        CHECK(called.err.find(part) != std::string::npos);
    };
    up.run().write("gpus.json", job("/bin/true", "", 4));
    refused({"submit", up.run().file("gpus.json").string()}, 5, "apply for access first");
    up.run().write("bad.json", R"({"version":1,"name":"t","executable":"/bin/true","attributes":{}})");
    refused({"submit", up.run().file("bad.json").string()}, 2, "/attributes/duration");
    refused({"submit", up.run().file("none.json").string()}, 3, "none.json");
    refused({"status", "j999"}, 3, "j999");
    refused({"apply", "--tier", "nothing"}, 3, "tier");
    refused({"apply", "--tier", "playground", "--project", "somebody-elses"}, 3, "project");
    refused({"sites", "jupiter", "--set", "left"}, 5, "scope");
    refused({"ledger", "export", up.run().file("x").string()}, 5, "administrators and reviewers");
    CHECK(up.document({"status"})["jobs"].empty());
    CHECK(up.stop(SIGINT) == 0);
}

}  // namespace euromesh::apps

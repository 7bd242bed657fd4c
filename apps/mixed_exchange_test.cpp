// One run whose sites reach each other in different ways: two directly, one by a hub, one by a spool with a
// relay; hub and relay are killed on the way. Real processes throughout.
#include <csignal>
#include <deque>
#include <optional>

#include "apps/test_run.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::apps {
namespace {

const os::SystemClock test_clock;

// A program of ours that runs beside the run.
class Beside {
  public:
    Beside(const TestRun& run, std::vector<std::string> arguments, std::string log)
        : run_(run), arguments_(std::move(arguments)), log_(std::move(log)) {
        start();
    }
    void change(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }
    ~Beside() { kill(); }

    void start() { child_ = children_.start(run_.command(arguments_), run_.file(log_)).value(); }
    void kill() {
        if (!children_.any_left()) return;
        children_.send_signal(child_, SIGKILL);
        while (children_.any_left()) children_.poll(std::chrono::milliseconds(20));
    }
    // Nothing: it has ended, or says nothing for a minute.
    std::optional<std::string> next_line() {
        const Nanoseconds limit = test_clock.monotonic() + std::chrono::minutes(1);
        while (lines_.empty() && children_.any_left() && test_clock.monotonic() < limit) {
            for (os::ChildEvent& event : children_.poll(std::chrono::milliseconds(20))) {
                if (!event.exit_status) lines_.push_back(std::move(event.line));
            }
        }
        if (lines_.empty()) return std::nullopt;
        std::string line = std::move(lines_.front());
        lines_.pop_front();
        return line;
    }

  private:
    const TestRun& run_;
    std::vector<std::string> arguments_;
    std::string log_;
    os::Children children_;
    std::size_t child_ = 0;
    std::deque<std::string> lines_;
};

// a and b listen, c meets others at the hub, d has files only; its relay carries between two folders.
std::string run_file(const std::string& hub) {
    std::string text = TestRun::run_file(3) +
                       "[[site]]\nname = 'd'\nlanguage = 'Ld'\ntext = 'a.txt'\nheldout = 'a_held.txt'\n";
    const auto add = [&](const std::string& site, const std::string& lines) {
        const std::string name = fmt::format("name = '{}'\n", site);
        text.insert(text.find(name) + name.size(), lines);
    };
    add("a", "spool = 'far'\n");
    add("b", "spool = 'far'\n");
    add("c", "spool = 'far'\nexchange = 'hub'\n");
    add("d", "spool = 'near'\nexchange = 'spool'\n");
    return text + fmt::format("[exchange]\nhub = '{}'\n[rounds]\nquorum = 2\n", hub);
}

}  // namespace

TEST_CASE(
    "two direct sites, one by a hub, one by a spool, hub and relay killed on the way: one model, bit by "
    "bit") {
    const TestRun run;
    for (const char* folder : {"near", "far"}) std::filesystem::create_directories(run.file(folder));
    run.write("run.toml", run_file("127.0.0.1:1"));
    const std::string file = run.file("run.toml").string();
    REQUIRE(run.call({"pki", "init", file}).status == 0);
    const std::string authority = (run.run_folder() / "pki" / "ca.pem").string();
    Beside hub(run, {"hub", "--listen", "127.0.0.1:0", "--ca", authority, "--json"}, "hub.log");
    const Json started = parse_json(hub.next_line().value()).value();
    const std::string address = fmt::format("127.0.0.1:{}", started["port"].get<int>());
    hub.change({"hub", "--listen", address, "--ca", authority, "--json"});
    run.write("run.toml", run_file(address));
    Beside relay(
        run, {"relay", "--spool", run.file("near").string(), "--site", "d", "--to", run.file("far").string()},
        "relay.log");

    Beside train(run, {"train", file, "--json"}, "train.log");
    int kills = 0;
    while (const std::optional<std::string> line = train.next_line()) {
        const Result<Json> event = parse_json(*line);
        const bool round = event && event->value("event", "") == "round" && event->value("site", "") == "d";
        if (!round || kills == 3) continue;
        relay.kill();
        relay.start();
        kills += 1;
        if (kills != 2) continue;
        hub.kill();
        hub.start();
    }
    CHECK(kills == 3);
    std::vector<std::string> check{"train", "--json", "--check-manifests"};
    for (const char* site : {"a", "b", "c", "d"})
        check.push_back((run.run_folder() / "sites" / site / "manifests.jsonl").string());
    const Called checked = run.call(check);
    CAPTURE(run.read(run.file("train.log")));
    REQUIRE(checked.status == 0);
    const Json document = *parse_json(checked.out);
    for (const Json& row : document["files"]) {
        CHECK(row["lines"] == 8);
        CHECK(row["checkpoint_matches"] == true);
        CHECK(row["head"] == document["files"][0]["head"]);
    }
}

}  // namespace euromesh::apps

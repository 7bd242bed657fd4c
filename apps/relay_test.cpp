// The relay as a process: killed at random moments, by a CPU limit, ended by its own budget; and its
// messages.
#include <csignal>

#include "apps/test_run.hpp"
#include "base/os/part_file.hpp"
#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/store_way.hpp"
#include "sync/exchange/store_way_for_test.hpp"

namespace euromesh::apps {
namespace {

using namespace euromesh::sync;

const os::SystemClock real_clock;

// Two spools whose sites are threads of the test, and the relays between them, which it starts and kills.
class Spools {
  public:
    Spools() {
        for (const char* site : {"a", "b"}) std::filesystem::create_directories(run_.file(site));
        run_.write("secret", "a secret of both relays\n");
    }
    std::vector<std::string> relay(const std::string& site, std::vector<std::string> more) const {
        std::vector<std::string> words{EUROMESH_PROGRAM,        "relay", "--site", site, "--spool",
                                       run_.file(site).string()};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    std::vector<std::string> over_tcp(const std::string& site, const std::string& option,
                                      std::uint16_t port) const {
        const std::string where = (option == "--to" ? "tcp:127.0.0.1:" : "127.0.0.1:") + std::to_string(port);
        return relay(site, {option, where, "--secret", run_.file("secret").string()});
    }
    std::size_t start(const std::vector<std::string>& words) {
        return children_.start(words, run_.file("errors")).value();
    }
    // A listening one, and where.
    std::size_t listen(std::uint16_t& port) {
        const std::size_t child = start(over_tcp("b", "--listen", port));
        for (int i = 0; i < 100; ++i) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(50))) {
                if (event.child != child || !event.line.starts_with("listening on port ")) continue;
                port = static_cast<std::uint16_t>(std::stoi(event.line.substr(18)));
                return child;
            }
        }
        FAIL("the relay does not listen");
        return child;
    }
    // Ends it, and waits until it has ended.
    void kill(std::size_t child) {
        children_.send_signal(child, SIGKILL);
        wait(child);
    }
    void wait(std::size_t child) {
        for (int i = 0; i < 400; ++i) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(25))) {
                if (event.exit_status) ended_[event.child] = *event.exit_status;
            }
            if (ended_.contains(child)) return;
        }
        FAIL("a relay does not end");
    }
    std::optional<int> status(std::size_t child) {
        for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(0))) {
            if (event.exit_status) ended_[event.child] = *event.exit_status;
        }
        const auto found = ended_.find(child);
        return found == ended_.end() ? std::nullopt : std::optional<int>(found->second);
    }
    Called call(const std::vector<std::string>& words) const {
        return run_.call({words.begin() + 1, words.end()});
    }
    std::shared_ptr<FolderStore> store(const std::string& site) const {
        return std::make_shared<FolderStore>(run_.file(site));
    }
    path file(const std::string& name) const { return run_.file(name); }

  private:
    TestRun run_;
    os::Children children_;
    std::map<std::size_t, int> ended_;
};

struct Stream {
    Stream(const Spools& spools, std::size_t length, std::size_t segment)
        : data(random_stream(length, 1)),
          a(spools.store("a"), config("a", "b", segment), real_clock),
          b(spools.store("b"), config("b", "a", segment), real_clock) {}
    static StoreWayConfig config(const std::string& self, const std::string& peer, std::size_t segment) {
        StoreWayConfig config{"run", self, peer};
        config.tether.segment_bytes = segment;
        config.acknowledge_after = std::chrono::milliseconds(100);
        return config;
    }
    void connect() {
        ends = connect_both(a, b);
        flow = {&ends.a, &ends.b, data};
    }
    // For a short while.
    void go_on() {
        os::WaitItem items[] = {{&ends.b, true}, {&ends.a, false, flow.sent < data.size()}};
        os::wait_ready(items, std::chrono::milliseconds(5));
        flow.step();
    }
    std::vector<std::byte> data;
    StoreWay a, b;
    Ends ends;
    Flow flow;
};

// Burns 99 of the 100 hundredths of a second of CPU time, then becomes the relay, which the limit kills soon.
std::vector<std::string> nearly_spent(const std::vector<std::string>& relay) {
    std::vector<std::string> words{
        "/bin/bash", "-c",
        "ulimit -t 1; while read -ra s < /proc/$$/stat; (( s[13] + s[14] < 99 )); do :; done; exec \"$@\"",
        "relay"};
    words.insert(words.end(), relay.begin(), relay.end());
    return words;
}

}  // namespace

// Moments that the stream's progress gives, so that a fast machine meets them, too.
TEST_CASE("relays killed at random moments lose, repeat and alter nothing of a stream") {
    Spools spools;
    std::uint16_t port = 0;
    std::size_t relays[] = {spools.listen(port), 0};
    relays[1] = spools.start(spools.over_tcp("a", "--to", port));
    Stream stream(spools, 8u << 20, 256u << 10);
    stream.connect();
    Random random(5);
    int kills = 0;
    std::size_t next = 0;
    const Nanoseconds limit = real_clock.monotonic() + std::chrono::seconds(60);
    while (!stream.flow.is_done() && real_clock.monotonic() < limit) {
        stream.go_on();
        if (stream.flow.got.size() < next) continue;
        const std::size_t which = random.below(2);
        spools.kill(relays[which]);
        relays[which] = which == 0 ? spools.listen(port) : spools.start(spools.over_tcp("a", "--to", port));
        next = stream.flow.got.size() + (1u << 20) + random.below(1u << 20);
        ++kills;
    }
    CHECK((stream.flow.got == stream.data));
    CHECK(kills >= 4);
    CHECK(stream.a.counts().segments_resent == 0);
    CHECK(stream.b.counts().segments_corrupt == 0);
}

// Sends until the limit has struck twice; then the rest of what was sent arrives.
TEST_CASE("a relay that the CPU limit kills is started again and goes on") {
    Spools spools;
    std::uint16_t port = 0;
    const std::size_t first = spools.listen(port);
    spools.start(spools.over_tcp("a", "--to", port));
    Stream stream(spools, 128u << 20, 8u << 10);
    stream.connect();
    spools.kill(first);
    // Receiving costs the most.
    const auto relay_words = spools.over_tcp("b", "--listen", port);
    std::size_t relay = spools.start(nearly_spent(relay_words));
    int kills = 0;
    const Nanoseconds limit = real_clock.monotonic() + std::chrono::seconds(60);
    Flow& flow = stream.flow;
    while (!flow.is_done() && real_clock.monotonic() < limit) {
        stream.go_on();
        const auto status = spools.status(relay);
        if (!status) continue;
        CHECK((*status == 128 + SIGKILL || *status == 128 + SIGXCPU));
        relay = spools.start(++kills < 2 ? nearly_spent(relay_words) : relay_words);
        if (kills == 2) flow.data = flow.data.first(flow.sent);
    }
    CHECK(kills == 2);
    CHECK((std::equal(flow.got.begin(), flow.got.end(), flow.data.begin(), flow.data.end())));
}

TEST_CASE("a relay ends by itself, with status 0 and a line that says so, before its CPU budget is used up") {
    const Spools spools;
    const auto from = spools.store("a");
    const auto to = spools.store("b");
    std::uint64_t files = 0;
    bool spent = false;
    while (!spent && files < 100'000) {
        for (const std::uint64_t end = files + 500; files < end; ++files) {
            const TetherName name{TetherKind::acknowledgement, {1, 2}, files};
            REQUIRE(from->put("run/a/b/" + encode(name), {}, {}));
        }
        const Called called = spools.call(
            spools.relay("a", {"--to", spools.file("b").string(), "--once", "--cpu-seconds", "0.02"}));
        REQUIRE(called.status == 0);
        spent = called.out.find("its CPU budget is spent") != std::string::npos;
    }
    CHECK(spent);
    REQUIRE(spools.call(spools.relay("a", {"--to", spools.file("b").string(), "--once"})).status == 0);
    CHECK(from->list("", 1000, {}).value().empty());
    CHECK(to->list("", files + 1, {}).value().size() == files);
}

TEST_CASE("what is wrong with a relay's options is one line with its remedy") {
    const Spools spools;
    const auto refused = [&](std::vector<std::string> more, int status, std::string_view part) {
        const Called called = spools.call(spools.relay("a", std::move(more)));
        CAPTURE(called.err);
        CHECK(called.status == status);
        CHECK(called.error_lines() == 1);
        CHECK(called.err.find(part) != std::string::npos);
    };
    refused({}, 2, "one of --to, --listen and --command");
    refused({"--to", "tcp:127.0.0.1:1"}, 2, "--secret FILE");
    refused({"--to", "tcp:127.0.0.1:1", "--secret", spools.file("none").string()}, 3, "none");
    refused({"--listen", "127.0.0.1:0", "--once"}, 2, "--once is for relays that dial");
    refused({"--to", spools.file("nowhere").string()}, 3, "no such folder");
    refused({"--to", spools.file("b").string(), "--once", "--cpu-seconds", "-1"}, 2, "above 0");
    refused({"--command", "a 'b", "--once"}, 2, "a quote is not closed");
    refused({"--spool", "x"}, 2, "--spool");
}

}  // namespace euromesh::apps

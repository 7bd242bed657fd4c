// `euromesh hub` as a process: sites meet there, it dies and comes back, and strangers get no further.
#include <csignal>

#include "apps/test_run.hpp"
#include "sync/exchange/conformance_for_test.hpp"
#include "sync/exchange/dialogue.hpp"
#include "sync/exchange/hub_way.hpp"

namespace euromesh::apps {
namespace {

using namespace sync;

constexpr std::chrono::seconds long_enough{30};

// The program, and a folder with its log and the authority of a run.
class HubProcess {
  public:
    // `first` is what a shell does before it becomes the hub.
    explicit HubProcess(const std::string& authority, std::string first = "") : first_(std::move(first)) {
        run_.write("ca.pem", authority);
        start(0);
    }
    ~HubProcess() {
        if (children_.any_left()) end(SIGKILL);
    }

    void start(std::uint16_t port) {
        const os::Endpoint listen{"127.0.0.1", port};
        const auto hub =
            run_.command({"hub", "--listen", listen.text(), "--ca", run_.file("ca.pem").string(), "--json"});
        std::vector<std::string> command{"/bin/sh", "-c", first_ + " exec \"$@\"", "sh"};
        command.insert(command.end(), hub.begin(), hub.end());
        child_ = children_.start(command, run_.file("log.txt")).value();
        const Json started = parse_json(next_line()).value();
        endpoint_ = {"127.0.0.1", started["port"].get<std::uint16_t>()};
    }
    void restart() {
        end(SIGKILL);
        start(endpoint_.port);
    }

    // Its exit status.
    int end(int signal) {
        send(signal);
        const Nanoseconds limit = test_clock.monotonic() + long_enough;
        while (test_clock.monotonic() < limit) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(50))) {
                if (event.exit_status) return *event.exit_status;
                last_line_ = event.line;
            }
        }
        FAIL("the hub does not end");
        return -1;
    }
    void send(int signal) { children_.send_signal(child_, signal); }
    std::string next_line() {
        const Nanoseconds limit = test_clock.monotonic() + long_enough;
        while (test_clock.monotonic() < limit) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(50))) {
                CHECK(!event.exit_status);
                return event.line;
            }
        }
        return "(no line)";
    }

    std::shared_ptr<HubWay> way(const SitesForTest& sites, Rank self, Rank peer,
                                const os::TlsCredentials& keys) const {
        const HubParty party{RunId::parse("run-1", "run").value(), sites.names[self], sites.names[peer]};
        return std::make_shared<HubWay>(HubWayConfig{endpoint_, party, keys, {}}, test_clock);
    }
    void prepare(const SitesForTest& sites, Rank self, MeshConfig& config) const {
        config.ways.resize(sites.names.size());
        const auto keys = sites.credentials(sites.names[self].text(), "run-1", sites.authority);
        for (Rank peer = 0; peer < sites.names.size(); ++peer) {
            if (peer != self) config.ways[peer] = way(sites, self, peer, keys);
        }
    }

    const os::Endpoint& endpoint() const { return endpoint_; }
    const std::string& last_line() const { return last_line_; }
    std::string log() const { return run_.read(run_.file("log.txt")); }

  private:
    std::string first_;
    TestRun run_;
    os::Children children_;
    std::size_t child_ = 0;
    os::Endpoint endpoint_;
    std::string last_line_;
};

std::size_t lines_with(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
    return count;
}

class ByHubProcess final : public ExchangeForTest {
  public:
    explicit ByHubProcess(const SitesForTest& sites) : hub(sites.authority.certificate) {}
    void prepare(const SitesForTest& sites, Rank self, MeshConfig& config) override {
        hub.prepare(sites, self, config);
    }
    HubProcess hub;
};

MakeExchange by_hub_process(ByHubProcess** made = nullptr) {
    return [made](const SitesForTest& sites) {
        auto exchange = std::make_unique<ByHubProcess>(sites);
        if (made) *made = exchange.get();
        return exchange;
    };
}

}  // namespace

TEST_CASE("conformance: sites over a hub that is a process") {
    check_exchange(by_hub_process());
}

TEST_CASE("a hub that is killed and started again: links come back, and the sums have the same bits") {
    ByHubProcess* exchange = nullptr;
    ExchangeSites sites(3, by_hub_process(&exchange));
    sites.begin_all();
    const auto before = reduced_for_test(sites, 10'000, long_enough);
    exchange->hub.restart();
    REQUIRE(sites.in_time([&] {
        return sites.count<PeerDown>(0) == 2 && sites.count<PeerDown>(1) == 2 &&
               sites.count<PeerDown>(2) == 2 && sites.all_up();
    }));
    const auto after = reduced_for_test(sites, 10'000, long_enough);
    for (Rank rank = 0; rank < 3; ++rank) {
        CHECK(before[rank] == before[0]);
        CHECK(after[rank] == before[0]);
    }
}

TEST_CASE("a stranger, an expired site, another run, a bad signature, a replay: no byte, and one line each") {
    const SitesForTest sites(2);
    HubProcess hub(sites.authority.certificate);
    const auto other = os::make_authority({"other", "run-1"}, SitesForTest::validity()).value();
    const auto old = SitesForTest::validity(std::chrono::hours(2), std::chrono::hours(-1));
    const auto check = [&](const os::TlsCredentials& keys, std::string_view why) {
        const auto came = hub.way(sites, 0, 1, keys)->connect({});
        REQUIRE(!came);
        CHECK(came.error().code == Code::refused);
        CHECK(has(came.error().message, why));
        CHECK(lines_with(hub.log(), std::string(why).substr(0, 20)) == 1);
    };
    check(sites.credentials("site0", "run-1", other), "is not signed by this run's authority");
    check(sites.credentials("site0", "run-1", sites.authority, old), "has expired (make new ones");
    check(sites.credentials("site0", "run-2", sites.authority), "the certificate is for run 'run-2'");

    os::TlsCredentials mixed = sites.credentials("site0", "run-1", sites.authority);
    mixed.key = sites.credentials("site0", "run-1", sites.authority).key;
    check(mixed, "not of this connection");

    const HubParty party{RunId::parse("run-1", "run").value(), sites.names[0], sites.names[1]};
    const HubProof proof =
        make_hub_proof(party, sites.credentials("site0", "run-1", sites.authority), make_challenge()).value();
    os::Socket socket = os::Socket::connect(hub.endpoint(), {}).value();
    Dialogue replay(socket, test_clock, long_enough, {}, "hub");
    REQUIRE(replay.receive_message(1000));
    REQUIRE(replay.send_message(hub_proof_text(proof)));
    CHECK(has(replay.receive_message(1000).value(), "not of this connection"));
    CHECK(lines_with(hub.log(), "\"refused\"") == 5);
    CHECK(lines_with(hub.log(), "\n") == 5);
}

TEST_CASE("a hub tells its status when asked, and ends cleanly") {
    ByHubProcess* exchange = nullptr;
    ExchangeSites sites(2, by_hub_process(&exchange));
    sites.begin_all();
    exchange->hub.send(SIGUSR1);
    const Json status = parse_json(exchange->hub.next_line()).value();
    CHECK(status["pairs"].size() == 1);
    CHECK(status["pairs"][0]["run"] == "run-1");
    CHECK(status["pairs"][0]["carried_bytes"][0].get<std::uint64_t>() > 1000);
    CHECK(status["refused_total"] == 0);
    CHECK(exchange->hub.end(SIGTERM) == 0);
    CHECK(parse_json(exchange->hub.last_line()).value()["paired_total"] == 1);
}

TEST_CASE("a hub without a file left for a connection says so and waits; then it goes on") {
    const SitesForTest sites(2);
    HubProcess hub(sites.authority.certificate, "ulimit -n 12;");
    {
        std::vector<os::Socket> crowd;
        for (int i = 0; i < 20; ++i) crowd.push_back(os::Socket::connect(hub.endpoint(), {}).value());
        const Nanoseconds limit = test_clock.monotonic() + long_enough;
        while (lines_with(hub.log(), "cannot accept") == 0) REQUIRE(test_clock.monotonic() < limit);
    }
    os::Socket socket = os::Socket::connect(hub.endpoint(), {}).value();
    Dialogue guest(socket, test_clock, long_enough, {}, "hub");
    CHECK(guest.receive_message(1000));
    CHECK(lines_with(hub.log(), "cannot accept") == 1);
}

TEST_CASE("a hub that cannot start says why") {
    const TestRun run;
    const auto check = [&](const std::vector<std::string>& arguments, int status, std::string_view part) {
        const Called called = run.call(arguments);
        CAPTURE(called.err);
        CHECK(called.status == status);
        CHECK(called.error_lines() == 1);
        CHECK(called.err.find(part) != std::string::npos);
    };
    run.write("no.pem", "no certificate");
    const std::string file = run.file("no.pem").string();
    check({"hub", "--listen", "127.0.0.1:0", "--ca", file}, 2, "hub: run authority: not a certificate");
    check({"hub", "--listen", "127.0.0.1:0", "--ca", "missing.pem"}, 3, "missing.pem");
    check({"hub", "--listen", "nowhere", "--ca", file}, 2, "write host:port");
    check({"hub", "--listen", "127.0.0.1:0"}, 2, "--ca");
    const SitesForTest sites(1);
    HubProcess hub(sites.authority.certificate);
    run.write("ca.pem", sites.authority.certificate);
    check({"hub", "--listen", hub.endpoint().text(), "--ca", run.file("ca.pem").string()}, 4,
          "listening on " + hub.endpoint().text());
}

}  // namespace euromesh::apps

#include "sync/exchange/hub.hpp"

#include "sync/exchange/dialogue.hpp"
#include "sync/exchange/hub_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

constexpr Nanoseconds long_enough = std::chrono::seconds(10);

// One who speaks the protocol by hand.
struct Caller {
    explicit Caller(const HubForTest& hub)
        : stream(os::Socket::connect(hub.endpoint(), {}).value()),
          dialogue(stream, test_clock, long_enough, {}, "hub") {}

    HubChallenge challenge() { return parse_hub_greeting(dialogue.receive_message(1000).value()).value(); }
    void show(const HubProof& proof) { REQUIRE(dialogue.send_message(hub_proof_text(proof))); }
    Result<HubState> state() {
        EM_ASSIGN(const std::string text, dialogue.receive_message(1000));
        return parse_hub_state(text);
    }
    bool is_closed() {
        std::byte byte{};
        const Status got = dialogue.receive({&byte, 1});
        return !got && has(got.error().message, "connection closed");
    }

    os::Socket stream;
    Dialogue dialogue;
};

struct Meeting {
    explicit Meeting(const std::function<void(HubConfig&)>& change = {})
        : hub([&] {
              HubConfig config = hub_config(sites);
              if (change) change(config);
              return config;
          }()) {}

    HubParty party(Rank self, Rank peer) const {
        return {RunId::parse("run-1", "run").value(), sites.names[self], sites.names[peer]};
    }
    os::TlsCredentials keys(Rank self) const {
        return sites.credentials(sites.names[self].text(), "run-1", sites.authority);
    }
    // One who has proved itself and waits.
    std::unique_ptr<Caller> parked(Rank self, Rank peer) {
        auto caller = std::make_unique<Caller>(hub);
        caller->show(make_hub_proof(party(self, peer), keys(self), caller->challenge()).value());
        CHECK(caller->state().value() == HubState::waiting);
        return caller;
    }
    void wait_for_line(std::string_view text, std::size_t count = 1) {
        const Nanoseconds end = test_clock.monotonic() + long_enough;
        while (hub.lines_with(text) < count) REQUIRE(test_clock.monotonic() < end);
        CHECK(hub.lines_with(text) == count);
    }
    void wait_until_alone() {
        const Nanoseconds end = test_clock.monotonic() + long_enough;
        while (hub.status()["connections"] != 0) REQUIRE(test_clock.monotonic() < end);
    }

    SitesForTest sites{3};
    HubForTest hub;
};

}  // namespace

TEST_CASE("two who want each other are joined, and nobody else; then bytes pass") {
    Meeting meeting;
    const auto other = meeting.parked(0, 2);
    const auto one = meeting.parked(0, 1);
    const auto two = meeting.parked(1, 0);
    REQUIRE(one->state().value() == HubState::paired);
    REQUIRE(two->state().value() == HubState::paired);
    REQUIRE(one->dialogue.send_message("over"));
    CHECK(two->dialogue.receive_message(10).value() == "over");
    const Json status = meeting.hub.status();
    CHECK(status["pairs"].size() == 1);
    CHECK(status["pairs"][0]["run"] == "run-1");
    CHECK(status["waiting"].size() == 1);
    CHECK(status["waiting"][0]["peer"] == "site2");
    CHECK(status["paired_total"] == 1);
    one->stream = os::Socket();
    CHECK(two->is_closed());
    two->stream = os::Socket();
    meeting.wait_for_line("parted");
    CHECK(meeting.hub.lines_with("\"carried_bytes\":[0,8]") == 1);
    CHECK(meeting.hub.lines_with("\"paired\"") == 1);
}

TEST_CASE("a stranger, an expired site, another run, a bad signature and a replay: no byte, one line each") {
    Meeting meeting;
    const auto waits = meeting.parked(1, 0);
    const auto other = os::make_authority({"other", "run-1"}, SitesForTest::validity()).value();
    const auto old = SitesForTest::validity(std::chrono::hours(2), std::chrono::hours(-1));
    const SitesForTest& sites = meeting.sites;
    const HubParty party = meeting.party(0, 1);
    HubProof replayed;
    const auto check = [&](const std::function<HubProof(const HubChallenge&)>& proof, std::string_view why) {
        CAPTURE(why);
        Caller caller(meeting.hub);
        caller.show(proof(caller.challenge()));
        const auto state = caller.state();
        REQUIRE(!state);
        CHECK(state.error().code == Code::refused);
        CHECK(has(state.error().message, why));
        CHECK(caller.is_closed());
    };
    const auto shows = [&](const os::TlsCredentials& keys) {
        return [&, keys](const HubChallenge& challenge) {
            replayed = make_hub_proof(party, keys, challenge).value();
            return replayed;
        };
    };
    check(shows(sites.credentials("site0", "run-1", other)), "not signed by this run's authority");
    check(shows(sites.credentials("site0", "run-1", sites.authority, old)), "has expired");
    check(shows(sites.credentials("site0", "run-2", sites.authority)), "for run 'run-2'");
    check(
        [&](const HubChallenge& challenge) {
            HubProof proof = make_hub_proof(party, meeting.keys(0), challenge).value();
            replayed = proof;
            proof.signature.back() = static_cast<char>(proof.signature.back() ^ 1);
            return proof;
        },
        "not of this connection");
    check([&](const HubChallenge&) { return replayed; }, "not of this connection");
    CHECK(meeting.hub.lines_with("\"refused\"") == 5);
    CHECK(meeting.hub.status()["refused_total"] == 5);
    CHECK(meeting.hub.status()["paired_total"] == 0);
    CHECK(meeting.hub.status()["waiting"].size() == 1);
}

TEST_CASE("who does not speak the protocol, or speaks too early, is shown the door") {
    Meeting meeting;
    Caller http(meeting.hub);
    REQUIRE(http.dialogue.send("GET / HTTP/1.1\r\n\r\n"));
    meeting.wait_for_line("does not speak the hub's protocol");
    Caller garbage(meeting.hub);
    REQUIRE(garbage.dialogue.send_message("garbage"));
    meeting.wait_for_line("refused", 2);
    const auto early = meeting.parked(0, 1);
    REQUIRE(early->dialogue.send("x"));
    meeting.wait_for_line("speaks before its peer is there");
    meeting.wait_until_alone();
}

TEST_CASE("who says nothing is sent away in time, who waits for a peer is not") {
    Meeting meeting([](HubConfig& config) { config.proof_limit = std::chrono::milliseconds(50); });
    const auto waits = meeting.parked(0, 1);
    Caller silent(meeting.hub);
    meeting.wait_for_line("no proof in time");
    CHECK(meeting.hub.status()["waiting"].size() == 1);
}

TEST_CASE("connections are bounded: altogether, from one address, and those who wait") {
    SUBCASE("from one address") {
        Meeting meeting([](HubConfig& config) { config.connections_per_address_most = 2; });
        const auto one = meeting.parked(0, 1);
        auto two = meeting.parked(0, 2);
        Caller third(meeting.hub);
        CHECK(third.is_closed());
        CHECK(meeting.hub.lines_with("too many connections from this address") == 1);
        two.reset();
        const Nanoseconds end = test_clock.monotonic() + long_enough;
        while (meeting.hub.status()["connections"] != 1) REQUIRE(test_clock.monotonic() < end);
        const auto again = meeting.parked(0, 2);
    }
    SUBCASE("altogether: the next one waits in the kernel until somebody goes") {
        Meeting meeting([](HubConfig& config) { config.connections_most = 1; });
        auto one = meeting.parked(0, 1);
        Caller next(meeting.hub);
        one.reset();
        CHECK(next.challenge() != HubChallenge{});
    }
    SUBCASE("those who wait") {
        Meeting meeting([](HubConfig& config) { config.waiting_per_run_most = 1; });
        const auto one = meeting.parked(0, 1);
        Caller next(meeting.hub);
        next.show(make_hub_proof(meeting.party(0, 2), meeting.keys(0), next.challenge()).value());
        CHECK(has(next.state().error().message, "wait already"));
    }
}

TEST_CASE("a site that comes again takes the place of the connection that it had") {
    Meeting meeting;
    const auto before = meeting.parked(0, 1);
    const auto now = meeting.parked(0, 1);
    CHECK(has(before->state().error().message, "has come again"));
    CHECK(before->is_closed());
    const auto peer = meeting.parked(1, 0);
    CHECK(now->state().value() == HubState::paired);
}

TEST_CASE("a pair that ends on one side only is not kept for ever") {
    Meeting meeting([](HubConfig& config) { config.ending_limit = std::chrono::milliseconds(20); });
    const auto one = meeting.parked(0, 1);
    const auto two = meeting.parked(1, 0);
    REQUIRE(one->state().value() == HubState::paired);
    one->stream.shutdown_sending();
    meeting.wait_for_line("parted");
    meeting.wait_until_alone();
}

TEST_CASE("a flood of refusals is counted, not written out") {
    Meeting meeting;
    for (int i = 0; i < 60; ++i) {
        Caller caller(meeting.hub);
        REQUIRE(caller.dialogue.send_message("garbage"));
        CHECK(!caller.dialogue.receive_until("\n", 1000));
    }
    const Nanoseconds end = test_clock.monotonic() + long_enough;
    while (meeting.hub.status()["refused_total"] != 60) REQUIRE(test_clock.monotonic() < end);
    CHECK(meeting.hub.lines_with("\"refused\"") >= 20);
    CHECK(meeting.hub.lines_with("\"refused\"") <= 40);
}

TEST_CASE("a hub cannot be opened without an authority, or with something else") {
    const Logger log(test_clock, LogFormat::human, LogLevel::error, [](std::string_view) {});
    HubConfig config;
    config.listen = {"127.0.0.1", 0};
    CHECK(Hub::open(config, test_clock, log).error().code == Code::bad_input);
    config.authorities = {"no certificate"};
    CHECK(Hub::open(config, test_clock, log).error().code == Code::bad_input);
}

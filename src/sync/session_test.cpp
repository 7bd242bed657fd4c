#include "sync/session.hpp"

#include <cmath>
#include <limits>

#include "sync/sessions_for_test.hpp"

namespace euromesh::sync {
namespace {

// Digest by round, of all sites; all must agree where several have one.
void check_digests(const std::vector<RunForTest::Trace>& traces) {
    std::map<std::uint64_t, std::string> digests;
    for (const auto& trace : traces) {
        for (const RoundOutcome& outcome : trace.rounds) {
            const auto [known, is_new] = digests.emplace(outcome.round, outcome.state_digest);
            CHECK((is_new || known->second == outcome.state_digest));
        }
    }
}

}  // namespace

TEST_CASE("a run of one site commits its rounds alone") {
    const RunForTest run(1);
    const auto trace = RunForTest::live(run.config(0), 4);
    REQUIRE(trace.status.has_value());
    REQUIRE(trace.rounds.size() == 4);
    CHECK(trace.rounds[3].contributed);
    CHECK(trace.rounds[3].members.size() == 1);
    CHECK(check_manifests(run.manifests(0), state_digest(trace.end)).has_value());
    CHECK(trace.rounds[0].outer.effective_gain == doctest::Approx(1.9));
    CHECK(trace.rounds[0].cosine_to_mean == doctest::Approx(1.0).epsilon(1e-3));
}

TEST_CASE("one round is the outer step of the weighted mean of pseudo-gradients, written out by hand") {
    const RunForTest run(2);
    auto configs = std::vector{run.config(0), run.config(1)};
    for (SessionConfig& config : configs) config.codec = "fp32";
    const auto traces = RunForTest::live_all(
        {[&] { return RunForTest::live(configs[0], 1); }, [&] { return RunForTest::live(configs[1], 1); }});
    const OuterState start = RunForTest::initial();
    const auto a = RunForTest::trained(start, 0, 0), b = RunForTest::trained(start, 1, 0);
    REQUIRE(traces[0].status.has_value());
    REQUIRE(traces[0].end.params.size() == start.params.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double mean = (100.0 * (start.params[i] - a[i]) + 101.0 * (start.params[i] - b[i])) / 201.0;
        CHECK(traces[0].end.params[i] == doctest::Approx(start.params[i] - 0.7 * 1.9 * mean).epsilon(1e-5));
        CHECK(traces[0].end.momentum[i] == doctest::Approx(mean).epsilon(1e-4));
    }
}

// Three rounds, the last one with momentum, of two sites that work at other speeds.
TEST_CASE("a run with delayed Nesterov and tokens^2 per step ends where the formulas end, and can go on") {
    const RunForTest run(2);
    auto configs = std::vector{run.config(0), run.config(1)};
    for (SessionConfig& config : configs) {
        config.codec = "fp32";
        config.outer = {OuterKind::delayed_nesterov, 0.7, 0.9, 3};
        config.weights = WeightRule::tokens2_per_step;
    }
    const auto traces = RunForTest::live_all(
        {[&] { return RunForTest::live(configs[0], 3); }, [&] { return RunForTest::live(configs[1], 3); }});
    for (const auto& trace : traces) REQUIRE_MESSAGE(trace.status.has_value(), trace.status.error().message);
    CHECK(traces[0].end == traces[1].end);
    OuterState state = RunForTest::initial();
    REQUIRE(prepare_state(configs[0].outer, 0, state).has_value());
    for (std::uint64_t round = 0; round < 3; ++round) {
        const auto a = RunForTest::trained(state, 0, round), b = RunForTest::trained(state, 1, round);
        std::vector<float> mean(a.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            const double sum = 10000.0 * (state.params[i] - a[i]) + 10201.0 * (state.params[i] - b[i]);
            mean[i] = static_cast<float>(sum / 20201.0);  // 100^2 / 5 and 101^2 / 5
        }
        outer_step(configs[0].outer, round, mean, state);
    }
    for (std::size_t i = 0; i < state.params.size(); ++i) {
        CHECK(traces[0].end.params[i] == doctest::Approx(state.params[i]).epsilon(1e-5));
        CHECK(traces[0].end.momentum[i] == doctest::Approx(state.momentum[i]).epsilon(1e-3));
        CHECK(traces[0].end.delayed[i] == 0.0f);
    }
    CHECK(check_manifests(run.manifests(0), state_digest(traces[0].end)).value().lines == 3);
}

TEST_CASE("a state goes on only in a run of its own outer kind") {
    const RunForTest run(1);
    SessionConfig config = run.config(0);
    config.outer = {OuterKind::delayed_nesterov, 0.7, 0.9, 2};
    Position later;
    later.round = 4;
    const auto start = [&](OuterState state) {
        auto session = Session::open(config, session_clock, silent_logger).value();
        const auto begun = session->start(std::move(state), later);
        return begun ? std::string() : begun.error().message;
    };
    OuterState state = RunForTest::initial();
    CHECK(start(state).starts_with("the outer state of round 4 has 0 delayed values"));
    state.delayed.assign(state.params.size(), 0.25f);
    CHECK(start(state).empty());
    config.outer = {};
    CHECK(start(state).find("delayed-nesterov, not of nesterov") != std::string::npos);
}

TEST_CASE("three sites over mutual TLS: equal digests after every round and equal manifest files") {
    const RunForTest run(3, true);
    const std::uint64_t rounds = 6;
    const auto traces = RunForTest::live_all({[&] { return RunForTest::live(run.config(0), rounds); },
                                              [&] { return RunForTest::live(run.config(1), rounds); },
                                              [&] { return RunForTest::live(run.config(2), rounds); }});
    for (const auto& trace : traces) {
        REQUIRE_MESSAGE(trace.status.has_value(), trace.status.error().message);
        CHECK(trace.end == traces[0].end);
        REQUIRE(trace.rounds.size() == rounds);
        for (const RoundOutcome& outcome : trace.rounds) {
            CHECK(outcome.contributed);
            CHECK(outcome.manifest.contributors.size() == 3);
            CHECK(outcome.payload_bytes == 3107 + 4 * 13);
            CHECK(outcome.sent_bytes > 2 * outcome.payload_bytes * 2 / 3);
            CHECK(outcome.local_norm > 0);
        }
    }
    check_digests(traces);
    CHECK(check_manifests(run.manifests(0), state_digest(traces[0].end)).value().lines == rounds);
    CHECK(run.manifests(1) == run.manifests(0));
    CHECK(run.manifests(2) == run.manifests(0));
}

TEST_CASE("a contribution that is not finite is refused by its own site, naming the round") {
    const RunForTest run(1);
    auto session = Session::open(run.config(0), session_clock, silent_logger).value();
    REQUIRE(session->start(RunForTest::initial()).has_value());
    std::vector<float> local(3107, 0.0f);
    local[5] = std::numeric_limits<float>::quiet_NaN();
    const auto outcome = session->exchange(local, {1, 1});
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == Code::bad_input);
    CHECK(outcome.error().message.starts_with("round 0: the local parameters are not finite"));
    local[5] = 0;
    CHECK(session->exchange(local, {1, 1}).has_value());
}

TEST_CASE("a run that never becomes complete names who is missing; cancel ends the wait") {
    const RunForTest run(3);
    SessionConfig config = run.config(1);
    config.start_limit = std::chrono::milliseconds(100);
    const auto late = RunForTest::live(config, 1);
    REQUIRE_FALSE(late.status.has_value());
    CHECK(late.status.error().code == Code::unavailable);
    CHECK(late.status.error().message.find("site0, site2") != std::string::npos);

    auto session = Session::open(run.config(1), session_clock, silent_logger).value();
    const os::Thread canceller([&] {
        RunForTest::pause(std::chrono::milliseconds(50));
        session->cancel();
    });
    const auto begun = session->start(RunForTest::initial());
    REQUIRE_FALSE(begun.has_value());
    CHECK(begun.error().code == Code::cancelled);
}

TEST_CASE("a site that leaves waits for no round, and the others go on without it") {
    const RunForTest run(2);
    std::atomic<bool> gone{false};
    RunForTest::Trace left;
    const auto leaver = [&] {
        auto session = Session::open(run.config(1), session_clock, silent_logger).value();
        REQUIRE(session->start(RunForTest::initial()).has_value());
        const auto local = RunForTest::trained(session->outer(), 1, 0);
        REQUIRE(session->contribute(local, {100, 5}).has_value());
        const os::Thread hurry([&] {
            RunForTest::pause(std::chrono::milliseconds(50));
            session->stop_waiting();
        });
        const auto outcome = session->await();
        CHECK_FALSE(outcome.has_value());
        CHECK(outcome.error().code == Code::unavailable);
        CHECK(outcome.error().message == "round 0: this site leaves and does not wait for it");
        left.status = session->leave();
        gone = true;
        return left;
    };
    const auto stays = [&] {
        return RunForTest::live(run.config(0), 3, [&](std::uint64_t) {
            while (!gone) RunForTest::pause(std::chrono::milliseconds(1));
            return true;
        });
    };
    const auto traces = RunForTest::live_all({stays, leaver});
    CHECK(traces[1].status.has_value());
    REQUIRE(traces[0].status.has_value());
    REQUIRE(traces[0].rounds.size() == 3);
    CHECK(traces[0].rounds[0].manifest.contributors.size() == 1);
}

TEST_CASE("a peer with other settings is refused with the setting's name, a peer with another model too") {
    const RunForTest run(2);
    SessionConfig other = run.config(1);
    const auto wait = std::chrono::seconds(4);
    SessionConfig first = run.config(0);
    first.start_limit = other.start_limit = wait;
    other.codec = "fp32";
    auto traces = RunForTest::live_all(
        {[&] { return RunForTest::live(first, 1); }, [&] { return RunForTest::live(other, 1); }});
    for (const auto& trace : traces) {
        REQUIRE_FALSE(trace.status.has_value());
        CHECK(trace.status.error().message.find("codec") != std::string::npos);
    }
    other = run.config(1);
    other.layout[0].shape = {100, 30};
    traces = RunForTest::live_all({[&] { return RunForTest::live(first, 1); },
                                   [&] {
                                       RunForTest::Trace trace;
                                       auto session =
                                           Session::open(other, session_clock, silent_logger).value();
                                       OuterState state = OuterState::from(std::vector<float>(3007, 0.0f));
                                       const auto begun = session->start(state);
                                       if (!begun) trace.status = fail(begun.error());
                                       return trace;
                                   }});
    REQUIRE_FALSE(traces[0].status.has_value());  // was called by a site of which it knows only what it said
    CHECK(traces[0].status.error().code == Code::unavailable);
    REQUIRE_FALSE(traces[1].status.has_value());
    CHECK(traces[1].status.error().code == Code::refused);
    for (const auto& trace : traces) CHECK(trace.status.error().message.find("layout") != std::string::npos);
}

TEST_CASE("wrong configurations are refused before anything is opened") {
    const RunForTest run(2);
    const auto message = [](const SessionConfig& config) {
        const auto session = Session::open(config, session_clock, silent_logger);
        return session ? std::string() : session.error().message;
    };
    SessionConfig config = run.config(0);
    config.codec = "int9";
    CHECK(message(config).starts_with("codec 'int9'"));
    config = run.config(0);
    config.quorum = 3;
    CHECK(message(config).starts_with("a quorum of 3"));
    config = run.config(0);
    config.schedule.inner_steps = 0;
    CHECK(message(config) == "inner steps must be at least 1");
    config = run.config(0);
    config.outer.lr = 0;
    CHECK_FALSE(message(config).empty());
    config = run.config(0);
    config.self = 2;
    CHECK_FALSE(message(config).empty());
}

}  // namespace euromesh::sync

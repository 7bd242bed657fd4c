#include "sync/session_engine.hpp"

#include <algorithm>

#include "sync/sessions_for_test.hpp"

namespace euromesh::sync {
namespace {

using Trace = RunForTest::Trace;

bool has_kind(const Trace& trace, std::string_view kind) {
    return std::find(trace.kinds.begin(), trace.kinds.end(), kind) != trace.kinds.end();
}

// Holds the sites at a round until something has happened, as a slow trainer would.
struct Gate {
    std::atomic<bool> open{false};
    void wait() const {
        while (!open) RunForTest::pause(std::chrono::milliseconds(2));
    }
};

}  // namespace

TEST_CASE(
    "a site that dies in mid-run and is started again: the others go on, it is back within two rounds") {
    for (const Rank victim : {Rank{0}, Rank{2}}) {
        const RunForTest run(3);
        const std::uint64_t rounds = 8, death = 2;
        std::atomic<std::uint64_t> furthest{0};
        std::uint64_t restarted_at = 0;
        const auto pace = [&](std::uint64_t round) {
            furthest = std::max<std::uint64_t>(furthest, round);
            RunForTest::pause(std::chrono::milliseconds(250));  // inner steps take time
            return true;
        };
        const auto survivor = [&](Rank rank) {
            return [&, rank] { return RunForTest::live(run.config(rank), rounds, pace); };
        };
        std::vector<std::function<Trace()>> lives;
        for (Rank rank = 0; rank < 3; ++rank) {
            if (rank != victim) lives.push_back(survivor(rank));
        }
        lives.push_back([&] {
            const auto dies = [&](std::uint64_t round) { return pace(round) && round < death; };
            CHECK(RunForTest::live(run.config(victim), rounds, dies).status.has_value());
            RunForTest::pause(std::chrono::milliseconds(150));
            restarted_at = furthest;
            return RunForTest::live(run.config(victim), rounds, pace);
        });
        const auto traces = RunForTest::live_all(lives);
        for (const auto& trace : traces) {
            REQUIRE_MESSAGE(trace.status.has_value(), trace.status.error().message);
            CHECK(trace.end == traces[0].end);
        }
        CHECK(has_kind(traces[0], "lost"));
        CAPTURE(victim);
        INFO(traces[0].story, "---\n", traces[1].story, "---\n", traces[2].story);
        CHECK(traces[0].rounds.size() == rounds);  // no round without the survivors
        const Trace& back = traces[2];
        CHECK(back.joined);
        CHECK(back.first_round <= restarted_at + 2);
        CHECK(back.rounds.back().manifest.contributors.size() == 3);
        for (Rank rank = 0; rank < 3; ++rank) {
            CHECK(check_manifests(run.manifests(rank), state_digest(traces[0].end)).has_value());
        }
    }
}

TEST_CASE("an announced leave: the others go on at once, with a record") {
    const RunForTest run(3);
    const auto traces = RunForTest::live_all({[&] { return RunForTest::live(run.config(0), 3); },
                                              [&] { return RunForTest::live(run.config(1), 6); },
                                              [&] { return RunForTest::live(run.config(2), 6); }});
    for (const auto& trace : traces) REQUIRE(trace.status.has_value());
    CHECK(traces[1].end == traces[2].end);
    CHECK(traces[1].rounds[2].manifest.contributors.size() == 3);
    CHECK(traces[1].rounds[5].manifest.contributors.size() == 2);
    CHECK(has_kind(traces[1], "leave"));
}

TEST_CASE("a manifest that cannot be written ends this site and nobody else") {
    const RunForTest run(2);
    const auto blocked = [&](std::uint64_t round) {
        if (round == 0) std::filesystem::create_directories(run.manifest_path(1));
        return true;
    };
    const auto traces = RunForTest::live_all({[&] { return RunForTest::live(run.config(0), 5); },
                                              [&] { return RunForTest::live(run.config(1), 5, blocked); }});
    CHECK(traces[0].status.has_value());
    CHECK(traces[0].rounds.size() == 5);
    REQUIRE_FALSE(traces[1].status.has_value());
    CHECK(traces[1].status.error().message.starts_with("manifest: "));
}

TEST_CASE("a site that starts late takes the state although its own start differs") {
    const RunForTest run(2);
    Gate second_round;
    SessionConfig first = run.config(0);
    first.starting_members = 1;
    const auto traces = RunForTest::live_all({[&] {
                                                  return RunForTest::live(first, 8, [&](std::uint64_t round) {
                                                      if (round == 2) second_round.open = true;
                                                      RunForTest::pause(std::chrono::milliseconds(60));
                                                      return true;
                                                  });
                                              },
                                              [&] {
                                                  second_round.wait();
                                                  return RunForTest::live(run.config(1), 8);
                                              }});
    for (const auto& trace : traces) REQUIRE_MESSAGE(trace.status.has_value(), trace.status.error().message);
    CHECK(traces[1].joined);
    CHECK(traces[1].first_round <= 4);
    CHECK(traces[0].end == traces[1].end);
    CHECK(traces[0].rounds.back().manifest.contributors.size() == 2);
}

}  // namespace euromesh::sync

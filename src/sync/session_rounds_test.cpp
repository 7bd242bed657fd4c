#include <atomic>

#include "sync/codec_feedback.hpp"
#include "sync/codec_topk.hpp"
#include "sync/outer_overlap.hpp"
#include "sync/sessions_for_test.hpp"

// Sessions that stream fragments, train on while a round is under way, or are slow.
namespace euromesh::sync {
namespace {

constexpr std::uint64_t rounds = 12;

SessionConfig streaming(const RunForTest& run, Rank self, std::uint64_t fragments) {
    SessionConfig config = run.config(self);
    config.layout = {{"model.layers.0.weight", {30, 20}},
                     {"model.layers.1.weight", {30, 20}},
                     {"model.layers.2.weight", {30, 20}},
                     {"model.norm.weight", {7}}};
    config.codec = "fp32";
    config.weights = WeightRule::equal;
    config.fragments = fragments;
    config.rounds = rounds;
    return config;
}

constexpr std::size_t values = 3 * 600 + 7;

OuterState first_state() {
    Random random(3);
    std::vector<float> params(values);
    for (float& value : params) value = static_cast<float>(random.normal());
    return OuterState::from(params);
}

// Inner steps: other ones at each site and in each phase, the same ones for the same.
void train(std::vector<float>& local, Rank rank, std::uint64_t phase) {
    Random random(derive_seed(rank + 1, phase));
    for (float& value : local) value -= 0.01f * static_cast<float>(random.normal() + 0.5);
}

struct Result {
    Status status;
    std::string digest;
    std::vector<float> local;
    Tally tally;
};

// Phase 2 r + 1 runs while the exchange of round r does.
Result stream(const SessionConfig& config, double alpha) {
    Result result;
    result.status = [&]() -> Status {
        EM_ASSIGN(auto session, Session::open(config, session_clock, silent_logger));
        EM_ASSIGN(const StartOutcome begun, session->start(first_state()));
        result.local = session->outer().params;
        for (std::uint64_t round = begun.round; round < rounds; ++round) {
            train(result.local, config.self, 2 * round);
            EM_TRY(session->contribute(result.local, {100, 5}));
            if (alpha > 0) train(result.local, config.self, 2 * round + 1);
            EM_ASSIGN(const RoundOutcome outcome, session->await());
            session->merge(alpha, result.local);
            if (outcome.next_round != round + 1) return fail(Code::corrupted, "a round was skipped");
        }
        result.digest = session->digest();
        result.tally = session->tally();
        return session->leave();
    }();
    return result;
}

// The same by the formulas, without sessions.
struct Reference {
    OuterState outer;
    std::vector<std::vector<float>> locals;
};

Reference reference(const SessionConfig& config, std::size_t sites, double alpha) {
    const std::vector<Fragment> fragments = make_fragments(config.layout, config.fragments).value();
    Reference made{first_state(), {}};
    made.locals.assign(sites, made.outer.params);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const Fragment& fragment = fragments[round % fragments.size()];
        std::vector<float> start(fragment.size()), part(start.size()), mean(start.size(), 0.0f);
        std::vector<std::vector<float>> sent(sites);
        gather(fragment, made.outer.params, start);
        for (Rank rank = 0; rank < sites; ++rank) {
            train(made.locals[rank], rank, 2 * round);
            gather(fragment, made.locals[rank], part);
            sent[rank] = part;
            const auto weight = static_cast<float>(1.0 / static_cast<double>(sites));
            for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += weight * (start[i] - part[i]);
        }
        outer_step(config.outer, round / fragments.size(), fragment, mean, made.outer);
        gather(fragment, made.outer.params, start);
        for (Rank rank = 0; rank < sites; ++rank) {
            if (alpha > 0) train(made.locals[rank], rank, 2 * round + 1);
            gather(fragment, made.locals[rank], part);
            if (config.merge == MergeRule::rebase)
                overlap_rebase(sent[rank], start, part);
            else
                overlap_mix(alpha, start, part);
            scatter(fragment, part, made.locals[rank]);
        }
    }
    return made;
}

void check_against_reference(std::uint64_t fragments, double alpha, MergeRule merge) {
    CAPTURE(fragments);
    CAPTURE(alpha);
    CAPTURE(name_of(merge));
    const RunForTest run(2);
    const auto config_of = [&](Rank rank) {
        SessionConfig config = streaming(run, rank, fragments);
        config.merge = merge;
        return config;
    };
    std::vector<Result> results(2);
    std::vector<os::Thread> threads;
    for (Rank rank = 0; rank < 2; ++rank) {
        threads.emplace_back([&, rank] { results[rank] = stream(config_of(rank), alpha); });
    }
    threads.clear();
    const Reference expected = reference(config_of(0), 2, alpha);
    for (Rank rank = 0; rank < 2; ++rank) {
        REQUIRE_MESSAGE(results[rank].status.has_value(), results[rank].status.error().message);
        CHECK(results[rank].digest == state_digest(expected.outer));
        CHECK(results[rank].local == expected.locals[rank]);
        CHECK(results[rank].tally == Tally{rounds, rounds, 0, 0});
        CHECK(check_manifests(run.manifests(rank), results[rank].digest).has_value());
    }
}

}  // namespace

TEST_CASE("fragments in turn, with and without overlap, are what the formulas say, bit by bit") {
    for (const MergeRule merge : {MergeRule::rebase, MergeRule::mix}) {
        check_against_reference(1, 0, merge);
        check_against_reference(1, 0.5, merge);
        check_against_reference(2, 0, merge);
        check_against_reference(3, 0.5, merge);
    }
}

TEST_CASE("a site slower than the others delays nobody, and its work counts late and once") {
    const RunForTest run(3);
    constexpr std::uint64_t many = 40;
    const auto config_of = [&](Rank self) {
        SessionConfig config = run.config(self);
        config.rounds = many;
        config.quorum = 2;
        config.grace = GraceConfig{.least = std::chrono::milliseconds(2)};
        config.staleness_most = 1000;
        return config;
    };
    std::vector<RunForTest::Trace> traces = RunForTest::live_all({
        [&] {
            return RunForTest::live(config_of(0), many, [](auto) {
                RunForTest::pause(std::chrono::milliseconds(5));
                return true;
            });
        },
        [&] {
            return RunForTest::live(config_of(1), many, [](auto) {
                RunForTest::pause(std::chrono::milliseconds(5));
                return true;
            });
        },
        [&] {
            return RunForTest::live(config_of(2), many, [](auto) {
                RunForTest::pause(std::chrono::milliseconds(60));
                return true;
            });
        },
    });
    for (const auto& trace : traces) {
        REQUIRE_MESSAGE(trace.status.has_value(), trace.status.error().message);
        CHECK(trace.end == traces[0].end);
    }
    std::size_t with_slow = 0, late = 0;
    for (const RoundOutcome& outcome : traces[0].rounds) {
        for (const Contributor& one : outcome.manifest.contributors) {
            if (one.site.text() != "site2") continue;
            with_slow += 1;
            late += one.base < outcome.manifest.round ? 1 : 0;
        }
    }
    // A busy machine slows everybody: only that rounds went on without it, and with it.
    CHECK(with_slow < many);
    CHECK(with_slow >= 1);
    CHECK(late >= 1);
    CHECK(traces[2].rounds.size() < many);
    for (Rank rank = 0; rank < 3; ++rank) {
        const auto checked = check_manifests(run.manifests(rank), state_digest(traces[rank].end));
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
        CHECK(run.manifests(rank) == run.manifests(0));
    }
}

struct Counted {
    std::vector<std::uint64_t> steps{0, 0, 0};  // by rank
    std::uint64_t longest = 0;                  // of one contribution of the last rank
    std::uint64_t absent = 0;
};

Counted counted_in(const std::vector<Manifest>& seen) {
    Counted all;
    for (const Manifest& manifest : seen) {
        all.absent += manifest.absent;
        for (const Contributor& one : manifest.contributors) {
            const Rank rank = one.site.text() == "site0" ? 0 : one.site.text() == "site1" ? 1 : 2;
            CHECK(one.tokens == 100 * one.inner_steps);
            all.steps[rank] += one.inner_steps;
            if (rank == 2) all.longest = std::max(all.longest, one.inner_steps);
        }
    }
    return all;
}

TEST_CASE("by each step what missed its round stays in the parameters and counts once, rounds later") {
    const RunForTest run(3);
    constexpr std::uint64_t many = 40;
    std::vector<OuterState> ends(3);
    std::vector<Status> statuses(3);
    std::vector<std::uint64_t> steps_done(3), steps_kept(3), steps_gone(3);
    std::vector<Manifest> seen(many);
    std::atomic<std::uint64_t> first_is_at{0};
    // The others go on meanwhile: however slow the machine is, the round is missed.
    const auto miss = [&](std::uint64_t round) {
        for (int i = 0; i < 1000 && first_is_at < std::min(round + 2, many - 1); ++i)
            RunForTest::pause(std::chrono::milliseconds(2));
    };
    const auto live = [&](Rank self) -> Status {
        SessionConfig config = run.config(self);
        config.rounds = many;
        config.quorum = 2;
        config.codec = "fp32";
        config.outer = {.kind = OuterKind::mean, .lr = 1.0, .momentum = 0};
        config.weights = WeightRule::each_step;
        config.norm_gate = 100;
        // So long that on a slow machine it misses no more than it is made to.
        config.grace = GraceConfig{.least = std::chrono::milliseconds(40)};
        EM_ASSIGN(auto session, Session::open(config, session_clock, silent_logger));
        EM_ASSIGN(const StartOutcome begun, session->start(RunForTest::initial()));
        std::vector<float> local = session->outer().params;
        std::uint64_t held = 0;
        for (std::uint64_t round = begun.round; round < many;) {
            if (self == 0) first_is_at = round;
            RunForTest::pause(std::chrono::milliseconds(5));
            if (self == 2 && round % 5 == 1) miss(round);
            const std::uint64_t steps = 1 + self;
            for (float& value : local) value += 0.25f * static_cast<float>(steps);
            EM_ASSIGN(const RoundOutcome outcome, session->exchange(local, {100 * steps, steps}));
            steps_done[self] += steps;
            held += steps;
            steps_kept[self] += outcome.kept ? steps : 0;
            if (!outcome.kept) steps_gone[self] += std::exchange(held, 0) * (outcome.contributed ? 0 : 1);
            session->merge(0, local);
            if (self == 0) seen[outcome.round] = outcome.manifest;
            round = outcome.next_round;
        }
        ends[self] = session->outer();
        return session->leave();
    };
    std::vector<os::Thread> threads;
    for (Rank self = 0; self < 3; ++self) threads.emplace_back([&, self] { statuses[self] = live(self); });
    threads.clear();
    for (const Status& status : statuses) REQUIRE_MESSAGE(status.has_value(), status.error().message);
    const Counted all_counted = counted_in(seen);
    const std::vector<std::uint64_t>& counted = all_counted.steps;
    CHECK(all_counted.absent > 0);
    CHECK(steps_kept[2] > 0);
    CHECK(all_counted.longest > 3);  // of more than one round
    for (Rank rank = 0; rank < 3; ++rank) {
        CHECK(counted[rank] <= steps_done[rank]);
        CHECK(ends[rank] == ends[0]);
    }
    // But for what was missed too often in a row, and what the end of the run cut off.
    CHECK(counted[2] + steps_gone[2] + 9 * 3 >= steps_done[2]);
    // Three members all along, each step a quarter up: a third of all that counted, whoever did it and when.
    const auto all = static_cast<float>(counted[0] + counted[1] + counted[2]);
    const OuterState first = RunForTest::initial();
    for (std::size_t i = 0; i < first.params.size(); i += 97)
        CHECK(ends[0].params[i] - first.params[i] == doctest::Approx(0.25f * all / 3).epsilon(1e-4));
    const auto checked = check_manifests(run.manifests(0), state_digest(ends[0]));
    CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
}

TEST_CASE("a slow site that gives what it has when it is due is in time for every round") {
    const RunForTest run(3);
    constexpr std::uint64_t many = 25;
    std::vector<std::vector<Contributor>> seen(many);
    std::vector<std::string> digests(3);
    std::vector<Status> statuses(3);
    const auto live = [&](Rank self) -> Status {
        SessionConfig config = run.config(self);
        config.rounds = many;
        config.quorum = 2;
        config.grace = GraceConfig{.least = std::chrono::milliseconds(40)};
        EM_ASSIGN(auto session, Session::open(config, session_clock, silent_logger));
        EM_ASSIGN(const StartOutcome begun, session->start(RunForTest::initial()));
        for (std::uint64_t round = begun.round; round < many;) {
            const auto local = RunForTest::trained(session->outer(), self, round);
            std::uint64_t steps = 0;
            while (steps < 8 && (steps == 0 || !session->is_due())) {
                RunForTest::pause(std::chrono::milliseconds(self == 2 ? 10 : 1));
                ++steps;
            }
            EM_ASSIGN(const RoundOutcome outcome, session->exchange(local, {100 * steps, steps}));
            if (self == 0) seen[round] = outcome.manifest.contributors;
            round = outcome.next_round;
        }
        digests[self] = session->digest();
        return session->leave();
    };
    std::vector<os::Thread> threads;
    for (Rank self = 0; self < 3; ++self) threads.emplace_back([&, self] { statuses[self] = live(self); });
    threads.clear();
    for (Rank self = 0; self < 3; ++self) {
        REQUIRE_MESSAGE(statuses[self].has_value(), statuses[self].error().message);
        CHECK(digests[self] == digests[0]);
    }
    std::size_t in_time = 0, shorter = 0;
    for (const auto& contributors : seen) {
        for (const Contributor& one : contributors) {
            if (one.site.text() != "site2") continue;
            in_time += 1;
            shorter += one.inner_steps < 8 ? 1 : 0;
        }
    }
    CHECK(in_time >= many / 2);
    CHECK(shorter >= many / 4);
}

TEST_CASE("the sparse codec: all alike, error feedback as the formulas say, a dropped site follows") {
    const RunForTest run(3);
    constexpr std::uint64_t many = 10;
    const auto config_of = [&](Rank self) {
        SessionConfig config = run.config(self);
        config.codec = "topk";
        config.outer.kind = OuterKind::mean;
        config.weights = WeightRule::equal;
        config.rounds = many;
        return config;
    };
    const auto traces = RunForTest::live_all({[&] { return RunForTest::live(config_of(0), many); },
                                              [&] { return RunForTest::live(config_of(1), many); },
                                              [&] { return RunForTest::live(config_of(2), many); }});
    OuterState expected = RunForTest::initial();
    const Codec& codec = topk_codec();
    const std::size_t size = expected.params.size();
    std::vector<ErrorFeedback> feedbacks(3, ErrorFeedback(codec, size));
    std::vector<std::byte> bytes(codec.encoded_bytes(size));
    for (std::uint64_t round = 0; round < many; ++round) {
        std::vector<float> mean(size, 0.0f), gradient(size);
        for (Rank rank = 0; rank < 3; ++rank) {
            pseudo_gradient(expected.params, RunForTest::trained(expected, rank, round), gradient);
            REQUIRE(feedbacks[rank].encode(gradient, bytes));
            codec.accumulate(bytes, static_cast<float>(1.0 / 3), mean);
        }
        outer_step(config_of(0).outer, round, mean, expected);
    }
    for (Rank rank = 0; rank < 3; ++rank) {
        REQUIRE_MESSAGE(traces[rank].status.has_value(), traces[rank].status.error().message);
        CHECK(traces[rank].end == expected);
        CHECK(traces[rank].rounds[0].payload_bytes == codec.encoded_bytes(size));
        CHECK(check_manifests(run.manifests(rank), state_digest(expected)).has_value());
    }
}

TEST_CASE("a site that misses rounds of the sparse codec follows by the contributions of the others") {
    const RunForTest run(3);
    constexpr std::uint64_t many = 30;
    const auto live = [&](Rank self, int pause_ms) {
        SessionConfig config = run.config(self);
        config.codec = "topk";
        config.outer.kind = OuterKind::mean;
        config.rounds = many;
        config.quorum = 2;
        config.grace = GraceConfig{.least = std::chrono::milliseconds(2)};
        return RunForTest::live(config, many, [pause_ms](auto) {
            RunForTest::pause(std::chrono::milliseconds(pause_ms));
            return true;
        });
    };
    const auto traces = RunForTest::live_all(
        {[&] { return live(0, 4); }, [&] { return live(1, 4); }, [&] { return live(2, 300); }});
    for (Rank rank = 0; rank < 3; ++rank) {
        REQUIRE_MESSAGE(traces[rank].status.has_value(), traces[rank].status.error().message);
        CHECK(traces[rank].end == traces[0].end);
        CHECK(run.manifests(rank) == run.manifests(0));
    }
    CHECK(traces[2].rounds.size() < many);
}

// Finite, and beyond what int8 can code: it arrives as NaN.
TEST_CASE(
    "a site whose contribution arrives as NaN, or a thousand times too long, changes nothing but its own "
    "record") {
    for (const float step : {3.35e38f, 1000.0f}) {
        CAPTURE(step);
        const RunForTest run(3);
        constexpr std::uint64_t many = 8;
        std::vector<std::string> digests(3), stories(3);
        std::vector<Status> statuses(3);
        const auto live = [&](Rank self) -> Status {
            SessionConfig config = run.config(self);
            config.rounds = many;
            config.norm_gate = step == 1000.0f ? 10 : 0;
            EM_ASSIGN(auto session, Session::open(config, session_clock, silent_logger));
            EM_ASSIGN(const StartOutcome begun, session->start(RunForTest::initial()));
            for (std::uint64_t round = begun.round; round < many;) {
                auto local = RunForTest::trained(session->outer(), self, round);
                if (self == 1) local[7] = -step;
                EM_ASSIGN(const RoundOutcome outcome, session->exchange(local, {100, 5}));
                for (const SessionEvent& event : outcome.events) stories[self] += event.kind + " ";
                for (const Contributor& one : outcome.manifest.contributors) {
                    if (one.site.text() == "site1") return fail(Code::internal, "it was counted");
                }
                round = outcome.next_round;
            }
            digests[self] = session->digest();
            return session->leave();
        };
        std::vector<os::Thread> threads;
        for (Rank self = 0; self < 3; ++self)
            threads.emplace_back([&, self] { statuses[self] = live(self); });
        threads.clear();
        for (Rank self = 0; self < 3; ++self) {
            REQUIRE_MESSAGE(statuses[self].has_value(), statuses[self].error().message);
            CHECK(digests[self] == digests[0]);
            CHECK(run.manifests(self) == run.manifests(0));
        }
        CHECK(stories[1].find("dropped") != std::string::npos);
        CHECK((stories[0] + stories[2]).find("gate") != std::string::npos);
    }
}

TEST_CASE("settings that make no sense are refused when a session is opened") {
    const RunForTest run(2);
    const auto complaint = [&](auto change) {
        SessionConfig config = streaming(run, 0, 1);
        change(config);
        const auto opened = Session::open(config, session_clock, silent_logger);
        return opened ? std::string() : opened.error().message;
    };
    CHECK(complaint([](SessionConfig& c) { c.fragments = 0; }).find("0 fragments") != std::string::npos);
    CHECK(complaint([](SessionConfig& c) { c.fragments = 9; }) != "");
    CHECK(complaint([](SessionConfig& c) { c.norm_gate = 0.5; }).find("norm gate of 0.5") !=
          std::string::npos);
    CHECK(complaint([](SessionConfig& c) { c.catch_up_rounds = 0; }).find("catch up") != std::string::npos);
    CHECK(complaint([](SessionConfig& c) { c.grace = GraceConfig{.samples = 0}; }) != "");
}

}  // namespace euromesh::sync

// Sites of one run in one process, each in its thread with its own session over loopback. For tests only.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/os/certificate.hpp"
#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"
#include "base/random.hpp"
#include "sync/session.hpp"

namespace euromesh::sync {

inline const os::SystemClock session_clock;
inline const Logger silent_logger(session_clock, LogFormat::human, LogLevel::warning,
                                  [](std::string_view) {});

class RunForTest {
  public:
    explicit RunForTest(std::size_t sites, bool tls = false)
        : folder_(std::filesystem::temp_directory_path() /
                  fmt::format("em_session_{}_{}", os::own_process_id(), counter_++)) {
        std::filesystem::remove_all(folder_);
        std::vector<os::Socket> taken;  // held until all ports are known, so that they differ
        for (std::size_t i = 0; i < sites; ++i) {
            taken.push_back(os::Socket::listen({"127.0.0.1", 0}, {}).value());
            const SiteId id = SiteId::parse("site" + std::to_string(i), "site").value();
            addresses_.push_back({id, {"127.0.0.1", taken.back().local_port()}});
        }
        if (tls) authority_ = os::make_authority({"authority", "sessions"}, validity()).value();
    }
    ~RunForTest() { std::filesystem::remove_all(folder_); }

    SessionConfig config(Rank self) const {
        SessionConfig made;
        made.run = RunId::parse("sessions", "run").value();
        made.sites = addresses_;
        made.self = self;
        made.layout = {{"model.layers.0.weight", {100, 31}}, {"model.norm.weight", {7}}};
        made.schedule.inner_steps = made.schedule.first_inner_steps = 5;
        made.start_limit = std::chrono::seconds(60);
        made.leave_limit = std::chrono::seconds(5);
        made.manifest_path = manifest_path(self);
        if (authority_) {
            const auto issued =
                os::issue_certificate(*authority_, {addresses_[self].site.text(), "sessions"}, validity())
                    .value();
            made.tls = os::TlsCredentials{authority_->certificate, issued.certificate, issued.key};
        }
        return made;
    }

    os::Path manifest_path(Rank rank) const {
        return folder_ / fmt::format("site{}", rank) / "manifests.jsonl";
    }
    std::string manifests(Rank rank) const {
        return os::read_file(manifest_path(rank), 1 << 24).value_or("");
    }

    static OuterState initial() {
        Random random(1);
        std::vector<float> params(3107);
        for (float& value : params) value = static_cast<float>(random.normal());
        return OuterState::from(params);
    }

    // What a trainer would do: other text at each site, so other steps.
    static std::vector<float> trained(const OuterState& outer, Rank rank, std::uint64_t round) {
        Random random(derive_seed(rank + 1, round));
        std::vector<float> local = outer.params;
        for (float& value : local) value -= 0.01f * static_cast<float>(random.normal() + 0.5);
        return local;
    }

    struct Trace {
        bool joined = false;
        std::uint64_t first_round = 0;
        std::vector<RoundOutcome> rounds;
        OuterState end;
        std::vector<std::string> kinds;  // of all events
        std::string story;               // their texts
        Status status;
    };

    using Hook = std::function<bool(std::uint64_t round)>;  // false: dies here, without a word

    // The whole life of a site.
    static Trace live(const SessionConfig& config, std::uint64_t rounds, const Hook& before_round = nullptr) {
        Trace trace;
        trace.status = run(config, rounds, before_round, trace);
        return trace;
    }

    static std::vector<Trace> live_all(const std::vector<std::function<Trace()>>& lives) {
        std::vector<Trace> traces(lives.size());
        std::vector<os::Thread> threads;
        for (std::size_t i = 0; i < lives.size(); ++i) {
            threads.emplace_back([&traces, &lives, i] { traces[i] = lives[i](); });
        }
        threads.clear();  // joins
        return traces;
    }

    static void pause(Nanoseconds time) {
        const Nanoseconds end = session_clock.monotonic() + time;
        while (session_clock.monotonic() < end) os::wait_ready({}, std::chrono::milliseconds(1));
    }

  private:
    static Status run(const SessionConfig& config, std::uint64_t rounds, const Hook& before_round,
                      Trace& trace) {
        EM_ASSIGN(auto session, Session::open(config, session_clock, silent_logger));
        EM_ASSIGN(const StartOutcome begun, session->start(initial()));
        trace.joined = begun.joined;
        trace.first_round = begun.round;
        std::uint64_t round = begun.round;
        while (round < rounds) {
            if (before_round && !before_round(round)) return {};
            const auto local = trained(session->outer(), config.self, round);
            EM_ASSIGN(RoundOutcome outcome, session->exchange(local, {100 + config.self, 5}));
            round = outcome.next_round;
            for (const SessionEvent& event : outcome.events) {
                trace.kinds.push_back(event.kind);
                trace.story +=
                    fmt::format("{:.3f} {} {}: {}\n", event.seconds, event.round, event.kind, event.text);
            }
            trace.rounds.push_back(std::move(outcome));
        }
        EM_TRY(session->leave());
        trace.end = session->outer();
        return {};
    }

    static os::Validity validity() {
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(session_clock.wall());
        return {now - std::chrono::hours(1), now + std::chrono::hours(1)};
    }

    inline static std::atomic<int> counter_{0};
    os::Path folder_;
    std::vector<SiteAddress> addresses_;
    std::optional<os::Issued> authority_;
};

}  // namespace euromesh::sync

// A few conductors whose messages and reductions a test moves by hand. For tests only.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sync/conductor.hpp"

namespace euromesh::sync {

inline std::string state_text(int number) {
    return fmt::format("{:032x}", number);
}

struct Desk {
    explicit Desk(std::size_t count, std::size_t quorum = 1,
                  const std::function<void(ConductorConfig&)>& change = nullptr) {
        for (std::size_t i = 0; i < count; ++i) {
            ConductorConfig config;
            config.run = RunId::parse("desk", "run").value();
            for (const char* name : {"a", "b", "c", "d", "e"})
                config.sites.push_back(SiteId::parse(name, "site").value());
            config.sites.resize(count);
            config.self = i;
            config.starting_members = count;
            config.quorum = quorum;
            config.codec = "fp32";
            config.reconnect_grace = config.start_grace = Nanoseconds{0};
            if (change) change(config);
            conductors.emplace_back(config, Position{}, state_text(0));
            plans.emplace_back();
            adopted.emplace_back();
        }
        for (std::size_t i = 0; i < count; ++i) take(i, conductors[i].begin(now));
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t k = 0; k < count; ++k) {
                if (i != k) take(i, conductors[i].peer_up(now, k));
            }
        }
        deliver();
    }

    void take(Rank from, const Actions& actions) {
        for (const Action& action : actions) {
            if (const auto* send = std::get_if<Send>(&action)) mail.push_back({from, *send});
            if (const auto* start = std::get_if<StartReduce>(&action)) plans[from] = start->plan;
            if (const auto* adopt = std::get_if<Adopt>(&action)) adopted[from].push_back(adopt->manifest);
            if (const auto* give = std::get_if<SendState>(&action)) given.push_back({from, give->to});
            if (const auto* give = std::get_if<SendResult>(&action)) results.push_back({from, *give});
            if (const auto* one = std::get_if<Note>(&action)) notes.push_back(one->kind + " " + one->site);
        }
    }

    // Everything in flight, and what comes of it; `hold` keeps what must not arrive yet.
    void deliver(const std::function<bool(Rank, const Send&)>& hold = nullptr) {
        std::deque<std::pair<Rank, Send>> held;
        while (!mail.empty()) {
            const auto [from, send] = mail.front();
            mail.pop_front();
            if (hold && hold(from, send)) {
                held.push_back({from, send});
            } else if (!dead.contains(from) && !dead.contains(send.to)) {
                take(send.to, conductors[send.to].receive(now, from, send.message));
            }
        }
        mail = std::move(held);
    }

    // In time: from the state at which the site stands.
    void ready(Rank rank) { ready_from(rank, conductors[rank].position().round); }
    void ready_from(Rank rank, std::uint64_t base, double norm = 1) {
        take(rank, conductors[rank].contribute(now, {100 * (rank + 1), 10, base, norm}));
    }
    void wait(Nanoseconds time) {
        now += time;
        for (Rank rank = 0; rank < conductors.size(); ++rank) {
            if (!dead.contains(rank)) take(rank, conductors[rank].tick(now));
        }
        deliver();
    }
    void all_ready() {
        for (Rank rank = 0; rank < conductors.size(); ++rank) {
            if (!dead.contains(rank)) ready(rank);
        }
        deliver();
    }
    void reduced(Rank rank, int result) {
        const Ballot ballot = plans[rank]->ballot;
        take(rank, conductors[rank].reduced(now, {ballot, state_text(result), std::string(64, 'e'), 400}));
    }
    void kill(Rank rank) {
        dead.insert(rank);
        for (Rank other = 0; other < conductors.size(); ++other) {
            if (!dead.contains(other)) take(other, conductors[other].peer_down(now, rank));
        }
    }

    Nanoseconds now{0};
    std::vector<Conductor> conductors;
    std::vector<std::optional<Plan>> plans;
    std::vector<std::vector<Manifest>> adopted;
    std::vector<std::pair<Rank, Rank>> given;
    std::vector<std::pair<Rank, SendResult>> results;
    std::deque<std::pair<Rank, Send>> mail;
    std::vector<std::string> notes;
    std::set<Rank> dead;
};

}  // namespace euromesh::sync

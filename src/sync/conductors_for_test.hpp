// Many conductors over an in-memory network with seeded delays, kills, restarts and cuts. For tests only.
//
// Every site has a trainer that only waits, and an outer state that is the list of contributions that it
// counted. Links deliver in order; what is in flight when a link goes down arrives up to a random moment and
// is lost after it. A kill forgets everything.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "sync/conductor.hpp"

namespace euromesh::sync {

struct NetworkOptions {
    std::size_t sites = 3;
    std::size_t quorum = 1;
    std::uint64_t rounds = 10;
    std::uint64_t seed = 1;
    int kills = 0;
    int cuts = 0;              // of one link for a short while
    double wrong_digest = 0;   // probability that a site computes another outer state
    int most_compute_ms = 50;  // inner steps of one round
    std::size_t slow = 0;      // the last so many sites compute `slow_factor` times longer
    int slow_factor = 10;
    std::optional<GraceConfig> grace;
    std::uint64_t staleness_most = 2;
    std::uint64_t catch_up_rounds = 4;
    std::uint64_t fragments = 1;
};

class ConductorNetwork {
  public:
    struct FakeState {
        std::vector<std::string> counted;  // "site.life.base" of every contribution
        std::string digest() const {
            std::string text;
            for (const std::string& one : counted) text += one + " ";
            return to_hex(fast_digest(std::as_bytes(std::span(text.data(), text.size()))));
        }
    };
    struct Site {
        std::unique_ptr<Conductor> conductor;  // none: not running
        int life = 0;
        FakeState state, candidate;
        std::optional<Plan> reducing;
        std::uint64_t phase = 0;  // number of the local phase: older ones are void
        bool computing = false;
        std::optional<std::uint64_t> finished;  // base of a local phase that waits to be handed in
        std::optional<std::uint64_t> given;     // base of the last one that was
        std::map<std::uint64_t, std::string> contributions;         // by fragment
        std::map<std::uint64_t, std::vector<std::string>> results;  // by round: what it added
        std::uint64_t handed_in = 0;
        FakeState offered;
        std::vector<std::string> lines;
        bool left = false;
    };

    explicit ConductorNetwork(NetworkOptions options) : options_(options), random_(options.seed) {
        const std::size_t n = options.sites;
        sites_.resize(n);
        link_.assign(n, std::vector<int>(n, 0));
        seen_.assign(n, std::vector<int>(n, 0));
        busy_until_.assign(n, std::vector<double>(n, 0));
        for (std::size_t i = 0; i < n; ++i) after(random_.uniform() * 0.1, [this, i] { start(i); });
        const double span = 0.03 * static_cast<double>(options.rounds) + 0.2;
        for (int k = 0; k < options.kills; ++k) after(0.1 + random_.uniform() * span, [this] { kill_one(); });
        for (int k = 0; k < options.cuts; ++k) after(0.1 + random_.uniform() * span, [this] { cut_one(); });
        after(0.01, [this] { tick(); });
    }

    // Until all sites run, stand at the last round and have left; false: not within `limit` seconds.
    bool run(double limit) {
        while (!queue_.empty() && queue_.top().at < limit) {
            now_ = queue_.top().at;
            const auto action = queue_.top().action;
            queue_.pop();
            action();
            if (all([&](const Site& site) { return site.left; })) return true;
        }
        return false;
    }

    const std::vector<Site>& sites() const { return sites_; }
    const std::vector<std::string>& notes() const { return notes_; }
    std::set<std::string> lines_of_round(std::uint64_t round) const { return committed_.at(round); }
    double now() const { return now_; }

    std::string picture() const {
        std::string text;
        for (const Site& site : sites_) {
            text += site.conductor ? encode(Message{site.conductor->standing()}) : std::string("down");
            text += "\n";
        }
        return text;
    }

    void cut(std::size_t a, std::size_t b, double seconds) {
        if (link_[a][b] % 2 == 0) return;
        last_cut_ = now_ + seconds;
        set_link(a, b, link_[a][b] + 1);
        for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)}) notice_down(x, y);
        after(seconds, [this, a, b] { connect(a, b); });
    }

    void after(double seconds, std::function<void()> action) {
        queue_.push({now_ + seconds, next_++, std::move(action)});
    }

  private:
    struct Event {
        double at;
        std::uint64_t order;
        std::function<void()> action;
        bool operator<(const Event& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    Nanoseconds clock() const { return Nanoseconds(static_cast<std::int64_t>(now_ * 1e9)); }
    double delay() { return random_.below(20) == 0 ? random_.uniform() * 0.05 : random_.uniform() * 0.004; }

    template <class Test>
    bool all(Test test) const {
        for (const Site& site : sites_) {
            if (!site.conductor || !test(site)) return false;
        }
        return true;
    }

    void start(std::size_t i) {
        Site& site = sites_[i];
        const int life = site.life + 1;
        site = Site{};
        site.life = life;
        ConductorConfig config;
        config.run = RunId::parse("simulated", "run").value();
        for (std::size_t k = 0; k < options_.sites; ++k) {
            config.sites.push_back(SiteId::parse("site" + std::to_string(k), "site").value());
        }
        config.self = i;
        config.starting_members = options_.sites;
        config.quorum = options_.quorum;
        config.grace = options_.grace;
        config.staleness_most = options_.staleness_most;
        config.catch_up_rounds = options_.catch_up_rounds;
        config.fragments = options_.fragments;
        config.rounds = options_.rounds;
        config.codec = "fp32";
        config.reconnect_grace = std::chrono::milliseconds(30);
        config.start_grace = std::chrono::milliseconds(100);
        config.link_patience = std::chrono::milliseconds(60);
        config.retry_pause = std::chrono::milliseconds(20);
        site.conductor = std::make_unique<Conductor>(config, Position{}, site.state.digest());
        perform(i, site.conductor->begin(clock()));
        for (std::size_t k = 0; k < options_.sites; ++k) {
            if (k != i && sites_[k].conductor) after(delay(), [this, i, k] { connect(i, k); });
        }
    }

    // Link numbers are odd while up; whatever belongs to an older number is void.
    void set_link(std::size_t a, std::size_t b, int number) { link_[a][b] = link_[b][a] = number; }

    void connect(std::size_t a, std::size_t b) {
        if (!sites_[a].conductor || !sites_[b].conductor || link_[a][b] % 2 == 1) return;
        if (seen_[a][b] % 2 == 1 || seen_[b][a] % 2 == 1) {  // one end has not noticed the cut yet
            return after(0.005, [this, a, b] { connect(a, b); });
        }
        const int number = link_[a][b] + 1;
        set_link(a, b, number);
        for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)}) {
            const double wait = delay();
            busy_until_[y][x] = now_ + wait;  // nothing arrives at x before x knows that y is up
            after(wait, [this, x = x, y = y, number] {
                if (link_[x][y] != number || !sites_[x].conductor) return;
                seen_[x][y] = number;
                perform(x, sites_[x].conductor->peer_up(clock(), y));
            });
        }
    }

    void notice_down(std::size_t at, std::size_t gone) {
        after(delay(), [this, at, gone] {
            if (seen_[at][gone] % 2 == 0 || seen_[at][gone] == link_[at][gone]) return;
            seen_[at][gone] += 1;
            if (sites_[at].conductor) perform(at, sites_[at].conductor->peer_down(clock(), gone));
        });
    }

    // Arrives when the receiver still believes in the connection it was sent over.
    void deliver(std::size_t from, std::size_t to, double wait, std::function<void()> action) {
        const int number = seen_[from][to];
        busy_until_[from][to] = std::max(busy_until_[from][to] + 1e-9, now_ + wait);
        after(busy_until_[from][to] - now_, [this, from, to, number, action] {
            if (sites_[to].conductor && seen_[to][from] == number && number % 2 == 1) action();
        });
    }

    void kill_one() {
        std::vector<std::size_t> able;
        std::size_t members = 0;
        for (std::size_t i = 0; i < options_.sites; ++i) {
            if (!sites_[i].conductor) continue;
            able.push_back(i);
            members += sites_[i].conductor->role() == Role::member ? 1 : 0;
        }
        if (able.empty()) return;
        const std::size_t i = able[random_.below(able.size())];
        if (members < options_.quorum + 1 && sites_[i].conductor->role() == Role::member) return;
        if (ending_) return;
        kill(i);
        after(random_.uniform() * 0.3, [this, i] { start(i); });
    }

    void kill(std::size_t i) {
        sites_[i].conductor.reset();
        sites_[i].reducing.reset();
        for (std::size_t k = 0; k < options_.sites; ++k) {
            if (k == i) continue;
            if (link_[i][k] % 2 == 1) set_link(i, k, link_[i][k] + 1);
            if (seen_[i][k] % 2 == 1) seen_[i][k] += 1;
            notice_down(k, i);
        }
    }

    void cut_one() {
        if (options_.sites < 2) return;
        const std::size_t a = random_.below(options_.sites);
        const std::size_t b = (a + 1 + random_.below(options_.sites - 1)) % options_.sites;
        cut(a, b, random_.uniform() * 0.1);
    }

    void tick() {
        for (std::size_t i = 0; i < options_.sites; ++i) {
            if (sites_[i].conductor) perform(i, sites_[i].conductor->tick(clock()));
        }
        end_if_done();
        after(0.01, [this] { tick(); });
    }

    // As programs do: leave after the last round. Only when everybody runs, so that nobody is left alone.
    void end_if_done() {
        const auto done = [&](const Site& site) {
            return site.conductor->role() == Role::member &&
                   site.conductor->position().round >= options_.rounds;
        };
        const auto waits = [](const Site& site) { return site.conductor->role() == Role::joining; };
        const bool connected = now_ > last_cut_ + 0.3;  // long enough to have heard of each other
        ending_ = ending_ || (connected && all([&](const Site& site) { return done(site) || waits(site); }));
        for (std::size_t i = 0; ending_ && i < options_.sites; ++i) {
            if (done(sites_[i])) perform(i, sites_[i].conductor->leave(clock()));
        }
    }

    // The trainer of site i begins the inner steps from the state at which it stands.
    void compute(std::size_t i) {
        Site& site = sites_[i];
        const std::uint64_t phase = ++site.phase;
        site.computing = true;
        const int life = site.life;
        const std::uint64_t base = site.conductor->position().round;
        const bool slow = i + options_.slow >= options_.sites;
        const double seconds =
            random_.uniform() * 0.001 * options_.most_compute_ms * (slow ? options_.slow_factor : 1);
        after(seconds, [this, i, phase, life, base] {
            Site& now = sites_[i];
            if (!now.conductor || now.life != life || now.phase != phase || ending_) return;
            now.computing = false;
            now.finished = base;
            pump(i);
        });
    }

    // What a session does between trainer and conductor: one contribution at a time waits for its round.
    void pump(std::size_t i) {
        Site& site = sites_[i];
        if (!site.conductor || ending_ || site.conductor->role() != Role::member) return;
        const Position& position = site.conductor->position();
        const std::uint64_t fragment = position.round % options_.fragments;
        if (site.finished && position.round < options_.rounds && !site.conductor->pending(fragment)) {
            const std::uint64_t base = *std::exchange(site.finished, std::nullopt);
            site.given = base;
            site.contributions[fragment] = fmt::format("{}.{}.{}", i, site.life, base);
            site.handed_in += 1;
            perform(i, site.conductor->contribute(clock(), {100 + 10 * i, 5, base, 1.0}, fragment));
            return;
        }
        const bool fresh = !site.given || position.round > *site.given;
        if (!site.computing && !site.finished && fresh && position.round < options_.rounds) compute(i);
    }

    void reduce(std::size_t i, const Plan& plan) {
        sites_[i].reducing = plan;
        for (const PlanMember& member : plan.members) {
            const auto& other = sites_[member.rank].reducing;
            if (!other || other->ballot != plan.ballot || other->round != plan.round) return;
        }
        std::vector<std::string> added;
        for (const PlanMember& member : plan.members) {
            added.push_back(sites_[member.rank].contributions.at(plan.round % options_.fragments));
        }
        for (const PlanMember& member : plan.members) {
            after(delay(), [this, rank = member.rank, plan, added] { reduced(rank, plan, added); });
        }
    }

    // The outer step of site i; seldom a wrong one.
    void make_candidate(std::size_t i, std::uint64_t round, const std::vector<std::string>& added) {
        Site& site = sites_[i];
        site.candidate = site.state;
        site.results[round] = added;
        for (const std::string& one : added) site.candidate.counted.push_back(one);
        if (random_.uniform() < options_.wrong_digest) {
            site.candidate.counted.push_back(fmt::format("wrong{}", i));
        }
    }

    void reduced(std::size_t i, const Plan& plan, const std::vector<std::string>& added) {
        Site& site = sites_[i];
        if (!site.conductor || !site.reducing || site.reducing->ballot != plan.ballot) return;
        site.reducing.reset();
        make_candidate(i, plan.round, added);
        const std::string digest = to_hex(sha256(site.contributions[plan.round % options_.fragments]));
        perform(i, site.conductor->reduced(clock(), {plan.ballot, site.candidate.digest(), digest, 100}));
    }

    void result_arrived(std::size_t i, std::uint64_t round, const std::vector<std::string>& added) {
        const Manifest* awaited = sites_[i].conductor->awaited();
        if (!awaited || awaited->round != round) return;
        make_candidate(i, round, added);
        perform(i, sites_[i].conductor->result_arrived(clock(), round, sites_[i].candidate.digest()));
    }

    void perform(std::size_t i, const Actions& actions) {
        for (const Action& action : actions) {
            if (!sites_[i].conductor) return;
            std::visit([&](const auto& one) { act(i, one); }, action);
        }
        pump(i);
    }

    void act(std::size_t i, const Send& send) {
        deliver(i, send.to, delay(), [this, i, send] {
            perform(send.to, sites_[send.to].conductor->receive(clock(), i, send.message));
        });
    }
    void act(std::size_t i, const StartReduce& start) { reduce(i, start.plan); }
    void act(std::size_t i, const AbortReduce&) { sites_[i].reducing.reset(); }
    void act(std::size_t i, const Adopt& adopt) {
        Site& site = sites_[i];
        EM_ASSERT(adopt.manifest.state_before == site.state.digest(),
                  "the state that the manifest starts from");
        EM_ASSERT(adopt.manifest.state_after == site.candidate.digest(), "the state that it ends with");
        site.state = site.candidate;
        site.lines.push_back(adopt.line);
        committed_[adopt.manifest.round].insert(adopt.line);
    }
    void act(std::size_t i, const SendState& send) {
        const Offer offer = sites_[i].conductor->offer();
        const FakeState state = sites_[i].state;
        EM_ASSERT(offer.state == state.digest(), "the state is where the conductor says");
        deliver(i, send.to, 2 * delay(), [this, i, to = send.to, offer, state] {
            sites_[to].offered = state;
            perform(to, sites_[to].conductor->state_arrived(clock(), i, offer));
        });
    }
    void act(std::size_t i, const SendResult& send) {
        const std::vector<std::string> added = sites_[i].results.at(send.round);
        deliver(i, send.to, 2 * delay(),
                [this, to = send.to, round = send.round, added] { result_arrived(to, round, added); });
    }
    void act(std::size_t i, const AdoptState&) {
        Site& site = sites_[i];
        site.state = site.offered;
        site.lines.clear();
        site.phase += 1;
        site.computing = false;
        site.finished.reset();
        site.given.reset();
    }
    void act(std::size_t i, const Note& note) {
        notes_.push_back(fmt::format("{:.3f} site{} round {} {} {}: {}", now_, i, note.round, note.kind,
                                     note.site, note.text));
    }
    void act(std::size_t i, const Left&) { sites_[i].left = true; }

    NetworkOptions options_;
    Random random_;
    std::vector<Site> sites_;
    std::vector<std::vector<int>> link_, seen_;  // seen_[a][b]: the link number that a knows
    std::vector<std::vector<double>> busy_until_;
    std::priority_queue<Event> queue_;
    std::map<std::uint64_t, std::set<std::string>> committed_;
    std::vector<std::string> notes_;
    double now_ = 0;
    double last_cut_ = 0;
    std::uint64_t next_ = 0;
    bool ending_ = false;
};

}  // namespace euromesh::sync

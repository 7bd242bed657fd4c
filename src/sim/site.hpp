// One simulated site: the real conductor, and around it what a session and a trainer do.
//
// Why: the conductor is the code under test; the rest behaves as sync/session.cpp and sync/session_engine.cpp
// do (one contribution waits per fragment, results are kept for catch_up_rounds, what was computed from a
// state that has been replaced is void, tau inner steps between contributing and taking up), only that
// events come from a queue and bytes take their time on a simulated network. States are small but real:
// codec, outer step, digests and manifests are those of the library.
//
// The engine's half is in site.cpp, the trainer's in site_trainer.cpp. One thread. A site is started, killed
// and started again; each time is a life. What a life knows is lost with it, what is on the disk stays.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "sim/disk.hpp"
#include "sim/reduction.hpp"
#include "sim/setup.hpp"
#include "sync/codec.hpp"
#include "sync/fragment.hpp"

namespace euromesh::sim {

class Site;

// What a site reaches.
class World {
  public:
    virtual ~World() = default;
    virtual const Setup& setup() const = 0;
    virtual EventQueue& queue() = 0;
    virtual SimNetwork& network() = 0;
    virtual Reductions& reductions() = 0;
    virtual Observer& observer() = 0;
    virtual Site& site(Rank rank) = 0;
    // A line for people, and for the digest of the run.
    virtual void happened(Rank site, const std::string& what) = 0;
    // Its process has ended; why, or nothing when it has left as it was asked to.
    virtual void ended(Rank site, const std::optional<Error>& why) = 0;
};

// Since the first life began; of phases and waits that have ended.
struct SiteTimes {
    double compute_s = 0;
    double wait_s = 0;      // in contribute and await
    double exchange_s = 0;  // of that: since the reduction began
    std::uint64_t rounds = 0;
};

class Site {
  public:
    Site(World& world, Rank self);
    ~Site();

    // From the newest checkpoint, or from nothing.
    void start();
    void kill(Ending ending);
    // At the next end of a round.
    void ask_to_leave();
    // Now: the run is over.
    void leave();

    bool is_running() const { return life_ != nullptr; }
    // Its last round is done, or there is none for it to do and it waits for the state.
    bool is_at_the_end() const;
    bool has_left() const { return left_; }
    const sync::Conductor* conductor() const;
    int life_number() const { return lives_; }

    void peer_up(Rank peer);
    void peer_down(Rank peer);
    void reduction_ends(const std::shared_ptr<Reduction>& reduction, int life);

    SimDisk& disk() { return disk_; }
    SimClock& clock() { return clock_; }
    void flip_next() { flip_next_ = true; }
    const SiteTimes& times() const { return times_; }
    SharedState state() const;

  private:
    struct Contribution;
    struct Candidate;
    struct Life;
    enum class Doing { nothing, computing, contributing, awaiting, done };

    LifeId who() const { return {self_, lives_}; }
    Nanoseconds now() { return world_.queue().now(); }
    std::uint64_t fragment_of(std::uint64_t round) const { return round % fragments_.size(); }
    std::size_t values_of(std::uint64_t round) const { return fragments_[fragment_of(round)].size(); }
    Nanoseconds hold();
    void when_free(Task task);
    void end_soon(Ending ending, std::optional<Error> why);
    void end_life(Ending ending, bool on_purpose);
    std::vector<std::string> pending_names() const;
    void schedule_tick();
    void tick(std::uint64_t number);

    void perform(const sync::Actions& actions);
    void act(const sync::Send& send);
    void act(const sync::StartReduce& start);
    void act(const sync::AbortReduce& abort);
    void act(const sync::Adopt& adopt);
    void act(const sync::SendState& send);
    void act(const sync::SendResult& send);
    void act(const sync::AdoptState& adopt);
    void act(const sync::Note& note);
    void act(const sync::Left& left);
    void hear(Rank from, const sync::Message& message);
    void state_arrived(Rank from, const sync::Offer& offer, const SharedState& state);
    void result_arrived(Rank from, std::uint64_t round, const SharedBytes& bytes);
    std::string make_candidate(std::uint64_t round, const SharedBytes& result);
    void settle_dropped();
    bool misses_a_member(const Reduction& reduction) const;
    void fail_reduction();
    void offer_again(const sync::Manifest& manifest);
    void note(std::string kind, std::string text);

    void pump_trainer();
    bool go_on();
    void begin_training();
    void compute(std::uint64_t steps, Doing next);
    void compute_until(std::uint64_t steps);
    void end_phase();
    void hurry();
    void train(std::uint64_t steps);
    void make_contribution();
    bool hand_over();
    bool hand_over_again();
    bool take_up();
    void show();
    void merge(bool whole);
    void after_round();
    void begin_wait();
    void end_wait();

    World& world_;
    Rank self_;
    const sync::Codec& codec_;
    std::vector<sync::Fragment> fragments_;
    SimDisk disk_;
    SimClock clock_;
    Random random_;
    std::vector<float> target_;
    SiteTimes times_;
    int lives_ = 0;
    bool left_ = false;
    bool flip_next_ = false;
    std::unique_ptr<Life> life_;
};

}  // namespace euromesh::sim

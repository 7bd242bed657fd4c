// Connections between simulated sites: delays, rates, cuts, and what reaches whom.
//
// Model. Each site has one line of so many bits a second, full duplex, and a latency to the middle of the
// network; from a to b it takes the latencies of both. A small message takes latency, jitter and its bytes
// over the slower line, and messages of one connection arrive in order. A bulk transfer (a state, a result)
// does not hold later small messages up, as in the mesh, where pieces of it wait in a queue of their own.
// Lines are not shared between transfers that go on at once. A site `by_hub` reaches all others through the
// hub, which has a line of its own.
//
// A reduction of P bytes over M members is that of docs/decisions/0101: each member sends and receives
// 2 (M-1)/M P, cut into chunks so that both directions and both halves overlap; two hops of latency:
//   seconds = max over members of 2 (M-1)/M P / W_m, or over the hub of the sum of its sites' bytes,
//             + 2 max over pairs of the latency
//
// A connection is up at both ends or being lost. Its two ends learn each for itself that it is up or down;
// what is sent into a dead one is lost, what was on the way before may still arrive. What TLS would make of a
// frame that is altered, repeated or sent again later: the connection ends with an error and nothing is
// delivered (spoil()).
//
// One thread. It does not know what the messages mean.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "sim/event_queue.hpp"
#include "sync/conductor.hpp"

namespace euromesh::sim {

using sync::Rank;

struct LineModel {
    double bits_per_second = 1e9;
    double latency_s = 0.01;  // one way, to the middle of the network
    bool by_hub = false;
};

struct NetworkModel {
    double jitter_s = 0.001;  // of each message, uniform; ten times as much of every twentieth
    double silence_s = 10;    // a peer silent for longer is taken for dead
    double dial_s = 0.2;      // between two attempts to connect, at most
    double hub_bits_per_second = 1e10;
};

class NetworkUser {
  public:
    virtual ~NetworkUser() = default;
    virtual bool is_running(Rank site) const = 0;
    virtual void peer_up(Rank at, Rank peer) = 0;
    virtual void peer_down(Rank at, Rank peer) = 0;
};

// How a site goes away: its process is killed and the system closes its connections; its machine is gone and
// nothing says so; or it closes after all that it sent.
enum class Ending { killed, vanished, closed };

struct SiteTraffic {
    double sent_bytes = 0;
    double received_bytes = 0;
};

class SimNetwork {
  public:
    SimNetwork(EventQueue& queue, std::vector<LineModel> lines, NetworkModel model, std::uint64_t seed,
               NetworkUser& user);

    void site_began(Rank site);
    void site_ended(Rank site, Ending ending);

    // `hold`: it leaves so much later. deliver() is called when it arrives, if the receiver still has the
    // connection over which it was sent.
    void send(Rank from, Rank to, double bytes, Nanoseconds hold, Task deliver);
    void send_bulk(Rank from, Rank to, double bytes, Nanoseconds hold, Task deliver);

    double reduce_seconds(const std::vector<Rank>& members, double payload_bytes) const;
    static double reduce_bytes(std::size_t members, double payload_bytes);
    void count_reduction(const std::vector<Rank>& members, double payload_bytes);

    // Whether bytes get through now, and when a stalled connection moves again.
    bool carries(Rank a, Rank b) const;
    Nanoseconds stalled_until(Rank a, Rank b) const { return stalled_[at(a, b)]; }
    bool all_up() const;

    void reset(Rank a, Rank b);
    // Nothing passes for so long: below the silence limit what is sent waits, above it the connection is
    // lost.
    void outage(Rank a, Rank b, Nanoseconds length);
    // The line of a site is so many times slower and longer.
    void slow(Rank site, double factor, Nanoseconds length);
    void restart_hub(Nanoseconds length);
    // The next message from one to the other is not what was sent.
    void spoil(Rank from, Rank to);
    void spoil_no_more();

    const SiteTraffic& traffic(Rank site) const { return traffic_[site]; }
    double jitter();

  private:
    std::size_t at(Rank a, Rank b) const { return a * lines_.size() + b; }
    bool is_up(Rank a, Rank b) const { return number_[at(a, b)] % 2 == 1; }
    bool by_hub(Rank a, Rank b) const { return lines_[a].by_hub || lines_[b].by_hub; }
    void set_number(Rank a, Rank b, std::uint64_t number);
    double latency(Rank a, Rank b) const;
    double rate(Rank site) const;
    double seconds_of(Rank from, Rank to, double bytes) const;
    void dial(Rank a, Rank b);
    void try_to_connect(Rank a, Rank b);
    void connect(Rank a, Rank b);
    void lose(Rank a, Rank b, Nanoseconds notice_a, Nanoseconds notice_b);
    void notice_down(Rank where, Rank gone, Nanoseconds when);
    void arrive(Rank from, Rank to, std::uint64_t number, const Task& deliver);

    EventQueue& queue_;
    std::vector<LineModel> lines_;
    NetworkModel model_;
    Random random_;
    NetworkUser& user_;
    // By at(a, b). Connection numbers are odd while it is up; seen_: the one that the end a knows.
    std::vector<std::uint64_t> number_, seen_;
    std::vector<Nanoseconds> busy_until_, blocked_until_, stalled_;
    std::vector<bool> dialling_, spoilt_;
    std::vector<double> slowness_;
    std::vector<Nanoseconds> slow_until_;
    std::vector<SiteTraffic> traffic_;
};

}  // namespace euromesh::sim

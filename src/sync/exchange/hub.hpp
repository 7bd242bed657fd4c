// Exchange `hub`, the hub's side: sites that can only dial out meet here, and it joins their streams.
//
// A connection proves that it is a site of a run whose authority the hub knows (hub_proof.hpp), then waits
// for the peer that it wants. When both are there, the hub copies bytes between them until one ends. What
// goes through is the two sites' own mutual TLS: the hub can drop it, but neither read, alter nor replay it.
//
// Thread rule: single-threaded; all I/O in poll(), which never blocks for longer than its timeout.
//
// Invariants
// - Nobody gets a byte through before both sides have proved themselves.
// - Bounded: connections altogether and from one address, those that wait, the time to prove, the bytes of a
//   proof, 512 KiB of buffers for each pair, log lines about refusals a second. When one end does not take
//   bytes, the other's kernel is told to wait.
// - Nothing is kept on disk: after a restart sites dial again.
//
// It does not: encrypt, count for money, limit rates, find sites.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "base/json.hpp"
#include "base/log.hpp"
#include "sync/exchange/hub_table.hpp"
#include "sync/exchange/stream_pair.hpp"

namespace euromesh::sync {

struct HubConfig {
    os::Endpoint listen;
    std::vector<std::string> authorities;  // PEM, one for each run
    std::size_t connections_most = 1024;
    std::size_t connections_per_address_most = 128;
    std::size_t waiting_per_run_most = 256;
    Nanoseconds proof_limit = std::chrono::seconds(10);
    // A pair of which one direction has ended is given so long to end the other.
    Nanoseconds ending_limit = std::chrono::seconds(30);
    os::SocketOptions socket;
};

class Hub {
  public:
    // bad_input: an authority is no certificate, or there is none; conflict: the port is taken.
    static Result<std::unique_ptr<Hub>> open(HubConfig config, const Clock& clock, const Logger& log);

    void poll(Nanoseconds timeout);
    std::uint16_t port() const { return listener_.local_port(); }
    // {"waiting":[…],"pairs":[…],"refused_total":…}: who is there and how much went through.
    Json status() const;

  private:
    struct Guest {
        os::Socket socket;
        std::string address;
        std::string host;
        HubChallenge challenge{};
        std::string inbox;
        std::optional<HubParty> party;  // proved, waits
        Nanoseconds since{0};
    };
    struct Pair {
        StreamPair streams;
        HubParty party;  // of the first; the second is its peer
        std::array<std::string, 2> hosts;
        Nanoseconds since{0};
        std::optional<Nanoseconds> ending_since{};
    };

    Hub(HubConfig config, const Clock& clock, const Logger& log, os::Socket listener);
    bool has_room() const;
    std::vector<os::WaitItem> waits() const;
    void serve_pairs(std::span<const os::WaitItem> items);
    void serve_guests(std::span<const os::WaitItem> items);
    void accept_all();
    void greet(os::Socket socket);
    // Errors end the guest: refused and corrupted are told and logged, unavailable is an end of its own.
    Status serve(GuestId id, Guest& guest);
    Status take_proof(GuestId id, Guest& guest, std::string_view text);
    Status join(GuestId id, Guest& guest, GuestId partner);
    void dismiss(GuestId id, const Error& reason);
    void let_go(const std::string& host);
    void log_refusal(const std::string& address, const std::string& reason);
    bool end_of(const Pair& pair, bool goes_on);
    void log_end(const Pair& pair);

    HubConfig config_;
    const Clock& clock_;
    const Logger& log_;
    os::Socket listener_;
    HubTable table_;
    GuestId next_guest_ = 0;
    std::map<GuestId, Guest> guests_;
    std::list<Pair> pairs_;
    std::map<std::string, std::size_t> by_host_;
    Nanoseconds accept_at_{0};  // not before: the process had no file left
    std::uint64_t paired_total_ = 0, refused_total_ = 0;
    Nanoseconds log_window_{0};
    std::size_t logged_ = 0, unlogged_ = 0;
};

}  // namespace euromesh::sync

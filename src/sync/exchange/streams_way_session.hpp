// The thread between a socket and several connections: one stream in each direction, cut into segments that
// go by whichever connection is free, and put in order again. Private to StreamsWay.
//
// Thread rule: made and destroyed by one thread, which may wait; join(), prove() and the questions from any.
// Invariants
// - A connection that is lost costs what was under way on it, which is sent again by the others. With none
//   left the session waits: the site that dials tries again, until `resume_limit` is over.
// - Nothing is read from the socket while every connection is busy: what was given first is not far ahead of
//   a small message that comes later. At most the tether's window is kept in each direction.
// - It is over when one end has closed its socket and the other knows all that was written, when the peer
//   says that it knows no such session, or when it stayed cut for too long.
// - Until prove() it keeps no more than a handshake needs.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "base/os/thread.hpp"
#include "sync/exchange/streams_way_line.hpp"
#include "sync/exchange/streams_way_preamble.hpp"
#include "sync/exchange/tether.hpp"
#include "sync/exchange/way_caller.hpp"

namespace euromesh::sync {

struct StreamsConfig {
    std::string run, self, peer;
    std::size_t streams = 4;  // connections, 1 to streams_most
    // The same at both sites. A line of 10 Gbit/s and 50 ms holds 62.5 MB.
    TetherLimits tether{64u << 20, 128u << 10, std::chrono::seconds(10)};
    Nanoseconds resume_limit = std::chrono::seconds(60);
    // What is still to be sent when the socket has been closed has so long.
    Nanoseconds close_limit = std::chrono::seconds(2);
    Nanoseconds backoff_least = std::chrono::milliseconds(50), backoff_most = std::chrono::seconds(2);
    std::uint64_t pacing_bytes_per_s = 0;  // of each connection; 0: no limit
};

// Of all sessions of a way.
struct StreamsCounters {
    std::atomic<std::uint64_t> connections{0}, lost{0}, segments_resent{0};
};

class StreamsSession {
  public:
    // `dials`: by stream, how this site dials; none: the peer does. `ours`: of the peer only what is known.
    StreamsSession(const StreamsConfig& config, const Clock& clock, TetherHello ours, os::Socket local,
                   std::vector<std::shared_ptr<Way>> dials, std::shared_ptr<StreamsCounters> counters);
    StreamsSession(const StreamsSession&) = delete;
    StreamsSession& operator=(const StreamsSession&) = delete;
    // Waits for what is still to be sent when the socket has been closed.
    ~StreamsSession();

    bool is_agreed() const { return agreed_; }
    bool is_over() const { return over_; }
    bool is_cut() const { return live_ == 0; }
    bool is_proven() const { return proven_; }
    // Who is at the other end is known: it may use the whole window.
    void prove() { proven_ = true; }
    // What ended it, if it was not an end.
    std::optional<Error> failure() const;
    // At once, whatever is under way.
    void end() {
        thread_.request_stop();
        waker_.wake();
    }
    // A connection that the peer has dialled for this session. Takes the place of an earlier one.
    void join(std::uint32_t stream, os::Socket connection);
    // Whether the peer's preamble names both of this session's numbers.
    bool is_named_by(const TetherHello& theirs) const;

  private:
    struct Slot {
        std::unique_ptr<StreamLine> line{};
        std::unique_ptr<WayCaller> dial{};
        Nanoseconds dial_at{0}, backoff{0};
    };
    void run(const std::stop_token& stop);
    bool is_done() const;
    bool may_dial(std::size_t stream) const;
    void dial_due();
    void take_dialled();
    void take_joined();
    void put(std::size_t stream, os::Socket connection);
    void lose(std::size_t stream, const Error& reason);
    void give_up(Error error);

    bool read_local();
    bool fill(std::size_t stream);
    void send_some();
    void acknowledge();
    void write(std::size_t stream);
    void wait_and_read();
    Nanoseconds patience() const;
    void read(std::size_t stream);
    Result<bool> wants(const TetherHeader& header);
    Status take(const TetherHeader& header, std::vector<std::byte> body);
    Status take_hello(const TetherHeader& header);
    Status take_acknowledgement(std::uint64_t position);
    void give();
    std::uint64_t position_to_tell() const;

    const StreamsConfig config_;
    const Clock& clock_;
    const TetherHello begun_;
    const Sha256Digest pair_;
    const std::shared_ptr<StreamsCounters> counters_;
    os::Waker waker_;

    // Of the session's thread.
    TetherHello sessions_;
    os::Socket local_;
    std::vector<std::byte> room_;
    std::vector<Slot> slots_;
    std::size_t turn_ = 0;  // which slot comes first
    TetherSender sender_;
    TetherReceiver receiver_;
    std::uint64_t told_ = 0;    // acknowledged to the peer
    std::uint64_t resent_ = 0;  // counted already
    Nanoseconds untold_since_{0};
    bool greeted_ = false;
    bool end_told_ = false;     // to the peer
    bool end_known_ = false;    // by the peer
    bool end_given_ = false;    // to the socket
    bool reader_gone_ = false;  // nobody takes what arrives
    Nanoseconds cut_since_{0}, closed_at_{0};

    std::atomic<bool> agreed_{false}, over_{false}, proven_{false}, saw_end_{false};
    std::atomic<std::size_t> live_{0};
    mutable std::mutex mutex_;
    std::optional<Error> failure_;                               // under mutex_
    std::vector<std::pair<std::uint32_t, os::Socket>> joining_;  // under mutex_
    os::Thread thread_;                                          // last: it uses all of it
};

}  // namespace euromesh::sync

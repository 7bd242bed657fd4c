// The other end of a preflight: tells its time, discards what it is sent, sends what it is asked for.
//
// Why: a rate and a clock's offset can only be measured between two ends. `euromesh site check --listen` is
// one; another node's `site check --to` talks to it. It greets first, so that whoever dials something else by
// mistake, say a site's TLS, sends nothing there.
//
// Each message is a length of four bytes, the least first, then text (sync/exchange/dialogue.hpp):
//   listener  euromesh site check 1
//   caller    time                  -> listener: nanoseconds since 1970, and the caller may ask again
//   caller    take MS               any bytes; MS after the first the listener sends their number so far, and
//                                   goes on to discard
//   caller    give MS               the listener sends zeros for MS, and closes
// Not encrypted and open to anybody who reaches the port: nothing is told but the time, nothing kept.
//
// Thread rule: a Counterpart and a call belong to one thread. Bounded: connections, their idle time, bytes of
// a message, MS.
#pragma once

#include <list>
#include <string_view>

#include "sync/exchange/connector.hpp"

namespace euromesh::apps {

inline constexpr std::string_view check_greeting = "euromesh site check 1";
inline constexpr Nanoseconds check_longest = std::chrono::seconds(10);

class Counterpart {
  public:
    // conflict: the port is taken; not_found: not an address of this node.
    static Result<Counterpart> open(const os::Endpoint& listen, const Clock& clock);
    // Serves for at most so long.
    void poll(Nanoseconds timeout);
    std::uint16_t port() const { return listener_.local_port(); }
    std::uint64_t answered() const { return answered_; }

  private:
    enum class State { asked, takes, gives };
    struct Guest {
        os::Socket socket;
        State state = State::asked;
        std::string inbox{}, outbox{};
        Nanoseconds active{0};  // last byte
        Nanoseconds span{0};    // MS
        Nanoseconds since{0};   // of take: the first byte; of give: the request
        std::uint64_t taken = 0;
        bool told = false;
    };
    Counterpart(os::Socket listener, const Clock& clock) : listener_(std::move(listener)), clock_(&clock) {}
    void accept_all();
    // Errors end the guest.
    Status serve(Guest& guest, bool readable);
    Status read_requests(Guest& guest);
    Status answer(Guest& guest, std::string_view request);
    Status take(Guest& guest);
    Status give(Guest& guest);

    os::Socket listener_;
    const Clock* clock_;
    std::list<Guest> guests_;
    std::uint64_t answered_ = 0;
};

// A connection to a counterpart that has greeted. `dialler` must outlive it.
// not_found: something else is there, or it is silent; otherwise as Dialler::dial.
Result<os::Socket> call_counterpart(sync::Dialler& dialler, const os::Endpoint& endpoint, const Clock& clock);

struct PeerClock {
    Nanoseconds ahead{0};       // the other's clock before ours, to +- half a round trip
    Nanoseconds round_trip{0};  // the least of several
};
Result<PeerClock> ask_clock(os::Socket& socket, const Clock& clock);

struct RateQuestion {
    int streams = 1;
    bool is_sending = true;
    Nanoseconds duration = std::chrono::seconds(2);  // at most check_longest
};
// Bit/s over all streams, of payload, from the first byte on.
Result<double> measure_rate(const sync::ConnectorOptions& options, const os::Endpoint& endpoint,
                            const RateQuestion& question, const Clock& clock);

}  // namespace euromesh::apps

// Where connections wait until their first byte has told what they are: one of several of a pair, or plain.
//
// Why: one port serves both (streams_way.hpp). Thread rule: the mesh's. Invariants: nothing is read of a
// plain connection; of the others exactly the preamble. At most `guests_most` wait; when one more comes, the
// one that has waited longest goes: who belongs to the run speaks at once.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/socket.hpp"
#include "sync/exchange/streams_way_preamble.hpp"

namespace euromesh::sync {

class StreamsLobby {
  public:
    static constexpr std::size_t guests_most = 64;
    struct Known {
        os::Socket connection{};
        std::optional<StreamsPreamble> preamble{};  // absent: plain
    };

    void enter(os::Socket connection, Nanoseconds leave_at);
    void add_waits(std::vector<os::WaitItem>& items) const;
    // Those that have spoken; who has not until `leave_at`, or has said nonsense, is sent away.
    std::vector<Known> take(Nanoseconds now);
    std::size_t size() const { return guests_.size(); }

  private:
    enum class Said { nothing, plain, preamble, nonsense };
    struct Guest {
        os::Socket connection{};
        Nanoseconds leave_at{0};
        StreamsPreambleBytes bytes{};
        std::size_t got = 0;
    };
    static Said listen(Guest& guest);

    std::vector<Guest> guests_;
};

}  // namespace euromesh::sync

#include "sync/exchange/race.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {

constexpr Nanoseconds look_every = std::chrono::milliseconds(50);

class Race {
  public:
    Race(const std::vector<os::Address>& addresses, const os::SocketOptions& options, const Clock& clock)
        : addresses_(take_turns(addresses)), options_(options), clock_(clock) {}

    Result<os::Socket> run(Nanoseconds limit, const std::stop_token& stop) {
        const Nanoseconds deadline = clock_.monotonic() + limit;
        while (clock_.monotonic() < deadline) {
            if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
            begin_due();
            if (running_.empty()) return fail(last_);
            wait(deadline);
            if (std::optional<os::Socket> winner = finish()) return std::move(*winner);
        }
        return fail(Code::unavailable, "no answer in time");
    }

  private:
    // At once when nothing else runs, so that a refused attempt costs nothing.
    void begin_due() {
        while (next_ < addresses_.size() && (running_.empty() || clock_.monotonic() >= next_at_)) {
            auto socket = os::Socket::connect(addresses_[next_], options_);
            ++next_;
            if (!socket) {
                last_ = socket.error();
                continue;
            }
            running_.push_back(std::move(*socket));
            next_at_ = clock_.monotonic() + attempt_delay;
        }
    }

    void wait(Nanoseconds deadline) {
        items_.clear();
        for (const os::Socket& socket : running_) items_.push_back({&socket, false, true, false, false});
        Nanoseconds until = deadline;
        if (next_ < addresses_.size()) until = std::min(until, next_at_);
        os::wait_ready(items_, std::min(look_every, until - clock_.monotonic()));
    }

    std::optional<os::Socket> finish() {
        std::vector<os::Socket> left;
        for (std::size_t i = 0; i < running_.size(); ++i) {
            if (!items_[i].writable) {
                left.push_back(std::move(running_[i]));
                continue;
            }
            const Status connected = running_[i].connect_status();
            if (connected) return std::move(running_[i]);
            last_ = connected.error();
            next_at_ = clock_.monotonic();
        }
        running_ = std::move(left);
        return std::nullopt;
    }

    std::vector<os::Address> addresses_;
    const os::SocketOptions& options_;
    const Clock& clock_;
    std::size_t next_ = 0;
    Nanoseconds next_at_{0};
    std::vector<os::Socket> running_;
    std::vector<os::WaitItem> items_;
    Error last_{Code::unavailable, "no answer"};
};

}  // namespace

std::vector<os::Address> take_turns(const std::vector<os::Address>& addresses) {
    std::vector<os::Address> first, second, turns;
    for (const os::Address& address : addresses)
        (address.family() == addresses.front().family() ? first : second).push_back(address);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) turns.push_back(first[i]);
        if (i < second.size()) turns.push_back(second[i]);
    }
    return turns;
}

Result<os::Socket> race(const std::vector<os::Address>& addresses, const os::SocketOptions& options,
                        const Clock& clock, Nanoseconds limit, const std::stop_token& stop) {
    EM_ASSERT(!addresses.empty(), "a look-up never gives an empty list");
    return Race(addresses, options, clock).run(limit, stop);
}

}  // namespace euromesh::sync

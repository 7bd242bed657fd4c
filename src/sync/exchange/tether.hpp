// A resumable, ordered byte stream in one direction, over carriers that lose, repeat and reorder.
//
// Why: files in a spool, objects in a bucket and connections that are cut all give the same thing only after
// somebody has cut the stream into segments, kept them until they are acknowledged, and put them in order
// again. That is here, pure: bytes and the time come in, segments and positions come out. A pair of sites has
// two tethers, one a direction; a TetherGreeting (tether_greeting.hpp) makes sure that both ends speak of the
// same pair of sessions.
//
// Thread rule: none shared; each object belongs to one thread at a time.
// Invariants
// - What TetherReceiver gives is a prefix of what TetherSender was offered, whatever happens between them.
// - A segment's borders never change: the same offset always names the same bytes.
// - The sender holds at most `window_bytes` that are not acknowledged, the receiver at most as many that are
//   not consumed. Positions and lengths are bytes since the beginning of the session.
// It does not: do I/O, know sessions, check digests (tether_wire.hpp does).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

struct TetherLimits {
    std::uint64_t window_bytes = 256u << 20;
    std::size_t segment_bytes = 1u << 20;  // at most; a stream that pauses is sent in smaller ones
    // A segment that is not acknowledged for so long is sent again; doubles with each time, up to 16-fold.
    Nanoseconds resend_after = std::chrono::seconds(30);
};

struct SegmentView {
    std::uint64_t offset = 0;
    std::span<const std::byte> bytes;
};

class TetherSender {
  public:
    explicit TetherSender(const TetherLimits& limits);

    // How many bytes the window still takes.
    std::size_t room() const;
    // Takes what there is room for and says how much that was. Not after finish().
    std::size_t offer(std::span<const std::byte> bytes);
    void finish() { finished_ = true; }

    // The next segment to send over this carrier (any number that its owner gives it), or nothing for now.
    // Segments that have become old are given again. A last one that is not full is given only with `flush`.
    // The bytes stay where they are until acknowledged() covers them.
    std::optional<SegmentView> next(Nanoseconds now, unsigned carrier, bool flush);
    // Whether next(flush) would give something that was never sent.
    bool has_unsent() const;
    // Everything below `position` has arrived. bad_input: more than was ever sent.
    Status acknowledged(std::uint64_t position, Nanoseconds now);
    // What went over this carrier may not have arrived: it is given again at once.
    void carrier_lost(unsigned carrier);

    // The stream's whole length, once it is known.
    std::optional<std::uint64_t> end() const {
        return finished_ ? std::optional<std::uint64_t>(offered_) : std::nullopt;
    }
    std::uint64_t offered() const { return offered_; }
    std::uint64_t acknowledged() const { return acknowledged_; }
    std::uint64_t resent_segments() const { return resent_; }

  private:
    struct Kept {
        std::uint64_t offset = 0;
        std::vector<std::byte> bytes{};
        bool sealed = false;  // its border is fixed
        bool sent = false;
        unsigned carrier = 0;
        unsigned times = 0;
        Nanoseconds due{0};
    };
    SegmentView give(Kept& segment, Nanoseconds now, unsigned carrier);

    TetherLimits limits_;
    std::deque<Kept> kept_;
    std::size_t first_unsent_ = 0;  // all before it were sent
    std::uint64_t offered_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::uint64_t resent_ = 0;
    bool finished_ = false;
};

class TetherReceiver {
  public:
    explicit TetherReceiver(const TetherLimits& limits) : limits_(limits) {}

    // Whether take() would keep it; a copy that is there already is not worth fetching.
    bool wants(std::uint64_t offset, std::uint64_t length) const;
    // A repeated segment is dropped. bad_input: outside the window, or other borders than before.
    Status take(std::uint64_t offset, std::vector<std::byte> bytes);
    // The stream ends at `position`. bad_input: it was said to end elsewhere, or more has come already.
    Status take_end(std::uint64_t position);

    // The next bytes in order; empty: they are still missing. Valid until consume() or take().
    std::span<const std::byte> ready() const;
    void consume(std::size_t count);
    // Everything below has been given away: the position to acknowledge.
    std::uint64_t consumed() const { return consumed_; }
    bool is_over() const { return end_ && consumed_ == *end_; }

  private:
    Status check(std::uint64_t offset, std::uint64_t length) const;

    TetherLimits limits_;
    std::map<std::uint64_t, std::vector<std::byte>> kept_;  // by offset; none overlap
    std::uint64_t consumed_ = 0;
    std::optional<std::uint64_t> end_;
};

}  // namespace euromesh::sync

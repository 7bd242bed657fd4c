#include "sync/exchange/tether.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::sync {

TetherSender::TetherSender(const TetherLimits& limits) : limits_(limits) {
    EM_ASSERT(limits.segment_bytes > 0 && limits.segment_bytes <= limits.window_bytes,
              "a segment fits into the window");
}

std::size_t TetherSender::room() const {
    const std::uint64_t kept = offered_ - acknowledged_;
    return kept >= limits_.window_bytes ? 0 : static_cast<std::size_t>(limits_.window_bytes - kept);
}

std::size_t TetherSender::offer(std::span<const std::byte> bytes) {
    EM_ASSERT(!finished_, "no bytes come after the end of a stream");
    const std::size_t taken = std::min(bytes.size(), room());
    bytes = bytes.first(taken);
    while (!bytes.empty()) {
        if (kept_.empty() || kept_.back().sealed) kept_.push_back(Kept{offered_});
        Kept& last = kept_.back();
        const std::size_t part = std::min(bytes.size(), limits_.segment_bytes - last.bytes.size());
        last.bytes.insert(last.bytes.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
        last.sealed = last.bytes.size() == limits_.segment_bytes;
        offered_ += part;
        bytes = bytes.subspan(part);
    }
    return taken;
}

SegmentView TetherSender::give(Kept& segment, Nanoseconds now, unsigned carrier) {
    segment.sealed = true;
    segment.sent = true;
    segment.carrier = carrier;
    segment.due = now + limits_.resend_after * (1 << std::min(segment.times, 4u));
    if (segment.times++ > 0) ++resent_;
    return {segment.offset, segment.bytes};
}

std::optional<SegmentView> TetherSender::next(Nanoseconds now, unsigned carrier, bool flush) {
    // Of those that wait for an acknowledgement the first alone tells whether something is missing.
    if (!kept_.empty() && kept_.front().sent && now >= kept_.front().due) {
        return give(kept_.front(), now, carrier);
    }
    while (first_unsent_ < kept_.size() && kept_[first_unsent_].sent) ++first_unsent_;
    if (first_unsent_ == kept_.size()) return std::nullopt;
    Kept& segment = kept_[first_unsent_];
    if (!segment.sealed && !flush) return std::nullopt;
    return give(segment, now, carrier);
}

bool TetherSender::has_unsent() const {
    return std::any_of(kept_.begin(), kept_.end(), [](const Kept& segment) { return !segment.sent; });
}

Status TetherSender::acknowledged(std::uint64_t position, Nanoseconds now) {
    const std::uint64_t sealed = kept_.empty() || kept_.back().sealed ? offered_ : kept_.back().offset;
    if (position > sealed) {
        return fail(Code::bad_input, "an acknowledgement of {} bytes where {} were sent", position, sealed);
    }
    if (position <= acknowledged_) return {};
    acknowledged_ = position;
    while (!kept_.empty() && kept_.front().sealed &&
           kept_.front().offset + kept_.front().bytes.size() <= position) {
        kept_.pop_front();
        if (first_unsent_ > 0) --first_unsent_;
    }
    // It moves: whoever is first now has its whole patience.
    if (!kept_.empty() && kept_.front().sent) kept_.front().due = now + limits_.resend_after;
    return {};
}

void TetherSender::carrier_lost(unsigned carrier) {
    for (Kept& segment : kept_) {
        if (segment.sent && segment.carrier == carrier) segment.sent = false;
    }
    first_unsent_ = 0;
}

Status TetherReceiver::check(std::uint64_t offset, std::uint64_t length) const {
    if (length == 0 || length > limits_.window_bytes || offset > consumed_ + limits_.window_bytes ||
        offset + length > consumed_ + limits_.window_bytes) {
        return fail(Code::bad_input, "a segment of {} bytes at {} lies outside the window of {} bytes at {}",
                    length, offset, limits_.window_bytes, consumed_);
    }
    const auto after = kept_.upper_bound(offset);
    const bool behind = offset < consumed_;
    const bool into_next = after != kept_.end() && offset + length > after->first;
    const bool from_last =
        after != kept_.begin() && std::prev(after)->first + std::prev(after)->second.size() > offset;
    if (behind || into_next || from_last || (end_ && offset + length > *end_)) {
        return fail(Code::bad_input, "a segment of {} bytes at {} has other borders than before", length,
                    offset);
    }
    return {};
}

bool TetherReceiver::wants(std::uint64_t offset, std::uint64_t length) const {
    return offset >= consumed_ && !kept_.contains(offset) && check(offset, length).has_value();
}

Status TetherReceiver::take(std::uint64_t offset, std::vector<std::byte> bytes) {
    const auto same = kept_.find(offset);
    if (same != kept_.end() && same->second.size() == bytes.size()) return {};
    if (offset < consumed_ && bytes.size() <= consumed_ - offset) return {};
    EM_TRY(check(offset, bytes.size()));
    kept_.emplace(offset, std::move(bytes));
    return {};
}

Status TetherReceiver::take_end(std::uint64_t position) {
    const std::uint64_t seen =
        kept_.empty() ? consumed_ : std::prev(kept_.end())->first + std::prev(kept_.end())->second.size();
    if ((end_ && *end_ != position) || seen > position) {
        return fail(Code::bad_input, "a stream of {} bytes is said to end at {}", end_.value_or(seen),
                    position);
    }
    end_ = position;
    return {};
}

std::span<const std::byte> TetherReceiver::ready() const {
    if (kept_.empty()) return {};
    const auto& [offset, bytes] = *kept_.begin();
    if (offset > consumed_) return {};
    return std::span(bytes).subspan(static_cast<std::size_t>(consumed_ - offset));
}

void TetherReceiver::consume(std::size_t count) {
    EM_ASSERT(count <= ready().size(), "only what is ready can be consumed");
    if (count == 0) return;
    consumed_ += count;
    if (kept_.begin()->first + kept_.begin()->second.size() == consumed_) kept_.erase(kept_.begin());
}

}  // namespace euromesh::sync

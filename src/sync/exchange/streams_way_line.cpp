#include "sync/exchange/streams_way_line.hpp"

#include <algorithm>

namespace euromesh::sync {
namespace {
constexpr std::size_t a_turn = 1u << 20, dropped_at_once = 64u << 10;
}

void StreamLine::queue(std::span<const std::byte> bytes) {
    if (is_idle()) {
        output_.clear();
        sent_ = 0;
    }
    output_.insert(output_.end(), bytes.begin(), bytes.end());
}

void StreamLine::queue(TetherHeader header, std::span<const std::byte> body) {
    header.length = static_cast<std::uint32_t>(body.size());
    header.digest = body.empty() ? 0 : tether_digest(body);
    queue(encode(header));
    queue(body);
}

Status StreamLine::write() {
    while (!is_idle()) {
        const iovec piece{output_.data() + sent_, output_.size() - sent_};
        EM_ASSIGN(const std::size_t part, socket_.send({&piece, 1}));
        if (part == 0) return {};
        sent_ += part;
    }
    return {};
}

// Whether the room is full.
Result<bool> StreamLine::fill(std::span<std::byte> room, std::size_t& filled) {
    EM_ASSIGN(const std::size_t part, socket_.receive(room.subspan(filled)));
    filled += part;
    return filled == room.size();
}

Result<bool> StreamLine::read_header(const Wants& wants) {
    EM_ASSIGN(const bool whole, fill(head_, head_filled_));
    if (!whole) return false;
    EM_ASSIGN(header_, decode_tether_header(head_));
    if (header_.length > streams_segment_most)
        return fail(Code::corrupted, "a segment of {} bytes, at most {}", header_.length,
                    streams_segment_most);
    EM_ASSIGN(wanted_, wants(header_));
    body_filled_ = 0;
    body_.resize(wanted_ ? header_.length : std::min<std::size_t>(header_.length, dropped_at_once));
    return true;
}

Result<bool> StreamLine::read_body() {
    if (wanted_) return fill(body_, body_filled_);
    const std::size_t left = header_.length - body_filled_;
    EM_ASSIGN(const std::size_t part, socket_.receive(std::span(body_).first(std::min(left, body_.size()))));
    body_filled_ += part;
    return body_filled_ == header_.length;
}

Status StreamLine::hand_over(const Take& take) {
    head_filled_ = 0;
    std::vector<std::byte> body = std::move(body_);
    body_ = {};
    if (header_.length > 0 && !wanted_) return {};
    if (header_.length > 0 && tether_digest(body) != header_.digest)
        return fail(Code::corrupted, "a segment arrived altered");
    return take(header_, std::move(body));
}

Status StreamLine::read(const Wants& wants, const Take& take) {
    for (std::size_t moved = 0; moved < a_turn; moved += sizeof head_ + header_.length) {
        if (head_filled_ < head_.size()) {
            EM_ASSIGN(const bool whole, read_header(wants));
            if (!whole) return {};
        }
        if (header_.length > 0) {
            EM_ASSIGN(const bool whole, read_body());
            if (!whole) return {};
        }
        EM_TRY(hand_over(take));
    }
    return {};
}

}  // namespace euromesh::sync

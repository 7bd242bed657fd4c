#include "sync/exchange/connection.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t turn_bytes = 1u << 20;
constexpr std::size_t drop_bytes = 64u << 10;

bool is_bulk(FrameKind kind) {
    return kind == FrameKind::contribution || kind == FrameKind::result;
}

}  // namespace

void Connection::queue(const FrameHeader& header, std::span<const std::byte> body) {
    EM_ASSERT(header.length == body.size(), "a header tells the length of its body");
    Outgoing& frame = queue_.emplace_back();
    frame.header = header;
    frame.head = encode_frame(header);
    frame.copy.assign(body.begin(), body.end());
    frame.body = frame.copy;
    queued_bytes_ += body.size();
}

bool Connection::take_next(FrameHandler& handler) {
    if (!queue_.empty()) {
        sending_ = std::move(queue_.front());
        sending_->body = sending_->copy;
        queue_.pop_front();
        return true;
    }
    const std::optional<BulkFrame> frame = handler.next();
    if (!frame) return false;
    EM_ASSERT(frame->header.length == frame->body.size(), "a header tells the length of its body");
    sending_ = Outgoing{frame->header, encode_frame(frame->header), frame->body, {}, 0, true};
    return true;
}

Status Connection::write_turn(FrameHandler& handler) {
    std::size_t budget = turn_bytes;
    while (budget > 0 && (sending_ || take_next(handler))) {
        Outgoing& frame = *sending_;
        const std::size_t head_sent = std::min(frame.sent, frame_header_bytes);
        const auto head = std::span<const std::byte>(frame.head).subspan(head_sent);
        const auto body = frame.body.subspan(frame.sent - head_sent);
        EM_ASSIGN(const std::size_t sent, stream_->write(head, body));
        frame.sent += sent;
        budget -= std::min(budget, sent);
        if (sent < head.size() + body.size()) {
            blocked_ = true;
            return {};
        }
        if (frame.bulk) unconfirmed_.push_back(frame.header);
        if (!frame.bulk) queued_bytes_ -= frame.body.size();
        sending_.reset();
    }
    // The turn is over before the bytes are: go on when the wait says so, which it will at once.
    blocked_ = budget == 0;
    return {};
}

Status Connection::write(FrameHandler& handler) {
    blocked_ = false;
    EM_TRY(write_turn(handler));
    EM_ASSIGN(const bool flushed, stream_->flush());
    if (!flushed) {
        blocked_ = true;
        return {};
    }
    for (const FrameHeader& header : unconfirmed_) handler.handed_over(header);
    unconfirmed_.clear();
    return {};
}

Status Connection::begin_body(FrameHandler& handler) {
    EM_ASSIGN(header_, decode_frame(head_));
    body_got_ = 0;
    place_ = {};
    if (!is_bulk(header_.kind)) {
        body_.resize(header_.length);
        return {};
    }
    EM_ASSIGN(place_, handler.place(header_));
    EM_ASSERT(place_.empty() || place_.size() == header_.length, "a bulk body gets exactly its room");
    if (place_.empty()) dropped_.resize(drop_bytes);
    return {};
}

Status Connection::end_body(FrameHandler& handler) {
    head_got_ = 0;
    if (!is_bulk(header_.kind)) return handler.take(header_, std::move(body_));
    if (!place_.empty()) handler.arrived(header_);
    place_ = {};
    return {};
}

std::span<std::byte> Connection::room() {
    if (head_got_ < frame_header_bytes) return std::span(head_).subspan(head_got_);
    const std::size_t left = header_.length - body_got_;
    if (!is_bulk(header_.kind)) return std::span(body_).subspan(body_got_);
    if (!place_.empty()) return place_.subspan(body_got_);
    return std::span(dropped_).first(std::min(left, dropped_.size()));
}

Status Connection::advance(FrameHandler& handler, std::size_t got) {
    if (head_got_ < frame_header_bytes) {
        head_got_ += got;
        if (head_got_ < frame_header_bytes) return {};
        EM_TRY(begin_body(handler));
    } else {
        body_got_ += got;
    }
    return body_got_ == header_.length ? end_body(handler) : Status();
}

Status Connection::read(FrameHandler& handler) {
    std::size_t budget = turn_bytes;
    while (budget > 0) {
        const std::span<std::byte> wanted = room();
        EM_ASSIGN(const std::size_t got, stream_->read(wanted));
        if (got > 0) EM_TRY(advance(handler, got));
        if (got < wanted.size()) return {};
        budget -= std::min(budget, got);
    }
    return {};
}

void Connection::release(const ReduceKey& key) {
    if (sending_ && sending_->bulk && sending_->header.key == key && sending_->copy.empty()) {
        sending_->copy.assign(sending_->body.begin(), sending_->body.end());
        sending_->body = sending_->copy;
    }
    if (head_got_ == frame_header_bytes && is_bulk(header_.kind) && header_.key == key) {
        dropped_.resize(drop_bytes);
        place_ = {};
    }
}

}  // namespace euromesh::sync

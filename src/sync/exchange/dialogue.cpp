#include "sync/exchange/dialogue.hpp"

#include <algorithm>
#include <array>

namespace euromesh::sync {
namespace {

constexpr Nanoseconds look_every = std::chrono::milliseconds(50);

}  // namespace

Result<bool> wait_for(const os::Socket& socket, bool to_write, const Clock& clock, Nanoseconds deadline,
                      const std::stop_token& stop) {
    for (;;) {
        if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
        os::WaitItem item{&socket, !to_write, to_write, false, false};
        const Nanoseconds left = deadline - clock.monotonic();
        os::wait_ready({&item, 1}, std::min(left, look_every));
        if (item.readable || item.writable) return true;
        if (left <= Nanoseconds(0)) return false;
    }
}

Dialogue::Dialogue(os::Socket& socket, const Clock& clock, Nanoseconds limit, std::stop_token stop,
                   std::string who)
    : socket_(socket),
      clock_(clock),
      deadline_(clock.monotonic() + limit),
      stop_(std::move(stop)),
      who_(std::move(who)) {}

Status Dialogue::wait(bool to_write) {
    const Result<bool> ready = wait_for(socket_, to_write, clock_, deadline_, stop_);
    if (!ready) return fail(told(ready.error()));
    if (!*ready) return fail(Code::unavailable, "{}: no answer in time", who_);
    return {};
}

Status Dialogue::send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        EM_TRY(wait(true));
        const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
        const Result<std::size_t> sent = socket_.send({&piece, 1});
        if (!sent) return fail(told(sent.error()));
        bytes = bytes.subspan(*sent);
    }
    return {};
}

Status Dialogue::send(std::string_view text) {
    return send(std::as_bytes(std::span(text.data(), text.size())));
}

Status Dialogue::receive(std::span<std::byte> room) {
    while (!room.empty()) {
        EM_TRY(wait(false));
        const Result<std::size_t> got = socket_.receive(room);
        if (!got) return fail(told(got.error()));
        room = room.subspan(*got);
    }
    return {};
}

Result<std::string> Dialogue::receive_until(std::string_view end, std::size_t most) {
    std::string text;
    while (!text.ends_with(end)) {
        if (text.size() >= most) return fail(Code::corrupted, "{}: its answer has no end", who_);
        std::byte next{};
        EM_TRY(receive({&next, 1}));
        text.push_back(static_cast<char>(next));
    }
    return text;
}

Status Dialogue::send_message(std::string_view text) {
    std::string framed;
    for (int shift = 0; shift < 32; shift += 8) framed.push_back(static_cast<char>(text.size() >> shift));
    return send(framed.append(text));
}

Result<std::string> Dialogue::receive_message(std::size_t most) {
    std::array<std::byte, 4> head{};
    EM_TRY(receive(head));
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size |= std::to_integer<std::size_t>(head[i]) << (8 * i);
    if (size > most) return fail(Code::corrupted, "{}: a message of {} bytes, at most {}", who_, size, most);
    std::string text(size, '\0');
    EM_TRY(receive(std::as_writable_bytes(std::span(text.data(), text.size()))));
    return text;
}

}  // namespace euromesh::sync

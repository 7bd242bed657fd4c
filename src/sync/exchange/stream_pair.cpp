#include "sync/exchange/stream_pair.hpp"

namespace euromesh::sync {
namespace {

// So that one busy pair does not hold up the others.
constexpr int rounds_a_turn = 8;

}  // namespace

StreamPair::StreamPair(os::Socket first, os::Socket second) {
    sockets_[0] = std::move(first);
    sockets_[1] = std::move(second);
}

std::array<os::WaitItem, 2> StreamPair::waits() const {
    std::array<os::WaitItem, 2> items;
    for (std::size_t side = 0; side < 2; ++side) {
        const Direction& out = ways_[side];
        const Direction& in = ways_[1 - side];
        const bool room = !out.ended && out.begin == out.end;
        items[side] = {&sockets_[side], room, in.begin < in.end, false, false};
    }
    return items;
}

// Reads only into an empty buffer: what cannot be sent yet stays with the kernel.
Status StreamPair::move(Direction& way, os::Socket& from, os::Socket& to) {
    for (int round = 0; round < rounds_a_turn && !way.passed; ++round) {
        if (way.begin == way.end && !way.ended) {
            const Result<std::size_t> got = from.receive(way.buffer);
            way.begin = 0;
            way.end = got.value_or(0);
            way.ended = !got;
            if (got && *got == 0) return {};
        }
        if (way.begin < way.end) {
            const iovec piece{way.buffer.data() + way.begin, way.end - way.begin};
            EM_ASSIGN(const std::size_t sent, to.send({&piece, 1}));
            way.begin += sent;
            way.carried += sent;
            if (way.begin < way.end) return {};
        }
        if (way.ended && way.begin == way.end) {
            to.shutdown_sending();
            way.passed = true;
        }
    }
    return {};
}

bool StreamPair::step(const os::WaitItem& first, const os::WaitItem& second) {
    const std::array<bool, 2> readable = {first.readable, second.readable};
    const std::array<bool, 2> writable = {first.writable, second.writable};
    for (std::size_t side = 0; side < 2; ++side) {
        if (!readable[side] && !writable[1 - side]) continue;
        if (!move(ways_[side], sockets_[side], sockets_[1 - side])) return false;
    }
    return !(ways_[0].passed && ways_[1].passed);
}

}  // namespace euromesh::sync

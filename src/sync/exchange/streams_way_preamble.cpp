#include "sync/exchange/streams_way_preamble.hpp"

#include <cstring>

namespace euromesh::sync {
namespace {

constexpr std::uint32_t magic = 0x31534d54;  // "TMS1"
constexpr std::size_t pair_at = 24, checked_bytes = 56;

template <class T>
void put(StreamsPreambleBytes& bytes, std::size_t at, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) bytes[at + i] = std::byte(value >> (8 * i) & 0xff);
}

template <class T>
T take(std::span<const std::byte> bytes, std::size_t at) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<T>(bytes[at + i]) << (8 * i);
    return value;
}

}  // namespace

Sha256Digest streams_pair(std::string_view run, std::string_view from, std::string_view to) {
    return sha256(fmt::format("{}:{} {}:{} {}:{}", run.size(), run, from.size(), from, to.size(), to));
}

StreamsPreambleBytes encode(const StreamsPreamble& preamble) {
    StreamsPreambleBytes bytes{};
    put(bytes, 0, magic);
    put(bytes, 4, preamble.stream);
    put(bytes, 8, preamble.sessions.mine);
    put(bytes, 16, preamble.sessions.theirs);
    std::memcpy(bytes.data() + pair_at, preamble.pair.data(), preamble.pair.size());
    put(bytes, checked_bytes, tether_digest(std::span(bytes).first(checked_bytes)));
    return bytes;
}

Result<StreamsPreamble> decode_streams_preamble(std::span<const std::byte> bytes) {
    if (bytes.size() != sizeof(StreamsPreambleBytes) || take<std::uint32_t>(bytes, 0) != magic ||
        take<std::uint64_t>(bytes, checked_bytes) != tether_digest(bytes.first(checked_bytes))) {
        return fail(Code::corrupted, "no preamble of a stream (is the peer something else?)");
    }
    StreamsPreamble preamble;
    preamble.stream = take<std::uint32_t>(bytes, 4);
    preamble.sessions = {take<std::uint64_t>(bytes, 8), take<std::uint64_t>(bytes, 16)};
    std::memcpy(preamble.pair.data(), bytes.data() + pair_at, preamble.pair.size());
    if (preamble.stream >= streams_most || preamble.sessions.mine == 0) {
        return fail(Code::corrupted, "stream {} of a pair: at most {} are known here", preamble.stream,
                    streams_most);
    }
    return preamble;
}

}  // namespace euromesh::sync

// What a connection of a pair with several streams says first: whose it is.
//
// Why: connections of one pair and connections of plain meshes come to one port; their first byte tells them
// apart (TLS begins with 0x16, a mesh without TLS with 0x45). 64 bytes, little-endian: magic, stream, session
// of the one who dials, session of its peer (0: not known yet), SHA-256 over run, from and to, XXH3 of the 56
// bytes before. Of fixed size, so that a stranger can make nobody allocate.
//
// Thread rule: plain functions. Decoding survives any bytes. It does not: authenticate.
#pragma once

#include <string_view>

#include "sync/exchange/tether_wire.hpp"

namespace euromesh::sync {

inline constexpr std::byte streams_first_byte{0x54};
inline constexpr std::size_t streams_most = 64;

struct StreamsPreamble {
    Sha256Digest pair{};
    TetherHello sessions{};
    std::uint32_t stream = 0;
    bool operator==(const StreamsPreamble&) const = default;
};

using StreamsPreambleBytes = std::array<std::byte, 64>;

// Of the connections that `from` dials.
Sha256Digest streams_pair(std::string_view run, std::string_view from, std::string_view to);
StreamsPreambleBytes encode(const StreamsPreamble& preamble);
// corrupted: not a preamble, or not whole.
Result<StreamsPreamble> decode_streams_preamble(std::span<const std::byte> bytes);

}  // namespace euromesh::sync

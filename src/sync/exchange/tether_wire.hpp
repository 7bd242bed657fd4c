// How segments, acknowledgements, greetings and ends of a tether look: as headers on a connection, and as
// names of files and objects.
//
// On a connection: 56 bytes, little-endian: magic, kind, length, session of the speaker, of its peer, offset,
// XXH3 of the body, XXH3 of the 48 bytes before. The digests find accidents; what is carried is TLS.
// As a name: everything but the bytes of a segment is in the name, so that one listing tells all and a
// greeting or an acknowledgement is an empty file:
//     h-<mine>-<theirs>                                   greeting
//     a-<mine>-<theirs>-<position>                        acknowledgement
//     e-<mine>-<theirs>-<position>                        end of the stream
//     s-<mine>-<theirs>-<offset>-<length>-<SHA-256>       segment
// with numbers as 16 hexadecimal digits, so that a listing in order of names is in order of offsets.
//
// Thread rule: plain functions. Decoding survives any bytes and never allocates by what it reads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "base/result.hpp"
#include "sync/exchange/tether_greeting.hpp"

namespace euromesh::sync {

inline constexpr std::uint32_t tether_segment_max_bytes = 256u << 20;

enum class TetherKind : std::uint8_t { hello = 1, segment = 2, acknowledgement = 3, end = 4 };

struct TetherHeader {
    TetherKind kind = TetherKind::hello;
    TetherHello sessions;
    std::uint64_t offset = 0;  // or position
    std::uint32_t length = 0;  // of a segment, otherwise 0
    std::uint64_t digest = 0;  // of the body
    bool operator==(const TetherHeader&) const = default;
};

using TetherHeaderBytes = std::array<std::byte, 56>;
// The first byte of a header: not 0x16, with which TLS begins.
inline constexpr std::byte tether_first_byte{0x45};

TetherHeaderBytes encode(const TetherHeader& header);
// corrupted: not a header, or not whole.
Result<TetherHeader> decode_tether_header(std::span<const std::byte> bytes);
// XXH3, 64 of its bits.
std::uint64_t tether_digest(std::span<const std::byte> body);

struct TetherName {
    TetherKind kind = TetherKind::hello;
    TetherHello sessions;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    Sha256Digest digest{};
    bool operator==(const TetherName&) const = default;
};

std::string encode(const TetherName& name);
// Nothing: a file of somebody else.
std::optional<TetherName> decode_tether_name(std::string_view text);

}  // namespace euromesh::sync

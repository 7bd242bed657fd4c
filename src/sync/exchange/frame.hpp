// The 40 bytes before everything that sites send each other.
//
// Why: a receiver must know what follows, and where it belongs, before it touches the bytes that follow.
// All fields little-endian, in this order: magic u32, version u8, kind u8, type u16, round u32, attempt u32,
// fragment u32, run tag u32, offset u64, length u32, zero u32. Then `length` bytes of body.
//
// Pure functions, safe on any bytes. decode() accepts only what encode() can have written: limits on length
// per kind, no undefined kinds, unused fields zero. The run tag catches wires that are crossed between runs;
// it authenticates nothing (TLS does).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::sync {

inline constexpr std::size_t frame_header_bytes = 40;
inline constexpr std::uint8_t frame_version = 1;
inline constexpr std::uint32_t message_max_bytes = 4u << 20;
inline constexpr std::uint32_t bulk_max_bytes = 16u << 20;

enum class FrameKind : std::uint8_t {
    hello = 1,     // JSON: who I am and what I run
    welcome,       // your hello is accepted
    refuse,        // text: why this connection ends
    ping,          // I am alive
    message,       // of the session, `type` is the session's
    ready,         // I have room for the bulk frames of this key
    contribution,  // encoded values of the sender, for the owner of the shard
    result,        // encoded sum of a shard, from its owner
};

// One attempt to reduce one fragment in one round. A later attempt makes the frames of an earlier one stale.
struct ReduceKey {
    std::uint32_t round = 0;
    std::uint32_t attempt = 0;
    std::uint32_t fragment = 0;
    auto operator<=>(const ReduceKey&) const = default;
};

struct FrameHeader {
    FrameKind kind = FrameKind::ping;
    std::uint16_t type = 0;
    ReduceKey key;
    std::uint32_t run_tag = 0;
    std::uint64_t offset = 0;  // contribution and result: first value of the chunk in the fragment
    std::uint32_t length = 0;
    bool operator==(const FrameHeader&) const = default;
};

using FrameBytes = std::array<std::byte, frame_header_bytes>;

FrameBytes encode_frame(const FrameHeader& header);
// corrupted: says which field is wrong and what was expected.
Result<FrameHeader> decode_frame(std::span<const std::byte, frame_header_bytes> bytes);

std::uint32_t run_tag(std::string_view run);

}  // namespace euromesh::sync

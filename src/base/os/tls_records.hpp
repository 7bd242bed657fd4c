// Records of TLS 1.3 after the handshake: one direction of one connection (RFC 8446, 5.2, 4.6.3, 7.3).
//
// Why not OpenSSL's own: it copies each byte twice more on the way out and twice on the way in, which costs
// as much as the encryption. Here a record is sealed from the caller's memory into the send buffer, and
// opened from the receive buffer into the caller's memory. Handshake, certificates, key schedule and cipher
// are OpenSSL's; the bytes on the wire are those of TLS 1.3, and the test talks to OpenSSL's record layer.
//
// Only TLS_AES_128_GCM_SHA256. A key seals at most `records_per_key` records, then both sides go on to the
// next one (OpenSSL never does so by itself). Thread rule: one thread. Secrets are wiped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"

namespace euromesh::os {

inline constexpr std::size_t record_content_bytes = 16384;
inline constexpr std::size_t record_head_bytes = 5;
inline constexpr std::size_t record_overhead_bytes = record_head_bytes + 1 + 16;
// RFC 8446, 5.5 allows 2^24.5 full records under one AES-GCM key.
inline constexpr std::uint64_t records_per_key = 1u << 24;

enum class RecordType : std::uint8_t { alert = 21, handshake = 22, data = 23 };

using TrafficSecret = std::array<std::byte, 32>;

// A key of the secret, and after each update one of the next secret.
class RecordKey {
  public:
    enum class Use { seals, opens };
    RecordKey(const TrafficSecret& secret, Use use);
    ~RecordKey();
    RecordKey(const RecordKey&) = delete;
    RecordKey& operator=(const RecordKey&) = delete;

    // out: content.size() + record_overhead_bytes. content at most record_content_bytes.
    void seal(RecordType type, std::span<const std::byte> content, std::span<std::byte> out);

    struct Opened {
        RecordType type;
        std::size_t size;
    };
    // record: head and body. room: at least body - 17 bytes; what stands there counts only if this succeeds.
    // corrupted: it is not what the other side sealed next.
    Result<Opened> open(std::span<const std::byte> record, std::span<std::byte> room);

    // To the next secret. The other side does the same where it sees the KeyUpdate message.
    void update();
    std::uint64_t records() const { return sequence_; }

  private:
    void take_key();
    void begin_record(const std::byte* head);

    struct Context;
    std::unique_ptr<Context> context_;
    TrafficSecret secret_;
    std::array<std::byte, 12> iv_{};
    std::uint64_t sequence_ = 0;
    Use use_;
};

// Bytes that the record beginning here takes in all; 0: its head is not here yet.
// corrupted: it is no record of TLS 1.3 after a handshake.
Result<std::size_t> record_size(std::span<const std::byte> received);

}  // namespace euromesh::os

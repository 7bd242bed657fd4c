#include "sync/exchange/frame.hpp"

#include "base/hash.hpp"

namespace euromesh::sync {
namespace {

constexpr std::uint32_t magic = 0x31584d45;  // "EMX1"

class Writer {
  public:
    explicit Writer(FrameBytes& bytes) : bytes_(bytes) {}
    void put(std::uint64_t value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) bytes_[at_++] = static_cast<std::byte>(value >> (8 * i));
    }

  private:
    FrameBytes& bytes_;
    std::size_t at_ = 0;
};

class Reader {
  public:
    explicit Reader(std::span<const std::byte, frame_header_bytes> bytes) : bytes_(bytes) {}
    template <class T>
    T take() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            value |= static_cast<std::uint64_t>(bytes_[at_++]) << (8 * i);
        }
        return static_cast<T>(value);
    }

  private:
    std::span<const std::byte, frame_header_bytes> bytes_;
    std::size_t at_ = 0;
};

bool is_bulk(FrameKind kind) {
    return kind == FrameKind::contribution || kind == FrameKind::result;
}

std::uint32_t most_bytes(FrameKind kind) {
    if (is_bulk(kind)) return bulk_max_bytes;
    const bool bare = kind == FrameKind::welcome || kind == FrameKind::ping || kind == FrameKind::ready;
    return bare ? 0 : message_max_bytes;
}

Status check_unused(const FrameHeader& header) {
    const bool keyed = is_bulk(header.kind) || header.kind == FrameKind::ready;
    if (!keyed && header.key != ReduceKey{}) return fail(Code::corrupted, "frame: a key where none belongs");
    if (!is_bulk(header.kind) && header.offset != 0)
        return fail(Code::corrupted, "frame: an offset where none belongs");
    if (header.kind != FrameKind::message && header.type != 0)
        return fail(Code::corrupted, "frame: a type where none belongs");
    return {};
}

}  // namespace

FrameBytes encode_frame(const FrameHeader& header) {
    FrameBytes bytes{};
    Writer writer(bytes);
    writer.put(magic, 4);
    writer.put(frame_version, 1);
    writer.put(static_cast<std::uint8_t>(header.kind), 1);
    writer.put(header.type, 2);
    writer.put(header.key.round, 4);
    writer.put(header.key.attempt, 4);
    writer.put(header.key.fragment, 4);
    writer.put(header.run_tag, 4);
    writer.put(header.offset, 8);
    writer.put(header.length, 4);
    writer.put(0, 4);
    return bytes;
}

Result<FrameHeader> decode_frame(std::span<const std::byte, frame_header_bytes> bytes) {
    Reader reader(bytes);
    if (reader.take<std::uint32_t>() != magic)
        return fail(Code::corrupted, "frame: it does not start with EMX1");
    const auto version = reader.take<std::uint8_t>();
    if (version != frame_version)
        return fail(Code::corrupted, "frame: version {}, expected {}", version, frame_version);
    FrameHeader header;
    const auto kind = reader.take<std::uint8_t>();
    header.kind = static_cast<FrameKind>(kind);
    if (header.kind < FrameKind::hello || header.kind > FrameKind::result) {
        return fail(Code::corrupted, "frame: kind {}, expected 1 to 8", kind);
    }
    header.type = reader.take<std::uint16_t>();
    header.key.round = reader.take<std::uint32_t>();
    header.key.attempt = reader.take<std::uint32_t>();
    header.key.fragment = reader.take<std::uint32_t>();
    header.run_tag = reader.take<std::uint32_t>();
    header.offset = reader.take<std::uint64_t>();
    header.length = reader.take<std::uint32_t>();
    if (reader.take<std::uint32_t>() != 0)
        return fail(Code::corrupted, "frame: the last four bytes are not zero");
    if (header.length > most_bytes(header.kind)) {
        return fail(Code::corrupted, "frame: {} bytes follow, at most {} may for kind {}", header.length,
                    most_bytes(header.kind), kind);
    }
    EM_TRY(check_unused(header));
    return header;
}

std::uint32_t run_tag(std::string_view run) {
    const Sha256Digest digest = sha256(run);
    std::uint32_t tag = 0;
    for (std::size_t i = 0; i < 4; ++i) tag |= static_cast<std::uint32_t>(digest[i]) << (8 * i);
    return tag;
}

}  // namespace euromesh::sync

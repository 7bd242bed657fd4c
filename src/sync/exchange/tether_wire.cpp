#include "sync/exchange/tether_wire.hpp"

#include <charconv>
#include <cstring>
#include <vector>

namespace euromesh::sync {
namespace {

constexpr std::uint32_t magic = 0x31544d45;  // "EMT1"
constexpr std::size_t checked_bytes = 48;

template <class T>
void put(TetherHeaderBytes& bytes, std::size_t at, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) bytes[at + i] = std::byte(value >> (8 * i) & 0xff);
}

template <class T>
T take(std::span<const std::byte> bytes, std::size_t at) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<T>(bytes[at + i]) << (8 * i);
    return value;
}

char letter_of(TetherKind kind) {
    switch (kind) {
        case TetherKind::hello:
            return 'h';
        case TetherKind::segment:
            return 's';
        case TetherKind::acknowledgement:
            return 'a';
        default:
            return 'e';
    }
}

std::optional<TetherKind> kind_of(char letter) {
    for (const TetherKind kind :
         {TetherKind::hello, TetherKind::segment, TetherKind::acknowledgement, TetherKind::end}) {
        if (letter_of(kind) == letter) return kind;
    }
    return std::nullopt;
}

// "-" and `digits` lower-case hexadecimal digits at the front of the text, which it takes away.
std::optional<std::uint64_t> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits + 1 || text[0] != '-') return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text.substr(1, digits)) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return std::nullopt;
        value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    text.remove_prefix(digits + 1);
    return value;
}

bool take_segment(std::string_view& text, TetherName& name) {
    const auto length = take_number(text, 8);
    if (!length || *length == 0 || *length > tether_segment_max_bytes) return false;
    name.length = static_cast<std::uint32_t>(*length);
    if (text.size() != 65 || text[0] != '-') return false;
    const bool read = from_hex(text.substr(1), name.digest).has_value();
    text = {};
    return read;
}

}  // namespace

std::uint64_t tether_digest(std::span<const std::byte> body) {
    const FastDigest digest = fast_digest(body);
    return take<std::uint64_t>(std::as_bytes(std::span(digest)), 0);
}

TetherHeaderBytes encode(const TetherHeader& header) {
    TetherHeaderBytes bytes{};
    put(bytes, 0, magic);
    put(bytes, 4, static_cast<std::uint32_t>(header.kind));
    put(bytes, 8, header.length);
    put(bytes, 16, header.sessions.mine);
    put(bytes, 24, header.sessions.theirs);
    put(bytes, 32, header.offset);
    put(bytes, 40, header.digest);
    put(bytes, checked_bytes, tether_digest(std::span(bytes).first(checked_bytes)));
    return bytes;
}

Result<TetherHeader> decode_tether_header(std::span<const std::byte> bytes) {
    if (bytes.size() != sizeof(TetherHeaderBytes) || take<std::uint32_t>(bytes, 0) != magic) {
        return fail(Code::corrupted, "no header of a tether (is the peer something else?)");
    }
    if (take<std::uint64_t>(bytes, checked_bytes) != tether_digest(bytes.first(checked_bytes))) {
        return fail(Code::corrupted, "a header of a tether arrived altered");
    }
    const auto kind = take<std::uint32_t>(bytes, 4);
    TetherHeader header;
    header.length = take<std::uint32_t>(bytes, 8);
    header.sessions = {take<std::uint64_t>(bytes, 16), take<std::uint64_t>(bytes, 24)};
    header.offset = take<std::uint64_t>(bytes, 32);
    header.digest = take<std::uint64_t>(bytes, 40);
    const bool segment = kind == static_cast<std::uint32_t>(TetherKind::segment);
    if (kind < 1 || kind > 4 || segment != (header.length > 0) || header.length > tether_segment_max_bytes ||
        take<std::uint32_t>(bytes, 12) != 0) {
        return fail(Code::corrupted, "a header of a tether of kind {} and length {} is not known here", kind,
                    header.length);
    }
    header.kind = static_cast<TetherKind>(kind);
    return header;
}

std::string encode(const TetherName& name) {
    std::string text =
        fmt::format("{}-{:016x}-{:016x}", letter_of(name.kind), name.sessions.mine, name.sessions.theirs);
    if (name.kind == TetherKind::hello) return text;
    text += fmt::format("-{:016x}", name.offset);
    if (name.kind != TetherKind::segment) return text;
    return text + fmt::format("-{:08x}-{}", name.length, to_hex(name.digest));
}

std::optional<TetherName> decode_tether_name(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto kind = kind_of(text[0]);
    if (!kind) return std::nullopt;
    text.remove_prefix(1);
    TetherName name;
    name.kind = *kind;
    const auto mine = take_number(text, 16);
    const auto theirs = mine ? take_number(text, 16) : std::nullopt;
    if (!theirs) return std::nullopt;
    name.sessions = {*mine, *theirs};
    if (*kind != TetherKind::hello) {
        const auto offset = take_number(text, 16);
        if (!offset) return std::nullopt;
        name.offset = *offset;
    }
    if (*kind == TetherKind::segment && !take_segment(text, name)) return std::nullopt;
    return text.empty() ? std::optional(name) : std::nullopt;
}

}  // namespace euromesh::sync

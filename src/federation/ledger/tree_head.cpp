#include "federation/ledger/tree_head.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include "base/assert.hpp"
#include "base/base64.hpp"
#include "base/id.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view countersignature_opening = "cosignature/v1";
constexpr std::string_view time_opening = "time_ms ";
constexpr std::string_view signature_opening = "\xe2\x80\x94 ";  // em dash
constexpr std::uint8_t log_kind = 1;
constexpr std::uint8_t countersignature_kind = 4;
constexpr std::size_t time_bytes = 8;
constexpr std::int64_t time_most = std::numeric_limits<std::int64_t>::max();

KeyHint hint_of(std::string_view name, std::uint8_t kind, const PublicKey& key) {
    std::string text(name);
    text += '\n';
    text += static_cast<char>(kind);
    text.append(key.begin(), key.end());
    const Sha256Digest digest = sha256(text);
    KeyHint hint;
    std::copy_n(digest.begin(), hint.size(), hint.begin());
    return hint;
}

std::string key_line(std::string_view name, std::uint8_t kind, const PublicKey& key) {
    std::string bytes(1, static_cast<char>(kind));
    bytes.append(key.begin(), key.end());
    return fmt::format("{}+{}+{}", name, to_hex(hint_of(name, kind, key)), to_base64(bytes));
}

std::string big_endian(std::int64_t number) {
    std::string text;
    for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(number >> shift & 255));
    return text;
}

std::int64_t from_big_endian(std::string_view text) {
    std::uint64_t number = 0;
    for (const char c : text) number = number << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(number);
}

template <std::size_t Size>
std::array<std::uint8_t, Size> take(std::string_view& bytes) {
    std::array<std::uint8_t, Size> out;
    std::copy_n(bytes.begin(), Size, out.begin());
    bytes.remove_prefix(Size);
    return out;
}

template <std::size_t Size>
void add(std::string& text, const std::array<std::uint8_t, Size>& bytes) {
    text.append(bytes.begin(), bytes.end());
}

std::string signature_line(std::string_view name, const std::string& bytes) {
    return fmt::format("{}{} {}\n", signature_opening, name, to_base64(bytes));
}

// Lines of a head, one after another, each with its number.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}
    bool is_empty() const { return rest_.empty(); }
    Result<std::string_view> next(std::string_view what) {
        ++number_;
        const std::size_t end = rest_.find('\n');
        if (end == std::string_view::npos) return wrong(what);
        const std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return line;
    }
    tl::unexpected<Error> wrong(std::string_view what) const {
        return fail(Code::bad_input, "signed head, line {}: {} is expected", number_, what);
    }

  private:
    std::string_view rest_;
    int number_ = 0;
};

Result<std::int64_t> number_in(std::string_view text, const Lines& lines, std::string_view what) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) return lines.wrong(what);
    return number;
}

Result<TreeHead> read_head(Lines& lines) {
    TreeHead head;
    EM_ASSIGN(head.origin, lines.next("the origin"));
    if (const Status status = check_origin(head.origin); !status) return lines.wrong("an origin");
    constexpr std::string_view entries = "the number of entries";
    EM_ASSIGN(const std::string_view size, lines.next(entries));
    EM_ASSIGN(const std::int64_t count, number_in(size, lines, entries));
    head.size = static_cast<std::uint64_t>(count);
    constexpr std::string_view root_line = "a root of 32 bytes in base64";
    EM_ASSIGN(const std::string_view root, lines.next(root_line));
    if (!from_base64(root, head.root)) return lines.wrong(root_line);
    constexpr std::string_view time_line = "'time_ms ' and milliseconds since 1970";
    EM_ASSIGN(const std::string_view time, lines.next(time_line));
    if (!time.starts_with(time_opening)) return lines.wrong(time_line);
    EM_ASSIGN(head.time_ms, number_in(time.substr(time_opening.size()), lines, time_line));
    EM_ASSIGN(const std::string_view blank, lines.next("an empty line"));
    if (!blank.empty()) return lines.wrong("an empty line");
    return head;
}

struct SignatureLine {
    std::string name;
    std::string bytes;
};

Result<SignatureLine> read_signature(Lines& lines, std::size_t size) {
    const std::string what =
        fmt::format("an em dash, a name and {} bytes of hint and signature in base64", size);
    EM_ASSIGN(std::string_view line, lines.next(what));
    if (!line.starts_with(signature_opening)) return lines.wrong(what);
    line.remove_prefix(signature_opening.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return lines.wrong(what);
    auto bytes = from_base64(line.substr(space + 1));
    if (!bytes || bytes->size() != size) return lines.wrong(what);
    return SignatureLine{std::string(line.substr(0, space)), *std::move(bytes)};
}

Status read_countersignature(Lines& lines, SignedHead& head) {
    EM_ASSIGN(SignatureLine line, read_signature(lines, KeyHint{}.size() + time_bytes + Signature{}.size()));
    const auto& before = head.countersignatures;
    if (!is_valid_id(line.name)) return lines.wrong("a site's name");
    if (!before.empty() && before.back().site >= line.name) return lines.wrong("a site after the one before");
    if (before.size() == countersignatures_most) return lines.wrong("the end: no more countersignatures");
    std::string_view bytes = line.bytes;
    Countersignature one{line.name, take<4>(bytes), from_big_endian(bytes.substr(0, time_bytes)), {}};
    bytes.remove_prefix(time_bytes);
    if (one.time_s < 0) return lines.wrong("a countersignature's time of less than 2^63");
    one.signature = take<64>(bytes);
    head.countersignatures.push_back(std::move(one));
    return {};
}

bool is_origin_character(char c) {
    return c > ' ' && c < 127 && c != '+';
}

}  // namespace

Status check_origin(std::string_view origin) {
    if (!origin.empty() && origin.size() <= origin_max_bytes && origin != countersignature_opening &&
        std::ranges::all_of(origin, is_origin_character)) {
        return {};
    }
    return fail(
        Code::bad_input,
        "name of the federation '{}': use 1 to {} printable ASCII characters without space and plus, such as "
        "'example.org/federation'",
        origin.substr(0, 80), origin_max_bytes);
}

std::string head_text(const TreeHead& head) {
    return fmt::format("{}\n{}\n{}\n{}{}\n", head.origin, head.size, to_base64(head.root), time_opening,
                       head.time_ms);
}

std::string countersigned_text(const TreeHead& head, std::int64_t time_s) {
    return fmt::format("{}\ntime {}\n{}", countersignature_opening, time_s, head_text(head));
}

SignedHead sign_head(const TreeHead& head, const SigningKey& coordinator) {
    EM_ASSERT(
        check_origin(head.origin) && head.time_ms >= 0 && head.size <= static_cast<std::uint64_t>(time_most),
        "only a well-formed head is signed");
    return SignedHead{head,
                      hint_of(head.origin, log_kind, coordinator.public_key()),
                      coordinator.sign(head_text(head)),
                      {}};
}

bool is_signed_by(const SignedHead& head, const PublicKey& coordinator) {
    return head.hint == hint_of(head.head.origin, log_kind, coordinator) &&
           is_signed(coordinator, head_text(head.head), head.signature);
}

Countersignature countersign(const TreeHead& head, std::string_view site, const SigningKey& key,
                             std::int64_t time_ms) {
    EM_ASSERT(is_valid_id(site) && time_ms >= 0, "a site's name and a time after 1970 are signed");
    const std::int64_t time_s = time_ms / 1000;
    return Countersignature{std::string(site), hint_of(site, countersignature_kind, key.public_key()), time_s,
                            key.sign(countersigned_text(head, time_s))};
}

bool is_countersigned_by(const TreeHead& head, const Countersignature& one, const PublicKey& key) {
    return one.hint == hint_of(one.site, countersignature_kind, key) &&
           is_signed(key, countersigned_text(head, one.time_s), one.signature);
}

void add_countersignature(SignedHead& head, Countersignature one) {
    auto& all = head.countersignatures;
    const auto place = std::ranges::lower_bound(all, one.site, {}, &Countersignature::site);
    if (place != all.end() && place->site == one.site) {
        *place = std::move(one);
    } else {
        EM_ASSERT(all.size() < countersignatures_most, "no more sites countersign than a head may have");
        all.insert(place, std::move(one));
    }
}

std::string coordinator_key_line(std::string_view origin, const PublicKey& key) {
    return key_line(origin, log_kind, key);
}

std::string site_key_line(std::string_view site, const PublicKey& key) {
    return key_line(site, countersignature_kind, key);
}

std::string encode(const SignedHead& head) {
    std::string bytes;
    add(bytes, head.hint);
    add(bytes, head.signature);
    std::string text = head_text(head.head) + "\n" + signature_line(head.head.origin, bytes);
    for (const Countersignature& one : head.countersignatures) {
        bytes.clear();
        add(bytes, one.hint);
        bytes += big_endian(one.time_s);
        add(bytes, one.signature);
        text += signature_line(one.site, bytes);
    }
    return text;
}

Result<SignedHead> decode_signed_head(std::string_view text) {
    if (text.size() > head_max_bytes) {
        return fail(Code::bad_input, "signed head of {} bytes is over the limit of {}", text.size(),
                    head_max_bytes);
    }
    Lines lines(text);
    SignedHead head;
    EM_ASSIGN(head.head, read_head(lines));
    EM_ASSIGN(const SignatureLine own, read_signature(lines, KeyHint{}.size() + Signature{}.size()));
    if (own.name != head.head.origin) return lines.wrong("a signature by the origin");
    std::string_view bytes = own.bytes;
    head.hint = take<4>(bytes);
    head.signature = take<64>(bytes);
    while (!lines.is_empty()) EM_TRY(read_countersignature(lines, head));
    // Leading zeroes and the like.
    if (encode(head) != text)
        return fail(Code::bad_input, "signed head: numbers are not written in the shortest way");
    return head;
}

}  // namespace euromesh::federation

#include "apps/verify/note.hpp"

#include <sodium.h>

#include <algorithm>

#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

constexpr std::string_view dash = "\xe2\x80\x94 ";
constexpr std::string_view time_word = "time_ms ";
constexpr std::size_t most_lines = 300;

tl::unexpected<Error> wrong(std::size_t line, std::string_view what) {
    return fail(Code::bad_input, "line {} of the head: {} is expected", line, what);
}

template <std::size_t Size>
void take(std::span<const unsigned char>& bytes, std::array<unsigned char, Size>& out) {
    std::copy_n(bytes.begin(), Size, out.begin());
    bytes = bytes.subspan(Size);
}

// The log's own signature has no time.
Result<NoteSignature> read_signature(std::string_view line, std::size_t number, bool timed) {
    std::array<unsigned char, 4 + 8 + 64> bytes;
    const auto used = std::span(bytes).first(timed ? bytes.size() : bytes.size() - 8);
    const auto words = split(line.substr(std::min(dash.size(), line.size())), ' ', 2);
    if (!line.starts_with(dash) || words.size() != 2 || !read_base64(words[1], used)) {
        return wrong(number, fmt::format("a dash, a name and {} bytes in base64", used.size()));
    }
    NoteSignature one;
    one.name = words[0];
    std::span<const unsigned char> rest = used;
    take(rest, one.hint);
    std::uint64_t time = 0;
    for (std::size_t i = 0; timed && i < 8; ++i) time = time << 8 | rest[i];
    if (time >> 63 != 0) return wrong(number, "a time below 2^63");
    one.time_s = static_cast<std::int64_t>(time);
    if (timed) rest = rest.subspan(8);
    take(rest, one.signature);
    return one;
}

Status read_head_lines(const std::vector<std::string_view>& lines, Note& note) {
    const auto printable = [](char c) { return c > ' ' && c < 127 && c != '+'; };
    note.origin = lines[0];
    if (note.origin.empty() || note.origin.size() > 200 || note.origin == "cosignature/v1" ||
        !std::ranges::all_of(note.origin, printable)) {
        return wrong(1, "the name of a federation");
    }
    const auto size = number_in(lines[1]);
    if (!size) return wrong(2, "the number of entries");
    note.size = static_cast<std::uint64_t>(*size);
    if (!read_base64(lines[2], note.root)) return wrong(3, "a root in base64");
    const auto time =
        lines[3].starts_with(time_word) ? number_in(lines[3].substr(time_word.size())) : std::nullopt;
    if (!time) return wrong(4, "'time_ms' and milliseconds");
    note.time_ms = *time;
    if (!lines[4].empty()) return wrong(5, "an empty line");
    return {};
}

}  // namespace

// An id: 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit.
bool is_name(std::string_view text) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 64 && plain(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

Result<Note> read_note(std::string_view text) {
    if (text.size() > note_max_bytes)
        return fail(Code::bad_input, "a head of {} bytes is too large", text.size());
    const auto lines = split(text, '\n', most_lines);
    if (lines.size() < 7 || !lines.back().empty())
        return wrong(lines.size(), "a head of at least six whole lines");
    Note note;
    EM_TRY(read_head_lines(lines, note));
    note.text = text.substr(0, static_cast<std::size_t>(lines[4].data() - text.data()));
    EM_ASSIGN(note.log, read_signature(lines[5], 6, false));
    if (note.log.name != note.origin) return wrong(6, "a signature in the name of the federation");
    for (std::size_t i = 6; i + 1 < lines.size(); ++i) {
        EM_ASSIGN(NoteSignature one, read_signature(lines[i], i + 1, true));
        if (!is_name(one.name) || (!note.sites.empty() && note.sites.back().name >= one.name)) {
            return wrong(i + 1, "a site whose name comes after the one before");
        }
        note.sites.push_back(std::move(one));
    }
    return note;
}

Hint hint_of(std::string_view name, unsigned char kind, const Key& key) {
    std::string text(name);
    text += '\n';
    text += static_cast<char>(kind);
    text.append(key.begin(), key.end());
    const Hash hash = hash_of(text);
    return {hash[0], hash[1], hash[2], hash[3]};
}

bool signature_holds(const Key& key, std::string_view message, const SignatureBytes& signature) {
    return crypto_sign_verify_detached(signature.data(),
                                       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                                       key.data()) == 0;
}

bool log_signature_holds(const Note& note, const Key& key) {
    return note.log.hint == hint_of(note.origin, 1, key) &&
           signature_holds(key, note.text, note.log.signature);
}

bool countersignature_holds(const Note& note, const NoteSignature& one, const Key& key) {
    return one.hint == hint_of(one.name, 4, key) &&
           signature_holds(key, fmt::format("cosignature/v1\ntime {}\n{}", one.time_s, note.text),
                           one.signature);
}

}  // namespace euromesh::verify

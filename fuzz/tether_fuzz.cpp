// Headers and names of a tether: what decodes is what encode writes; greetings in any order leave it sound.
#include "fuzz/input.hpp"
#include "sync/exchange/streams_way_preamble.hpp"

namespace euromesh::fuzz {
namespace {

void check_header(std::span<const std::byte> bytes) {
    const auto header = sync::decode_tether_header(bytes);
    if (!header) return;
    const sync::TetherHeaderBytes again = sync::encode(*header);
    EM_ASSERT(bytes.size() >= again.size() && std::ranges::equal(again, bytes.first(again.size())),
              "decodes only what encode writes");
    EM_ASSERT(header->length <= sync::tether_segment_max_bytes, "a segment is within its limit");
}

void check_name(std::string_view text) {
    const auto name = sync::decode_tether_name(text);
    if (name) EM_ASSERT(sync::encode(*name) == text, "decodes only names that encode writes");
}

void check_preamble(std::span<const std::byte> bytes) {
    const auto preamble = sync::decode_streams_preamble(bytes);
    if (!preamble) return;
    EM_ASSERT(std::ranges::equal(sync::encode(*preamble), bytes), "decodes only what encode writes");
}

// The digest over a header is not guessed: it is put in.
void check_sealed(Input input) {
    sync::TetherHeader header;
    header.kind = static_cast<sync::TetherKind>(1 + input.byte() % 4);
    header.sessions = {1u + input.word(), input.word()};
    header.offset = input.word();
    header.length = header.kind == sync::TetherKind::segment ? static_cast<std::uint32_t>(input.word()) : 0;
    header.digest = sync::tether_digest(input.rest());
    const auto again = sync::decode_tether_header(sync::encode(header));
    if (again) EM_ASSERT(*again == header, "a header that decodes is the one that was encoded");
}

void check_greeting(Input input) {
    sync::TetherGreeting greeting;
    greeting.begin(1 + input.byte());
    while (!input.is_empty()) {
        const std::uint64_t mine = 1 + input.byte();
        const sync::Heard heard = greeting.hear({mine, input.byte()});
        EM_ASSERT(heard != sync::Heard::ended || mine != 0, "an end has a cause");
        if (heard == sync::Heard::ended) greeting.begin(1 + input.byte());
    }
}

}  // namespace

void try_input(Input input) {
    check_header(input.rest());
    check_name(input.text());
    check_preamble(input.rest());
    check_sealed(input);
    check_greeting(input);
}

}  // namespace euromesh::fuzz

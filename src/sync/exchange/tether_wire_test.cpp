#include "sync/exchange/tether_wire.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

TetherHeader a_segment() {
    return {TetherKind::segment, {0x0123456789abcdef, 42}, 1u << 20, 4096, 0xfeedfacecafebeef};
}

TetherName a_name() {
    return {TetherKind::segment, {0x0123456789abcdef, 42}, 1u << 20, 4096, sha256("x")};
}

}  // namespace

TEST_CASE("headers come back as they were") {
    for (const TetherHeader& header :
         {a_segment(), TetherHeader{TetherKind::hello, {1, 0}}, TetherHeader{TetherKind::end, {1, 2}, 99}}) {
        CHECK(decode_tether_header(encode(header)).value() == header);
    }
    CHECK(encode(a_segment())[0] == tether_first_byte);
}

TEST_CASE("no altered bit of a header goes unnoticed") {
    const TetherHeaderBytes good = encode(a_segment());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        TetherHeaderBytes bad = good;
        bad[bit / 8] ^= std::byte(1u << bit % 8);
        CHECK(!decode_tether_header(bad));
    }
    CHECK(!decode_tether_header(std::span(good).first(55)));
}

TEST_CASE("headers that say what cannot be are refused although their digest fits") {
    TetherHeader header = a_segment();
    header.length = tether_segment_max_bytes + 1;
    CHECK(!decode_tether_header(encode(header)));
    header.length = 0;
    CHECK(!decode_tether_header(encode(header)));
    header = a_segment();
    header.kind = TetherKind::end;
    CHECK(!decode_tether_header(encode(header)));
    header.kind = static_cast<TetherKind>(9);
    CHECK(!decode_tether_header(encode(header)));
}

TEST_CASE("names come back as they were, and sort by offset") {
    for (const TetherName& name :
         {a_name(), TetherName{TetherKind::hello, {1, 2}}, TetherName{TetherKind::end, {1, 2}, 77},
          TetherName{TetherKind::acknowledgement, {1, 2}, 78}}) {
        CHECK(decode_tether_name(encode(name)).value() == name);
    }
    TetherName later = a_name();
    later.offset = 1u << 24;
    CHECK(encode(a_name()) < encode(later));
    CHECK(encode(TetherName{TetherKind::hello, {1, 2}}) == "h-0000000000000001-0000000000000002");
}

TEST_CASE("names of others are not ours") {
    const std::string good = encode(a_name());
    for (std::size_t length = 0; length < good.size(); ++length) {
        CHECK(!decode_tether_name(std::string_view(good).substr(0, length)));
    }
    CHECK(!decode_tether_name(good + "0"));
    CHECK(!decode_tether_name(good + ".part"));
    CHECK(!decode_tether_name("h-000000000000000G-0000000000000002"));
    Random random(1);
    for (int i = 0; i < 20000; ++i) {
        std::string text = good;
        for (std::uint64_t n = random.below(4) + 1; n > 0; --n) {
            text[random.below(text.size())] = static_cast<char>(random.below(256));
        }
        const auto read = decode_tether_name(text);
        if (read) CHECK(encode(*read) == text);
    }
}

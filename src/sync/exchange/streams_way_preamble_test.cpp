#include "sync/exchange/streams_way_preamble.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

TEST_CASE("a preamble comes back as it was, and begins neither like TLS nor like a frame of a mesh") {
    const StreamsPreamble preamble{streams_pair("run", "a", "b"), {0x0123456789abcdef, 7}, 63};
    const StreamsPreambleBytes bytes = encode(preamble);
    CHECK(decode_streams_preamble(bytes).value() == preamble);
    CHECK(bytes[0] == streams_first_byte);
    CHECK(bytes[0] != std::byte{0x16});
    CHECK(bytes[0] != tether_first_byte);
}

TEST_CASE("the names of a pair cannot be cut otherwise") {
    CHECK(streams_pair("run", "a", "b") != streams_pair("run", "b", "a"));
    CHECK(streams_pair("run", "ab", "c") != streams_pair("run", "a", "bc"));
    CHECK(streams_pair("run", "a", "b") != streams_pair("run2", "a", "b"));
}

TEST_CASE("anything else is no preamble: one bit, another size, a stream too many, no session") {
    const StreamsPreambleBytes good = encode(StreamsPreamble{{}, {1, 0}, 0});
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        StreamsPreambleBytes bad = good;
        bad[bit / 8] ^= std::byte(1 << bit % 8);
        CHECK(decode_streams_preamble(bad).error().code == Code::corrupted);
    }
    CHECK(!decode_streams_preamble(std::span(good).first(63)));
    CHECK(!decode_streams_preamble({}));
    CHECK(!decode_streams_preamble(encode(StreamsPreamble{{}, {1, 0}, 64})));
    CHECK(!decode_streams_preamble(encode(StreamsPreamble{{}, {0, 1}, 0})));
    Random random(3);
    for (int i = 0; i < 1000; ++i) {
        StreamsPreambleBytes any;
        for (std::byte& byte : any) byte = std::byte(random.next() & 0xff);
        CHECK(!decode_streams_preamble(any));
    }
}

#include "sync/exchange/frame.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

FrameHeader bulk() {
    FrameHeader header;
    header.kind = FrameKind::contribution;
    header.key = {0x01020304, 0x11121314, 0x21222324};
    header.run_tag = 0x31323334;
    header.offset = 0x4142434445464748;
    header.length = 0x00515253;
    return header;
}

void check_refused(FrameBytes bytes, std::size_t at, int value, const char* said) {
    bytes[at] = static_cast<std::byte>(value);
    const auto decoded = decode_frame(bytes);
    CAPTURE(at);
    REQUIRE(!decoded);
    CHECK(decoded.error().code == Code::corrupted);
    CHECK(decoded.error().message.find(said) != std::string::npos);
}

}  // namespace

TEST_CASE("a header is the same bytes on every machine") {
    const FrameBytes bytes = encode_frame(bulk());
    const unsigned expected[frame_header_bytes] = {'E',  'M',  'X',  '1',  1,    7,    0,    0,    4,    3,
                                                   2,    1,    0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21,
                                                   0x34, 0x33, 0x32, 0x31, 0x48, 0x47, 0x46, 0x45, 0x44, 0x43,
                                                   0x42, 0x41, 0x53, 0x52, 0x51, 0,    0,    0,    0,    0};
    for (std::size_t i = 0; i < frame_header_bytes; ++i) {
        CAPTURE(i);
        CHECK(static_cast<unsigned>(bytes[i]) == expected[i]);
    }
}

TEST_CASE("every kind survives the way there and back") {
    for (int kind = 1; kind <= 8; ++kind) {
        FrameHeader header;
        header.kind = static_cast<FrameKind>(kind);
        header.run_tag = 7;
        if (header.kind == FrameKind::message) header.type = 65535;
        if (header.kind >= FrameKind::ready) header.key = {1, 2, 3};
        if (header.kind >= FrameKind::contribution) header.offset = 1ull << 60;
        CHECK(decode_frame(encode_frame(header)).value() == header);
    }
    CHECK(decode_frame(encode_frame(bulk())).value() == bulk());
}

TEST_CASE("each wrong field is refused by name") {
    const FrameBytes good = encode_frame(bulk());
    check_refused(good, 0, 'F', "EMX1");
    check_refused(good, 4, 2, "version 2, expected 1");
    check_refused(good, 5, 0, "kind 0");
    check_refused(good, 5, 9, "kind 9");
    check_refused(good, 5, 255, "kind 255");
    check_refused(good, 6, 1, "type");
    check_refused(good, 35, 1, "bytes follow");
    check_refused(good, 36, 1, "not zero");
    FrameHeader ping;
    check_refused(encode_frame(ping), 8, 1, "key");
    check_refused(encode_frame(ping), 24, 1, "offset");
    check_refused(encode_frame(ping), 32, 1, "bytes follow");
    ping.kind = FrameKind::message;
    ping.length = message_max_bytes;
    CHECK(decode_frame(encode_frame(ping)));
    ping.length += 1;
    CHECK(!decode_frame(encode_frame(ping)));
}

TEST_CASE("whatever decodes encodes to the same bytes; garbage never harms") {
    Random random(1);
    FrameBytes bytes = encode_frame(bulk());
    int decoded_count = 0;
    for (int i = 0; i < 200'000; ++i) {
        if (random.below(4) == 0) bytes = encode_frame(bulk());
        bytes[random.below(frame_header_bytes)] = static_cast<std::byte>(random.next());
        const auto decoded = decode_frame(bytes);
        if (!decoded) continue;
        ++decoded_count;
        REQUIRE(encode_frame(*decoded) == bytes);
        REQUIRE(decoded->length <= bulk_max_bytes);
    }
    CHECK(decoded_count > 1000);
}

TEST_CASE("two runs have two tags") {
    CHECK(run_tag("run-1") == run_tag("run-1"));
    CHECK(run_tag("run-1") != run_tag("run-2"));
}

#include "sync/exchange/streams_way_line.hpp"

#include <doctest/doctest.h>

#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

struct Taken {
    TetherHeader header;
    std::vector<std::byte> body;
};

struct LinePair {
    LinePair() : LinePair(os::Socket::pair().value()) {}
    explicit LinePair(std::pair<os::Socket, os::Socket> ends)
        : a(std::move(ends.first)), b(std::move(ends.second)) {}

    // Until nothing moves any more.
    Status pump(const StreamLine::Wants& wants) {
        do {
            EM_TRY(a.write());
            EM_TRY(b.read(wants, [&](const TetherHeader& header, std::vector<std::byte> body) -> Status {
                taken.push_back({header, std::move(body)});
                return {};
            }));
        } while (!a.is_idle());
        return {};
    }
    StreamLine a, b;
    std::vector<Taken> taken;
};

TetherHeader segment_at(std::uint64_t offset) {
    return {TetherKind::segment, {1, 2}, offset};
}

const StreamLine::Wants everything = [](const TetherHeader&) { return true; };

}  // namespace

TEST_CASE("headers and segments arrive in order, larger than any buffer of the kernel") {
    LinePair pair;
    const auto body = random_stream(900'000, 4);
    pair.a.queue(segment_at(5), body);
    pair.a.queue({TetherKind::acknowledgement, {1, 2}, 77});
    REQUIRE(pair.pump(everything));
    while (pair.taken.size() < 2) REQUIRE(pair.pump(everything));
    CHECK(pair.taken[0].header.offset == 5);
    CHECK((pair.taken[0].body == body));
    CHECK(pair.taken[1].header.kind == TetherKind::acknowledgement);
    CHECK(pair.taken[1].header.offset == 77);
}

TEST_CASE("a body that nobody wants is read over") {
    LinePair pair;
    pair.a.queue(segment_at(0), random_stream(300'000, 4));
    pair.a.queue(segment_at(1), random_stream(3, 5));
    const auto second = [](const TetherHeader& header) -> Result<bool> { return header.offset == 1; };
    while (pair.taken.empty()) REQUIRE(pair.pump(second));
    CHECK(pair.taken.size() == 1);
    CHECK((pair.taken[0].body == random_stream(3, 5)));
}

TEST_CASE("an altered body, one too large, anything else: the connection is of no use") {
    auto alter = [](std::vector<std::byte> bytes, std::size_t at) {
        bytes[at] ^= std::byte{1};
        return bytes;
    };
    const auto body = random_stream(100, 1);
    TetherHeader header = segment_at(0);
    header.length = 100;
    header.digest = tether_digest(body);
    const TetherHeaderBytes head = encode(header);
    std::vector<std::byte> whole(head.begin(), head.end());
    whole.insert(whole.end(), body.begin(), body.end());
    LinePair good;
    good.a.queue(whole);
    REQUIRE(good.pump(everything));
    CHECK(good.taken.size() == 1);
    for (const std::size_t at : {std::size_t{0}, std::size_t{20}, whole.size() - 1}) {
        LinePair bad;
        bad.a.queue(alter(whole, at));
        CHECK(bad.pump(everything).error().code == Code::corrupted);
        CHECK(bad.taken.empty());
    }
    header.length = streams_segment_most + 1;
    LinePair large;
    large.a.queue(encode(header));
    CHECK(large.pump(everything).error().code == Code::corrupted);
}

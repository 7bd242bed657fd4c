#include "sync/exchange/shards.hpp"

#include <doctest/doctest.h>

using namespace euromesh::sync;

namespace {

void check_cover(std::size_t values, std::size_t members, std::size_t block, std::size_t chunk,
                 std::optional<std::size_t> hub) {
    CAPTURE(values);
    CAPTURE(members);
    CAPTURE(block);
    const Shards shards(values, members, block, chunk, hub);
    std::size_t next = 0;
    for (std::size_t member = 0; member < members; ++member) {
        std::size_t covered = 0;
        for (std::size_t i = 0; i < shards.chunk_count(member); ++i) {
            const Range range = shards.chunk(member, i);
            REQUIRE(range.first == next);
            REQUIRE(range.first % block == 0);
            REQUIRE(range.size > 0);
            REQUIRE(range.size <= shards.largest_chunk());
            next += range.size;
            covered += range.size;
        }
        REQUIRE(covered == shards.shard(member).size);
        if (hub) CHECK((covered > 0) == (member == *hub && values > 0));
    }
    CHECK(next == values);
}

}  // namespace

TEST_CASE("shards and chunks cover every value once, at block borders") {
    for (std::size_t values : {0u, 1u, 255u, 256u, 257u, 1000u, 65536u, 100'003u}) {
        for (std::size_t members : {1u, 2u, 3u, 5u}) {
            for (std::size_t block : {1u, 256u}) {
                check_cover(values, members, block, 1000, std::nullopt);
                check_cover(values, members, block, 1000, members - 1);
            }
        }
    }
}

TEST_CASE("members own equal shares, to within a block") {
    const Shards shards(100'000, 3, 256, 4096, std::nullopt);
    for (std::size_t member = 0; member < 3; ++member) {
        CHECK(shards.shard(member).size + 256 >= 100'000 / 3);
        CHECK(shards.shard(member).size <= 100'000 / 3 + 256);
    }
}

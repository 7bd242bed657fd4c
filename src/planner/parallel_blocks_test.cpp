#include "planner/parallel_blocks.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

using namespace euromesh::planner;

TEST_CASE("every number is worked on once, whatever the threads and blocks") {
    for (const unsigned threads : {0u, 1u, 2u, 7u}) {
        for (const std::uint64_t block : {1u, 3u, 100u}) {
            std::vector<std::atomic<int>> visits(50);
            for_blocks(50, block, threads, [&](std::uint64_t first, std::uint64_t end) {
                CHECK(end - first <= block);
                for (std::uint64_t i = first; i < end; ++i) ++visits[i];
            });
            for (const auto& count : visits) CHECK(count == 1);
        }
    }
}

TEST_CASE("nothing to do is done") {
    int calls = 0;
    for_blocks(0, 8, 2, [&](std::uint64_t, std::uint64_t) { ++calls; });
    CHECK(calls == 0);
}

#include "planner/parallel_blocks.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/assert.hpp"
#include "base/os/thread.hpp"

namespace euromesh::planner {

void for_blocks(std::uint64_t count, std::uint64_t block, unsigned threads,
                const std::function<void(std::uint64_t first, std::uint64_t end)>& work) {
    EM_ASSERT(block > 0, "a block holds at least one number");
    std::atomic<std::uint64_t> next_block = 0;
    const auto take_blocks = [&] {
        for (std::uint64_t first = next_block++ * block; first < count; first = next_block++ * block)
            work(first, std::min(first + block, count));
    };
    const std::uint64_t blocks = (count + block - 1) / block;
    const std::uint64_t useful =
        std::min<std::uint64_t>(threads == 0 ? os::hardware_threads() : threads, blocks);
    std::vector<os::Thread> helpers;
    for (std::uint64_t i = 1; i < useful; ++i) helpers.emplace_back(take_blocks);
    take_blocks();
}

}  // namespace euromesh::planner

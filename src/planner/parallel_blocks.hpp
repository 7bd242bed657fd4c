// Divides numbered work among threads, such that each number's work can be written to its own place.
//
// Threads take blocks of consecutive numbers as they become free. Who computes what is left to chance, so the
// work must depend on the number alone; then results have the same bits for any number of threads.
#pragma once

#include <cstdint>
#include <functional>

namespace euromesh::planner {

// Calls work(first, end) for [0, count) in blocks of at most `block` numbers, from `threads` threads at once
// (0: all cores; the caller's is one of them), and returns when all is done. `work` must not throw.
void for_blocks(std::uint64_t count, std::uint64_t block, unsigned threads,
                const std::function<void(std::uint64_t first, std::uint64_t end)>& work);

}  // namespace euromesh::planner

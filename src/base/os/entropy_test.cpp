#include "base/os/entropy.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace euromesh;

TEST_CASE("every byte is filled, and never the same way twice") {
    std::set<std::array<std::byte, 32>> seen;
    std::array<int, 32> nonzero{};
    for (int i = 0; i < 64; ++i) {
        std::array<std::byte, 32> bytes{};
        os::fill_random(bytes);
        CHECK(seen.insert(bytes).second);
        for (std::size_t k = 0; k < bytes.size(); ++k) nonzero[k] += bytes[k] != std::byte{0};
    }
    // A byte that is zero 64 times by chance: 256^-64.
    for (const int count : nonzero) CHECK(count > 0);
}

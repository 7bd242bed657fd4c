#include "federation/identity/random_id.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/os/entropy.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("ids differ and have the length that their bytes give") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) seen.insert(random_id(os::fill_random));
    CHECK(seen.size() == 100);
    CHECK(seen.begin()->size() == 22);
    CHECK(random_id(os::fill_random, 32).size() == 43);
}

TEST_CASE("characters of an alphabet come equally often") {
    int next = 0;
    const RandomSource counter = [&next](std::span<std::byte> bytes) {
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(next++ % 256);
    };
    std::map<char, int> count;
    for (const char c : random_text(counter, "abc", 255)) ++count[c];
    CHECK(count['a'] == 85);
    CHECK(count['b'] == 85);
    CHECK(count['c'] == 85);
}

TEST_CASE("secrets are the same only when every byte is") {
    CHECK(is_same_secret("", ""));
    CHECK(is_same_secret("secret", "secret"));
    CHECK_FALSE(is_same_secret("secret", "secreT"));
    CHECK_FALSE(is_same_secret("Secret", "secret"));
    CHECK_FALSE(is_same_secret("secret", "secre"));
}

}  // namespace
}  // namespace euromesh::federation

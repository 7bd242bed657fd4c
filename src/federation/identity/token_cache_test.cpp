#include "federation/identity/token_cache.hpp"

#include <doctest/doctest.h>

#include <string>

namespace euromesh::federation {
namespace {

std::shared_ptr<const Principal> person(const std::string& name, std::int64_t expires_ms) {
    Principal who;
    who.subject = name;
    who.expires_ms = expires_ms;
    return std::make_shared<const Principal>(std::move(who));
}

TEST_CASE("a token is found until it expires") {
    TokenCache cache(10);
    cache.keep("token", person("a", 1000), cache.generation());
    REQUIRE(cache.find("token", 999));
    CHECK(cache.find("token", 999)->subject == "a");
    CHECK_FALSE(cache.find("Token", 999));
    CHECK_FALSE(cache.find("token", 1000));
    CHECK(cache.size() == 0);
}

TEST_CASE("new keys empty it, also of checks that were under way") {
    TokenCache cache(10);
    const std::uint64_t before = cache.generation();
    cache.keep("one", person("a", 1000), before);
    cache.clear();
    cache.keep("two", person("b", 1000), before);
    CHECK(cache.size() == 0);
    CHECK_FALSE(cache.find("one", 0));
}

TEST_CASE("it never holds more than it may, also when entries expire and come again") {
    TokenCache cache(4);
    for (int i = 0; i < 1000; ++i) {
        cache.keep("token " + std::to_string(i % 7), person("a", i + 3), cache.generation());
        cache.find("token " + std::to_string(i % 5), i);
        CHECK(cache.size() <= 4);
    }
    cache.keep("last", person("z", 5000), cache.generation());
    CHECK(cache.find("last", 4999));
    TokenCache none(0);
    none.keep("x", person("a", 1000), none.generation());
    CHECK(none.size() == 0);
}

}  // namespace
}  // namespace euromesh::federation

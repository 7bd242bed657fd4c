#include "base/os/library.hpp"

#include <doctest/doctest.h>

#include "base/os/process.hpp"

using namespace euromesh;

TEST_CASE("a library that is not there is told apart from one that does not load") {
    const auto missing = os::load_symbol("/nowhere/libnothing.so", "anything");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Code::not_found);
    CHECK(missing.error().message == "/nowhere/libnothing.so: no such library");
    const auto broken = os::load_symbol("README.md", "anything");
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == Code::unavailable);
}

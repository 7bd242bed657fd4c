#include "base/os/descriptor.hpp"

#include <unistd.h>

#include <doctest/doctest.h>

namespace euromesh::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST_CASE("a pipe is waited for until it can go on, or the time is over") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    CHECK_FALSE(wait_for_descriptor(ends[0], {}, milliseconds(1)));
    CHECK_FALSE(wait_for_descriptor(ends[0], {}, -minutes(1)));
    CHECK(wait_for_descriptor(ends[1], {.write = true}, minutes(1)));
    REQUIRE(::write(ends[1], "x", 1) == 1);
    CHECK(wait_for_descriptor(ends[0], {}, minutes(1)));
    CHECK_FALSE(wait_for_descriptor(ends[0], {.read = false, .write = false}, milliseconds(1)));
    ::close(ends[1]);
    // The end is something to be met, too.
    CHECK(wait_for_descriptor(ends[0], {}, minutes(1)));
    ::close(ends[0]);
}

}  // namespace
}  // namespace euromesh::os

#include "base/os/terminal.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

namespace euromesh::os {
namespace {

TEST_CASE("the environment is read, and what is not set is absent") {
    ::setenv("EM_TERMINAL_TEST", "x", 1);
    CHECK(environment("EM_TERMINAL_TEST") == "x");
    ::unsetenv("EM_TERMINAL_TEST");
    CHECK(!environment("EM_TERMINAL_TEST"));
}

TEST_CASE("width and cores always have a usable value") {
    CHECK(terminal_width() > 0);
    CHECK(usable_cores() >= 1);
}

}  // namespace
}  // namespace euromesh::os

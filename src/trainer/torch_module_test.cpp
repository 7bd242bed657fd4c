#include "trainer/torch_module.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::trainer;

TEST_CASE("a build without torch says so, and what to use instead") {
    const auto none = load_torch("/nowhere/bin/euromesh");
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Code::unavailable);
    CHECK(none.error().message ==
          "no libeuromesh_torch.so beside the program: this build has no torch; use device cpu");
}

#include "facts/source.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {

TEST_CASE("grades are written as letters, and an unstated one is the weakest") {
    CHECK(name_of(Grade::a) == "A");
    CHECK(name_of(Grade::b) == "B");
    CHECK(name_of(Source().grade) == "C");
    CHECK(grade_names().size() == 3);
}

}  // namespace euromesh::facts

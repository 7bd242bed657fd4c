#include "federation/store/store_schema.hpp"

#include <doctest/doctest.h>

#include <array>

namespace euromesh::federation {
namespace {

constexpr std::array<SchemaStep, 3> three{{{"1", "one"}, {"2", "two"}, {"3", "three"}}};

TEST_CASE("the missing steps are those after the version") {
    CHECK(missing_steps(three, 0, "here").value().size() == 3);
    CHECK(missing_steps(three, 2, "here").value()[0].sqlite == three[2].sqlite);
    CHECK(missing_steps(three, 3, "here").value().empty());
}

TEST_CASE("a version from the future is refused with what to do") {
    const auto newer = missing_steps(three, 4, "here");
    REQUIRE_FALSE(newer.has_value());
    CHECK(newer.error().code == Code::refused);
    CHECK(newer.error().message.find("here: tables of version 4") == 0);
    CHECK(newer.error().message.find("newer program") != std::string::npos);
    CHECK(missing_steps(three, -1, "here").error().code == Code::corrupted);
}

TEST_CASE("every step says it for both data bases") {
    for (const SchemaStep& step : store_schema()) {
        CHECK(std::string(step.sqlite).size() > 10);
        CHECK(std::string(step.postgres).size() > 10);
    }
}

}  // namespace
}  // namespace euromesh::federation

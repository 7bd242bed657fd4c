#include "federation/identity/expiring_table.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("entries are found until their time is over, and taken once") {
    ExpiringTable<int> table(3);
    CHECK(table.add("a", 1, 100, 0));
    CHECK_FALSE(table.add("a", 2, 100, 0));
    REQUIRE(table.find("a", 99) != nullptr);
    CHECK(*table.find("a", 99) == 1);
    CHECK(table.find("a", 100) == nullptr);
    CHECK(table.take("a", 50) == 1);
    CHECK_FALSE(table.take("a", 50));
}

TEST_CASE("a full table refuses new entries and keeps the good ones") {
    ExpiringTable<int> table(2);
    CHECK(table.add("a", 1, 100, 0));
    CHECK(table.add("b", 2, 200, 0));
    CHECK_FALSE(table.add("c", 3, 300, 50));
    CHECK(table.add("c", 3, 300, 100));
    CHECK(table.find("a", 100) == nullptr);
    CHECK(table.find_if([](int value) { return value == 3; }, 100) != nullptr);
    table.drop_if([](int value) { return value == 3; });
    CHECK(table.size() == 1);
}

}  // namespace
}  // namespace euromesh::federation

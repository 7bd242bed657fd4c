#include "contract/layout.hpp"

#include <doctest/doctest.h>

namespace euromesh::contract {
namespace {

TEST_CASE("a layout's digest depends on every name, shape and the order") {
    const Layout layout{{"a", {2, 3}}, {"b", {4}}};
    CHECK(value_count(layout) == 10);
    CHECK(layout_digest(layout) == layout_digest(Layout(layout)));
    CHECK(layout_digest(layout) != layout_digest({{"a", {3, 2}}, {"b", {4}}}));
    CHECK(layout_digest(layout) != layout_digest({{"b", {4}}, {"a", {2, 3}}}));
    CHECK(layout_digest(layout) != layout_digest({{"a", {2, 3}}, {"c", {4}}}));
}

}  // namespace
}  // namespace euromesh::contract

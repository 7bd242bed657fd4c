#include "federation/identity/scope.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("every scope has a name of its own that reads back") {
    for (std::uint8_t i = 0; i < scope_count; ++i) {
        const auto scope = static_cast<Scope>(i);
        CHECK(parse_scope(name_of(scope)) == scope);
    }
    CHECK_FALSE(parse_scope("compute"));
    CHECK_FALSE(parse_scope(""));
}

TEST_CASE("unknown scopes say nothing, and no part of a name counts") {
    const ScopeSet set =
        ScopeSet::parse("openid  compute.create compute.read:/x Compute.read federation.admin2 ");
    CHECK(set == ScopeSet{Scope::compute_create});
    CHECK(ScopeSet::parse("").empty());
    CHECK(ScopeSet::parse("site.operate compute.read").text() == "compute.read site.operate");
}

TEST_CASE("a set only narrows") {
    const ScopeSet wide{Scope::compute_read, Scope::compute_create};
    const ScopeSet other{Scope::compute_read, Scope::federation_admin};
    CHECK(wide.common_with(other) == ScopeSet{Scope::compute_read});
    CHECK(wide.common_with(other).is_within(wide));
    CHECK_FALSE(other.is_within(wide));
    CHECK(ScopeSet{}.is_within(wide));
}

}  // namespace
}  // namespace euromesh::federation

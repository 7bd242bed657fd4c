#include "federation/core/explain.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a dry run tells for every site the rule that rules it out, or its score") {
    TestFederation f;
    f.must(f.alice, RegisterData{{"votes", "p1", "eu", "", "", 0, false}});
    auto spec = f.spec();
    spec.data = {"votes"};
    const std::string id = f.submit(spec);
    const auto table = dry_run(f.core.tables(), f.core.law(), id, f.now_ms);
    REQUIRE_MESSAGE(table, (table ? "" : table.error().message));
    CHECK(table->size() == 6);
    CHECK(table->dump().find("eu-only") != std::string::npos);
    CHECK(dry_run(f.core.tables(), f.core.law(), "j0", f.now_ms).error().code == Code::not_found);
}

}  // namespace
}  // namespace euromesh::federation

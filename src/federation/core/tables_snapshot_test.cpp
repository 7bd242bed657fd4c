#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a snapshot comes back with all indexes") {
    TestFederation f;
    const std::string placed = f.placed(f.spec());
    const std::string waiting = f.submit(f.spec(), "k");
    const auto tables = Tables::restore(f.core.snapshot());
    REQUIRE_MESSAGE(tables, (tables ? "" : tables.error().message));
    CHECK(tables->snapshot() == f.core.snapshot());
    CHECK(tables->waiting() == f.core.tables().waiting());
    CHECK(tables->open_claims(f.claim(placed).site).size() == 1);
    CHECK(tables->jobs_of("p1").size() == 2);
    CHECK(tables->allocations_of("p1").size() == 1);
    CHECK(tables->key(f.alice.account, "k") != nullptr);
}

TEST_CASE("a snapshot that is damaged is refused with its line") {
    TestFederation f;
    f.placed(f.spec());
    const std::string good = f.core.snapshot();
    const auto error = [](const std::string& text) {
        const auto tables = Tables::restore(text);
        return tables ? std::string() : tables.error().message;
    };
    CHECK(error("") == "snapshot: has no head, or is empty");
    CHECK(error(good.substr(0, good.size() - 1)).find("is cut off") != std::string::npos);
    CHECK(error("[\"cow\",{}]\n" + good) == "snapshot line 1: unknown kind 'cow'");
    std::string without_claims;
    for (std::size_t at = 0, end; at < good.size(); at = end + 1) {
        end = good.find('\n', at);
        if (good.compare(at, 9, "[\"claim\",") != 0) without_claims += good.substr(at, end - at + 1);
    }
    CHECK(error(without_claims).find("names what is not there") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("reports and orders come back from their JSON") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    const Orders orders = f.core.orders_for(f.claim(id).site, {"journal-1", 0, {}});
    REQUIRE(orders.start.size() == 1);
    CHECK(orders.journal == "journal-1");
    const auto again = read_orders(to_json(orders));
    REQUIRE_MESSAGE(again, (again ? "" : again.error().message));
    CHECK(to_json(*again) == to_json(orders));
    CHECK(again->journal == "journal-1");
    CHECK(again->start[0].spec == orders.start[0].spec);
    const SiteReport report{"journal", 7, {{"c1-0", "ended", 1, 2, 3, -4, "words"}}};
    const auto told = read_site_report(to_json(report));
    REQUIRE(told);
    CHECK(to_json(*told) == to_json(report));
}

TEST_CASE("what is wrong in a report is named by its place") {
    const auto error = [](const char* text) {
        return read_site_report(parse_json(text).value()).error().message;
    };
    CHECK(error("{}").find("/journal is missing") != std::string::npos);
    CHECK(error(R"({"journal":"a","claims":[{"claim":"c","state":"sold"}]})")
              .find("/claims/0/state must be one of") != std::string::npos);
    CHECK(read_orders(parse_json(R"({"as_of":1,"start":[{}]})").value()).error().message.find("/start/0") !=
          std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

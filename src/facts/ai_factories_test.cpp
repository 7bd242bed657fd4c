#include "facts/ai_factories.hpp"

#include "facts/rows_for_test.hpp"

namespace euromesh::facts {
namespace {

TestRow good() {
    return TestRow(ai_factories_table().shape, {{"id", "x"},
                                                {"name", "X"},
                                                {"type", "factory"},
                                                {"host_country_iso2", "FI"},
                                                {"countries", "FI;CZ"},
                                                {"source", "page"},
                                                {"source_url", "https://p.eu"},
                                                {"as_of", "2026"},
                                                {"grade", "B"}});
}

std::string complaint_about(const TestRow::Changes& changes) {
    return only_problem(ai_factories_table(), good().with(changes).file());
}

}  // namespace

TEST_CASE("the built-in factories and antennas") {
    const auto factories = load_ai_factories(FactFiles::built_in());
    REQUIRE(factories);
    CHECK(factories->size() == 32);
    const AiFactory& lumi = factories->front();
    CHECK(lumi.countries == std::vector<std::string>{"FI", "CZ", "DK", "EE", "NO", "PL"});
    CHECK(lumi.system_id == "lumi-ai");
    CHECK(lumi.contract_eur_m == 387.8);
    REQUIRE(lumi.contract_date);
    CHECK(to_iso(*lumi.contract_date) == "2026-08-31");
    int antennas = 0;
    for (const AiFactory& factory : *factories) antennas += factory.kind == AiFactoryKind::antenna ? 1 : 0;
    CHECK(antennas == 13);
    CHECK(name_of(AiFactoryKind::antenna) == "antenna");
}

TEST_CASE("each wrong field is named with its place") {
    CHECK(complaint_about({{"type", "shop"}}) == "t.csv:2:5: type: 'shop' is not one of factory, antenna");
    CHECK(complaint_about({{"countries", "FI;;CZ"}}) ==
          "t.csv:2:17: countries: 'FI;;CZ' has an empty part (FI;CZ;DK)");
    CHECK(complaint_about({{"expected_online", "soon"}}).find("expected_online: 'soon' is not a date") !=
          std::string::npos);
    CHECK(complaint_about({{"contract_eur_m", "-1"}}).find("contract_eur_m: -1 is outside 0 to") !=
          std::string::npos);
}

}  // namespace euromesh::facts

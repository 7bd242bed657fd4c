#include "federation/core/tiers.hpp"

#include <doctest/doctest.h>

#include "facts/fact_files.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("tiers come from the facts, with their ceiling and clock") {
    const auto modes = facts::load_access_modes(facts::FactFiles::built_in());
    REQUIRE(modes);
    const auto tiers = tiers_from(*modes);
    const auto named = [&](const std::string& id) {
        for (const Tier& tier : tiers)
            if (tier.id == id) return tier;
        return Tier{};
    };
    CHECK(named("aif-playground").instant);
    CHECK(named("aif-playground").most_mgh == 5'000'000);
    CHECK(named("aif-playground").review_days == 4);
    CHECK(!named("aif-large-scale").instant);
    CHECK(named("regular").id.empty());
    FederationRecord federation;
    fill_countries(federation, facts::load_countries(facts::FactFiles::built_in()).value());
    CHECK(federation.eu_countries.size() == 27);
}

}  // namespace
}  // namespace euromesh::federation

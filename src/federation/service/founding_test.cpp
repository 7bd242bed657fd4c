#include "federation/service/founding.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/hash.hpp"
#include "federation/core/core.hpp"
#include "federation/core/law.hpp"

namespace euromesh::federation {
namespace {

Founding founding() {
    Founding made;
    made.name = "federation.example";
    made.coordinator = SigningKey::generate().public_key();
    made.board = SigningKey::generate().public_key();
    made.administrators = {"https://issuer.example|root"};
    return made;
}

TEST_CASE("a new federation is one that the core takes, with tiers, countries and rules from the facts") {
    const Founding asked = founding();
    const auto made = new_federation(asked);
    REQUIRE(made);
    CHECK(made->coordinator_key == to_hex(asked.coordinator));
    CHECK(made->governance.keys.at("board") == to_hex(asked.board));
    const auto tier = std::find_if(made->tiers.begin(), made->tiers.end(),
                                   [](const Tier& one) { return one.id == "aif-playground"; });
    REQUIRE(tier != made->tiers.end());
    CHECK(tier->instant);
    CHECK(tier->most_mgh == 5'000'000);
    CHECK(made->eu_countries.size() == 27);
    CHECK(made->participating_countries.size() > 27);
    CHECK(made->rules.size() >= 8);
    Core core;
    Actor root;
    root.account = asked.administrators[0];
    REQUIRE(core.execute({root, Found{*made}}, 1'800'000'000'000));
    CHECK(core.tables().federation().rules_digest.size() == 64);
    CHECK(is_administrator(core.tables(), root));
}

TEST_CASE("a name that no head could carry, and nobody to administer it") {
    Founding asked = founding();
    asked.administrators.clear();
    CHECK(new_federation(asked).error().code == Code::bad_input);
    for (const char* name : {"", "two words", "plus+", "line\nbreak"}) {
        asked = founding();
        asked.name = name;
        CHECK(new_federation(asked).error().code == Code::bad_input);
    }
}

}  // namespace
}  // namespace euromesh::federation

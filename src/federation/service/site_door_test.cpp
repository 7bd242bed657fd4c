#include "federation/service/site_door.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "base/os/entropy.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1'800'000'000'000;
const std::string origin = "federation.example", url = "https://coordinator.example";

struct DoorWorld {
    SiteDoor door{url};
    SigningKey site_key = SigningKey::generate();
    TokenKey token_key = TokenKey::generate(TokenAlgorithm::es256);
    SiteId site = SiteId::parse("site-a", "site").value();

    Json introduction(std::int64_t time_ms = now_ms) const {
        return make_introduction(origin, site, token_key.public_key(), site_key, time_ms);
    }
    Code introduce(const Json& introduction, const std::string& at = origin) {
        const Status taken = door.introduce(at, introduction, to_hex(site_key.public_key()), now_ms);
        return taken ? Code::internal : taken.error().code;
    }
    bool enters(const TokenKey& key) {
        return door.enter(make_site_assertion(key, site, url, os::fill_random, now_ms), now_ms).has_value();
    }
};

TEST_CASE("a token key that the site's key has signed opens the door, and no other") {
    DoorWorld world;
    CHECK_FALSE(world.enters(world.token_key));
    CHECK(world.introduce(world.introduction()) == Code::internal);
    CHECK(world.enters(world.token_key));
    CHECK_FALSE(world.enters(TokenKey::generate(TokenAlgorithm::es256)));
}

TEST_CASE("a new life of the agent takes the place of the one before") {
    DoorWorld world;
    REQUIRE(world.introduce(world.introduction()) == Code::internal);
    const TokenKey first = world.token_key;
    world.token_key = TokenKey::generate(TokenAlgorithm::es256);
    REQUIRE(world.introduce(world.introduction()) == Code::internal);
    CHECK(world.enters(world.token_key));
    CHECK_FALSE(world.enters(first));
}

TEST_CASE("an introduction holds for a minute, one federation, one site, one token key") {
    DoorWorld world;
    CHECK(world.introduce(world.introduction(now_ms - introduction_leeway_ms)) == Code::internal);
    CHECK(world.introduce(world.introduction(now_ms + introduction_leeway_ms)) == Code::internal);
    DoorWorld other;
    CHECK(other.introduce(other.introduction(now_ms - introduction_leeway_ms - 1)) == Code::refused);
    CHECK(other.introduce(other.introduction(now_ms + introduction_leeway_ms + 1)) == Code::refused);
    CHECK(other.introduce(other.introduction(), "another.example") == Code::refused);
    CHECK(other.introduce(world.introduction()) == Code::refused);
    Json changed = other.introduction();
    changed["site"] = "site-b";
    CHECK(other.introduce(changed) == Code::refused);
    changed = other.introduction();
    changed["key"] = TokenKey::generate(TokenAlgorithm::es256).public_key().jwk();
    CHECK(other.introduce(changed) == Code::refused);
    changed = other.introduction();
    changed["time_ms"] = now_ms + 1;
    CHECK(other.introduce(changed) == Code::refused);
    CHECK_FALSE(other.enters(other.token_key));
}

TEST_CASE("what is no introduction is named, whatever it is") {
    DoorWorld world;
    for (const char* name : {"site", "key", "time_ms", "signature"}) {
        Json changed = world.introduction();
        changed.erase(name);
        CHECK(world.introduce(changed) == Code::bad_input);
        for (const Json& value : {Json(nullptr), Json(true), Json::array(), Json("\xff"), Json(1e300)}) {
            changed[name] = value;
            CHECK(world.introduce(changed) == Code::bad_input);
        }
    }
    CHECK(world.introduce(Json::array()) == Code::bad_input);
    CHECK(world.introduce(Json(nullptr)) == Code::bad_input);
}

}  // namespace
}  // namespace euromesh::federation

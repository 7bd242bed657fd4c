#include "federation/identity/key_set.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("usable keys are found by their id, others are left out") {
    const TokenKey ec = TokenKey::generate(TokenAlgorithm::es256);
    const TokenKey rsa = TokenKey::generate(TokenAlgorithm::rs256);
    Json document = KeySet({ec.public_key(), rsa.public_key()}).document();
    document["keys"].push_back({{"kty", "oct"}, {"kid", "shared"}, {"k", "AAAA"}});
    document["keys"].push_back(7);
    Json nameless = TokenKey::generate(TokenAlgorithm::es256).public_key().jwk();
    nameless.erase("kid");
    document["keys"].push_back(nameless);
    const auto set = KeySet::parse(document.dump());
    REQUIRE(set);
    CHECK(set->size() == 2);
    REQUIRE(set->find(rsa.public_key().id()) != nullptr);
    CHECK(set->find(rsa.public_key().id())->algorithm() == TokenAlgorithm::rs256);
    CHECK(set->find("shared") == nullptr);
    CHECK(set->find("") == nullptr);
    CHECK(set->has_same_keys(KeySet({ec.public_key(), rsa.public_key()})));
    CHECK_FALSE(set->has_same_keys(KeySet({ec.public_key()})));
}

TEST_CASE("a set that cannot be right is refused as a whole") {
    const Json jwk = TokenKey::generate(TokenAlgorithm::es256).public_key().jwk();
    const Json twice = {{"keys", {jwk, jwk}}};
    CHECK_FALSE(KeySet::parse(twice.dump()));
    Json secret = jwk;
    secret["d"] = "AAAA";
    CHECK_FALSE(KeySet::parse(Json{{"keys", Json::array({secret})}}.dump()));
    CHECK_FALSE(KeySet::parse(R"({"keys":[]})"));
    CHECK_FALSE(KeySet::parse(R"({"keys":{}})"));
    CHECK_FALSE(KeySet::parse(R"({})"));
    Json many = {{"keys", Json::array()}};
    for (std::size_t i = 0; i <= key_set_max_keys; ++i) many["keys"].push_back(i);
    CHECK(KeySet::parse(many.dump()).error().message.find("over the limit") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

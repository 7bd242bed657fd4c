#include "federation/identity/issuer_document.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"

namespace euromesh::federation {
namespace {

Json document() {
    return {{"issuer", "https://a.example/x"},
            {"jwks_uri", "https://a.example/keys"},
            {"token_endpoint", "https://b.example/token"},
            {"device_authorization_endpoint", "https://a.example/device"}};
}

TEST_CASE("addresses are read, and what is not offered is empty") {
    const auto read = parse_issuer_document(document().dump(), "https://a.example/x");
    REQUIRE(read);
    CHECK(read->keys_url == "https://a.example/keys");
    CHECK(read->device_url == "https://a.example/device");
    CHECK(read->authorization_url.empty());
    CHECK(discovery_url("https://a.example/x") == "https://a.example/x/.well-known/openid-configuration");
    CHECK(discovery_url("https://a.example/") == "https://a.example/.well-known/openid-configuration");
}

TEST_CASE("another issuer, addresses that are not safe, and missing ones are refused") {
    CHECK_FALSE(parse_issuer_document(document().dump(), "https://a.example/x/"));
    for (const char* name : {"issuer", "jwks_uri", "token_endpoint"}) {
        Json wrong = document();
        wrong.erase(name);
        CHECK_FALSE(parse_issuer_document(wrong.dump(), "https://a.example/x"));
    }
    for (const char* name : {"jwks_uri", "token_endpoint", "device_authorization_endpoint"}) {
        for (const Json& value : {Json("http://a.example/x"), Json("file:///etc/passwd"), Json(7)}) {
            Json wrong = document();
            wrong[name] = value;
            const auto read = parse_issuer_document(wrong.dump(), "https://a.example/x");
            REQUIRE_FALSE(read);
            CHECK(read.error().message.find(name) != std::string::npos);
        }
    }
}

}  // namespace
}  // namespace euromesh::federation

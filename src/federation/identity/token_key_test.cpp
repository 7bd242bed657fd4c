#include "federation/identity/token_key.hpp"

#include <doctest/doctest.h>

#include "federation/identity/base64url.hpp"

namespace euromesh::federation {
namespace {

Json json_of(const char* text) {
    return parse_json(text).value();
}

// The example of RFC 7638, section 3.1.
constexpr const char* rfc7638_key =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})";

// RFC 7515, appendix A.3: key, message and signature of ES256.
constexpr const char* rfc7515_key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr const char* rfc7515_message =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
    "Ijp0cnVlfQ";
constexpr const char* rfc7515_signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST_CASE("the thumbprint of RFC 7638 and the ES256 signature of RFC 7515 come out") {
    const auto rsa = TokenPublicKey::from_jwk(json_of(rfc7638_key));
    REQUIRE(rsa);
    CHECK(rsa->thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    CHECK(rsa->id() == "2011-04-29");
    const auto ec = TokenPublicKey::from_jwk(json_of(rfc7515_key));
    REQUIRE(ec);
    const std::string signature = from_base64url(rfc7515_signature).value();
    CHECK(ec->verifies(rfc7515_message, signature));
    CHECK_FALSE(ec->verifies("x", signature));
    CHECK_FALSE(ec->verifies(rfc7515_message, signature.substr(1)));
}

TEST_CASE("what a key signs only its public key accepts, and only unchanged") {
    for (const TokenAlgorithm algorithm : {TokenAlgorithm::rs256, TokenAlgorithm::es256}) {
        const TokenKey key = TokenKey::generate(algorithm);
        const auto shown = TokenPublicKey::from_jwk(key.public_key().jwk());
        REQUIRE(shown);
        CHECK(shown->id() == key.public_key().thumbprint());
        const std::string signature = key.sign("message");
        CHECK(shown->verifies("message", signature));
        CHECK_FALSE(shown->verifies("massage", signature));
        CHECK_FALSE(TokenKey::generate(algorithm).public_key().verifies("message", signature));
        for (std::size_t i = 0; i < signature.size(); i += 7) {
            std::string other = signature;
            other[i] = static_cast<char>(other[i] ^ 1);
            CHECK_FALSE(shown->verifies("message", other));
        }
        CHECK_FALSE(shown->verifies("message", ""));
        CHECK_FALSE(shown->verifies("message", std::string(64, '\0')));
        const auto again = TokenKey::from_pem(key.pem());
        REQUIRE(again);
        CHECK(again->public_key().id() == key.public_key().id());
    }
}

TEST_CASE("keys of other kinds or for other uses are refused") {
    CHECK_FALSE(TokenPublicKey::from_jwk(json_of(R"({"kty":"oct","k":"c2VjcmV0"})")));
    CHECK_FALSE(TokenPublicKey::from_jwk(json_of(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})")));
    CHECK_FALSE(TokenPublicKey::from_jwk(json_of(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})")));
    CHECK_FALSE(TokenPublicKey::from_jwk(json_of("[]")));
    Json other = json_of(rfc7638_key);
    other["alg"] = "PS256";
    CHECK_FALSE(TokenPublicKey::from_jwk(other));
    other = json_of(rfc7638_key);
    other["use"] = "enc";
    CHECK_FALSE(TokenPublicKey::from_jwk(other));
    other = json_of(rfc7638_key);
    other["e"] = "AQ";
    CHECK_FALSE(TokenPublicKey::from_jwk(other));
    other = json_of(rfc7515_key);
    other["y"] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1";
    CHECK_FALSE(TokenPublicKey::from_jwk(other));
    CHECK_FALSE(TokenKey::from_pem("no key"));
}

}  // namespace
}  // namespace euromesh::federation

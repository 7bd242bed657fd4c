#include "federation/identity/jws.hpp"

#include <doctest/doctest.h>

#include "federation/identity/base64url.hpp"

namespace euromesh::federation {
namespace {

std::string raw_token(std::string_view header, std::string_view claims, std::string_view signature = "s") {
    return base64url(header) + "." + base64url(claims) + "." + base64url(signature);
}

TEST_CASE("what is made can be taken apart, and its signature holds") {
    const TokenKey key = TokenKey::generate(TokenAlgorithm::es256);
    const std::string token = make_jws(key, "application/AT+JWT", {{"sub", "x"}});
    const auto jws = parse_jws(token);
    REQUIRE(jws);
    CHECK(jws->algorithm == TokenAlgorithm::es256);
    CHECK(jws->type == "at+jwt");
    CHECK(jws->key_id == key.public_key().id());
    CHECK(jws->claims["sub"] == "x");
    CHECK(key.public_key().verifies(jws->signed_part, jws->signature));
}

TEST_CASE("headers that choose how they are checked are refused") {
    REQUIRE(parse_jws(raw_token(R"({"alg":"RS256","kid":"k"})", "{}")));
    for (const char* header :
         {R"({"alg":"none","kid":"k"})", R"({"alg":"None","kid":"k"})", R"({"alg":"HS256","kid":"k"})",
          R"({"alg":"PS256","kid":"k"})", R"({"alg":"ES384","kid":"k"})", R"({"kid":"k"})",
          R"({"alg":"RS256"})", R"({"alg":"RS256","kid":""})", R"({"alg":"RS256","kid":7})",
          R"({"alg":"RS256","kid":"k","crit":["exp"]})", R"({"alg":"RS256","kid":"k","jwk":{}})",
          R"({"alg":"RS256","kid":"k","jku":"https://x"})", R"({"alg":"RS256","kid":"k","b64":false})",
          R"({"alg":"RS256","alg":"none","kid":"k"})", R"({"alg":"RS256","kid":"k","typ":1})", R"(["RS256"])",
          "nonsense"}) {
        const auto jws = parse_jws(raw_token(header, "{}"));
        REQUIRE_MESSAGE(!jws, header);
        CHECK(jws.error().code == Code::refused);
    }
}

TEST_CASE("the form is strict and bounded, and no message quotes the token") {
    const std::string good = raw_token(R"({"alg":"RS256","kid":"k"})", R"({"sub":"very-secret"})");
    for (const std::string& wrong :
         {good + ".", good + "=", " " + good, good.substr(0, good.rfind('.')),
          good.substr(0, good.rfind('.') + 1), std::string(), std::string("..."), std::string("a.b.c.d.e"),
          raw_token(R"({"alg":"RS256","kid":"k"})", R"({"sub":"very-secret","sub":"b"})"),
          raw_token(R"({"alg":"RS256","kid":"k"})", R"(["very-secret"])"),
          raw_token(R"({"alg":"RS256","kid":"k"})", std::string(token_max_bytes, ' '))}) {
        const auto jws = parse_jws(wrong);
        REQUIRE_FALSE(jws);
        CHECK(jws.error().code == Code::refused);
        CHECK(jws.error().message.find("very-secret") == std::string::npos);
    }
}

}  // namespace
}  // namespace euromesh::federation

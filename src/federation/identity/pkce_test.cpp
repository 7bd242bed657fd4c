#include "federation/identity/pkce.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("the example of RFC 7636, appendix B") {
    constexpr const char* verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    constexpr const char* challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    CHECK(pkce_challenge(verifier) == challenge);
    CHECK(pkce_fits(challenge, verifier));
    CHECK_FALSE(pkce_fits(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"));
}

TEST_CASE("verifiers of another form are refused") {
    for (const std::string& verifier :
         {std::string(42, 'a'), std::string(129, 'a'), std::string(43, ' '), std::string()}) {
        CHECK_FALSE(pkce_fits(pkce_challenge(verifier), verifier));
    }
    CHECK(pkce_fits(pkce_challenge(std::string(128, 'a')), std::string(128, 'a')));
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/identity/pkce.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "federation/identity/base64url.hpp"
#include "federation/identity/random_id.hpp"

namespace euromesh::federation {
namespace {

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string pkce_challenge(std::string_view verifier) {
    const Sha256Digest digest = sha256(verifier);
    return base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool pkce_fits(std::string_view challenge, std::string_view verifier) {
    if (verifier.size() < 43 || verifier.size() > 128) return false;
    if (!std::all_of(verifier.begin(), verifier.end(), is_unreserved)) return false;
    return is_same_secret(pkce_challenge(verifier), challenge);
}

}  // namespace euromesh::federation

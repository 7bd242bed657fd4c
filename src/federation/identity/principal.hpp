// Who asks, and what the token lets them do. Plain values: no thread rule.
//
// An account is issuer + subject: neither name nor e-mail address identifies anybody.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/identity/group.hpp"
#include "federation/identity/scope.hpp"

namespace euromesh::federation {

struct Principal {
    std::string issuer;
    std::string subject;
    std::string audience;  // the one that the token was checked for
    ScopeSet scopes;
    std::vector<Group> groups;  // of name spaces that the issuer may speak for
    std::string client;         // `azp` or `client_id`; may be empty
    std::string name;           // for people's eyes only; may be empty
    std::string email;          // likewise
    std::string token_id;       // `jti`; may be empty
    std::int64_t expires_ms = 0;

    std::string account() const { return issuer + " " + subject; }
    bool operator==(const Principal&) const = default;
};

}  // namespace euromesh::federation

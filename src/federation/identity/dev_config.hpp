// Who may log in at the development issuer (dev_issuer.hpp), and where it may listen. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "federation/identity/scope.hpp"

namespace euromesh::federation {

struct DevUser {
    std::string id;  // becomes the subject
    std::string name;
    std::string email;
    std::vector<std::string> entitlements;  // groups, as URNs
    ScopeSet scopes;                        // the most that this person may have
};

struct DevService {  // a pipeline: client credentials
    std::string id;
    std::string secret;
    ScopeSet scopes;
};

struct DevIssuerConfig {
    std::string issuer;    // "http://127.0.0.1:8701" or with a path, without a slash at the end
    std::string audience;  // of access tokens
    std::string client = "euromesh-cli";  // public: people's CLI and pages
    std::vector<DevUser> users;
    std::vector<DevService> services{};
    std::int64_t access_lifetime_ms = 600'000;
    std::int64_t poll_interval_s = 5;  // of the device flow
};

// refused: others could reach this address; bad_input: none. For the listener's host.
Status check_dev_listen(std::string_view host);
// refused: its URL is not of this machine; bad_input: no users, an id twice, a short secret, an audience that
// is the client.
Status check(const DevIssuerConfig& config);

}  // namespace euromesh::federation

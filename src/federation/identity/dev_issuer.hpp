// An OpenID Connect issuer for trying things on one machine (`euromesh up`): no passwords, one click.
//
// Why: log-in must work in the first minute, and by the same protocols as with a real issuer. Because anybody
// who reaches it is whoever they like to be, it cannot be made for an address that others can reach, and
// answers only when it is asked under its own name (a page of another site that resolves its name to this
// machine gets nothing).
//
// Pure: requests, time and randomness come in, answers go out; an HTTP server is put around it. Offers:
// discovery, keys, authorisation code with PKCE (S256 only; redirects to this machine only), device flow,
// refresh with rotation, client credentials, user info, revocation, end of session. Codes, tickets and device
// codes are good once; the second use of a code or of a refresh token ends all that came from it. Every table
// is bounded. Thread rule: one thread at a time. No answer or error contains another party's secret.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "federation/identity/dev_config.hpp"
#include "federation/identity/random_id.hpp"
#include "federation/identity/token_key.hpp"

namespace euromesh::federation {

struct DevRequest {
    std::string method;
    std::string host;  // the header, with its port
    std::string path;  // without the query
    std::string query;
    std::string body;
    std::string authorization;  // the header; may be empty
};

struct DevAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string location;  // of redirects
};

class DevIssuer {
  public:
    // As check_dev_listen() and check().
    static Result<std::unique_ptr<DevIssuer>> make(DevIssuerConfig config, std::string_view listen_host,
                                                   TokenKey key, RandomSource random);
    virtual ~DevIssuer() = default;

    // Of a path that is not ours: 404.
    virtual DevAnswer handle(const DevRequest& request, std::int64_t now_ms) = 0;
    // From now on this key signs; the ones before stay published until what they signed has expired.
    virtual void rotate(TokenKey next, std::int64_t now_ms) = 0;
};

}  // namespace euromesh::federation

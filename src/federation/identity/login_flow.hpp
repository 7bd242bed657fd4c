// How a person or a pipeline gets tokens, as step machines: a call to make comes out, its answer goes in.
//
// Device flow (RFC 8628) for a terminal far from a browser, authorisation code with PKCE and a redirect to
// this machine (RFC 7636, RFC 8252) beside one, client credentials for pipelines, refresh for all of them.
// Whoever runs them (login.hpp) makes the calls as POST with a form. Not thread-safe; messages contain no
// token or code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "federation/identity/issuer_document.hpp"
#include "federation/identity/random_id.hpp"
#include "federation/identity/token_answer.hpp"
#include "federation/identity/token_check.hpp"

namespace euromesh::federation {

struct LoginClient {
    IssuerDocument issuer;
    std::string client;
    std::string secret;    // of a pipeline; empty: a public client
    std::string scope;     // names between spaces
    std::string resource;  // RFC 8707: whom the access token is for; may be empty
};

struct FormCall {
    std::string url;
    std::string form;
};

FormCall refresh_call(const LoginClient& client, const std::string& refresh_token);
// bad_input: no secret.
Result<FormCall> service_call(const LoginClient& client);

struct DevicePrompt {
    std::string user_code;
    std::string url;           // where to type it
    std::string complete_url;  // with the code in it; may be empty
};

class DeviceLogin {
  public:
    // bad_input: the issuer does not offer it.
    static Result<DeviceLogin> make(LoginClient client);

    FormCall start() const;
    Status started(int status, std::string_view body, std::int64_t now_ms);
    const DevicePrompt& prompt() const { return prompt_; }

    std::int64_t next_poll_ms() const { return next_ms_; }
    FormCall poll() const;
    // Nothing: ask again at next_poll_ms(). refused: the person said no, or the code is too old. An answer
    // that did not come (unavailable) is asked for again, twice as seldom (RFC 8628 section 3.5).
    Result<std::optional<TokenSet>> polled(const Result<std::pair<int, std::string>>& answer,
                                           std::int64_t now_ms);

  private:
    explicit DeviceLogin(LoginClient client) : client_(std::move(client)) {}
    LoginClient client_;
    DevicePrompt prompt_;
    std::string device_code_;
    std::int64_t interval_ms_ = 5000, next_ms_ = 0, until_ms_ = 0;
};

class CodeLogin {
  public:
    // `redirect` is where this machine listens. bad_input: the issuer does not offer it.
    static Result<CodeLogin> make(LoginClient client, std::string redirect, const RandomSource& random);

    // For the browser. Holds nothing that must stay secret.
    std::string url() const;
    // What came with the redirect. refused: another log-in's, from another issuer, or the issuer said no.
    Result<FormCall> redirected(std::string_view query) const;
    // The tokens, after the ID token among them was checked for this very log-in. Errors as
    // parse_token_answer() and check_token().
    Result<TokenSet> exchanged(int status, std::string_view body, const KeySet& keys,
                               std::int64_t now_ms) const;

  private:
    CodeLogin(LoginClient client, std::string redirect, const RandomSource& random)
        : client_(std::move(client)),
          redirect_(std::move(redirect)),
          state_(random_id(random)),
          nonce_(random_id(random)),
          verifier_(random_id(random, 32)) {}
    LoginClient client_;
    std::string redirect_, state_, nonce_, verifier_;
};

// Who logged in, by the ID token; `nonce` empty: none was sent. refused as check_token().
Result<Principal> check_id_token(std::string_view token, const KeySet& keys, const LoginClient& client,
                                 std::string_view nonce, std::int64_t now_ms);

}  // namespace euromesh::federation

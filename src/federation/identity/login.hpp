// `euromesh login` and what every other command needs of it: a token that is good now.
//
// The thin shell around login_flow.hpp: makes its calls, waits, keeps the result in the person's settings. A
// token near its end is renewed under a lock, because issuers take the second use of one refresh token for a
// theft. Thread rule: one thread at a time; calls wait for network and people. No token is ever printed or
// logged.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "federation/identity/issuer_fetcher.hpp"
#include "federation/identity/token_file.hpp"

namespace euromesh::federation {

struct LoginQuestion {
    std::string issuer;
    std::string client;
    std::string secret{};  // pipelines only
    std::string scope;
    std::string resource{};
};

// Shows a person what to do.
using ShowPrompt = std::function<void(const DevicePrompt&)>;
using ShowUrl = std::function<void(const std::string& url)>;

class Login {
  public:
    Login(IssuerFetcher& fetcher, const Clock& clock, RandomSource random, os::Path folder)
        : fetcher_(&fetcher), clock_(&clock), random_(std::move(random)), folder_(std::move(folder)) {}

    // Each ends with the log-in in its file. refused: the person or the issuer said no; unavailable: the
    // issuer is away.
    Result<StoredLogin> by_device(const LoginQuestion& question, const ShowPrompt& show,
                                  std::stop_token stop = {});
    Result<StoredLogin> by_browser(const LoginQuestion& question, const ShowUrl& show,
                                   std::stop_token stop = {});
    Result<StoredLogin> by_secret(const LoginQuestion& question, std::stop_token stop = {});

    // What is kept, as it is. not_found: nobody is logged in.
    Result<StoredLogin> stored() const { return read_login(file()); }
    // With an access token that is good for a minute and more. refused: log in again.
    Result<StoredLogin> fresh(std::stop_token stop = {});
    // Forgets it, after the issuer was asked to. Not being logged in is no error.
    Status logout(std::stop_token stop = {});

  private:
    os::Path file() const { return folder_ / "login.json"; }
    Result<StoredLogin> keep(const LoginClient& client, TokenSet tokens, const Result<Principal>& who);
    Result<StoredLogin> renew(StoredLogin login, const std::stop_token& stop);
    IssuerFetcher* fetcher_;
    const Clock* clock_;
    RandomSource random_;
    os::Path folder_;
};

}  // namespace euromesh::federation

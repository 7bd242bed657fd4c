// The thin part: asks issuers over HTTP what the step machines want to know.
//
// Only HTTPS, or plain HTTP to this machine; redirects are not followed; sizes and silences are bounded.
// Thread rule: one thread at a time; every call waits for the network.
#pragma once

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/os/http_client.hpp"
#include "federation/identity/key_set.hpp"
#include "federation/identity/login_flow.hpp"
#include "federation/identity/trusted_issuers.hpp"

namespace euromesh::federation {

class IssuerFetcher {
  public:
    // `authority_file`: PEM of the authorities that issuers are checked against, instead of the system's; may
    // be empty.
    explicit IssuerFetcher(std::string authority_file = {}) : authority_file_(std::move(authority_file)) {}

    // unavailable: no answer, or a status that is not 200; bad_input: an address that we do not ask.
    Result<std::string> get(const std::string& url, std::size_t max_bytes, std::stop_token stop = {});
    // Status and body, whatever the status.
    Result<std::pair<int, std::string>> post(const FormCall& call, std::stop_token stop = {});

    Result<IssuerDocument> document(const std::string& issuer, std::stop_token stop = {});
    Result<KeySet> keys(const IssuerDocument& document, std::stop_token stop = {});

    // Fetches whatever is due; the failures are for the log, and are tried again when it is time. Call it
    // once a second or so, in a thread of its own.
    std::vector<Error> refresh(TrustedIssuers& issuers, const Clock& clock, const std::stop_token& stop = {});

  private:
    std::string authority_file_;
    os::HttpClient client_;
};

std::int64_t wall_ms(const Clock& clock);

}  // namespace euromesh::federation

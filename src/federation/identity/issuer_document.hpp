// What an issuer says about itself (OpenID Connect Discovery 1.0, RFC 8414), checked.
//
// The document decides where secrets are sent, so that its issuer must be exactly the one that was asked and
// every address HTTPS (or this machine). What it says of algorithms is not believed: ours are fixed. Plain
// values.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::federation {

inline constexpr std::size_t issuer_document_max_bytes = 128u << 10;

struct IssuerDocument {
    std::string issuer;
    std::string keys_url;
    std::string token_url;
    std::string authorization_url;  // the following may be empty: not offered
    std::string device_url;
    std::string user_info_url;
    std::string end_session_url;
    std::string revocation_url;
};

std::string discovery_url(std::string_view issuer);

// bad_input: not such a document, for another issuer, or an address that we would not ask.
Result<IssuerDocument> parse_issuer_document(std::string_view text, std::string_view issuer);

}  // namespace euromesh::federation

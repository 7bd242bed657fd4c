// URLs that we are willing to ask, and texts that stand in them.
//
// An endpoint of an issuer is asked for and given secrets, so that only HTTPS will do; plain HTTP only to
// this very machine. Parsing is strict: no user information, no fragment, no white space. Plain functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::federation {

inline constexpr std::size_t web_address_max_bytes = 2048;

struct WebAddress {
    bool is_tls = true;
    std::string host;  // an IPv6 address stands without its brackets
    std::uint16_t port = 443;
    std::string path;  // "/", or what follows host and port, with its query
};

// bad_input: not http:// or https:// of this form.
Result<WebAddress> parse_web_address(std::string_view text);

// 127.0.0.0/8, ::1, localhost.
bool is_loopback_host(std::string_view host);

// bad_input: neither HTTPS nor plain HTTP to this machine; `what` is named.
Status check_endpoint(std::string_view url, std::string_view what);

// application/x-www-form-urlencoded, as bodies and queries have it.
using FormFields = std::map<std::string, std::string>;
std::string to_form(const FormFields& fields);
// bad_input: over 64 KiB or 64 fields, a name twice (RFC 6749 section 3.1), a wrong percent sign.
Result<FormFields> parse_form(std::string_view text);

}  // namespace euromesh::federation

// What is said to a SOCKS5 or HTTP proxy before the stream through it begins.
//
// Sources: RFC 1928 (SOCKS5), RFC 1929 (its login), RFC 9110 section 9.3.6 and RFC 7617 (CONNECT, Basic).
// Thread rule: that of the Dialogue. Errors: refused: the proxy says no, with its reason; corrupted: it does
// not speak the protocol; unavailable: the proxy cannot reach the endpoint, or is gone; bad_input: no such
// name.
#pragma once

#include <optional>

#include "base/os/file.hpp"
#include "sync/exchange/dialogue.hpp"

namespace euromesh::sync {

struct Login {
    std::string user, password;
};

// One line, user:password. refused: others than its owner may read it; bad_input: another form.
Result<Login> read_login(const os::Path& path);

Status ask_socks5(Dialogue& proxy, const os::Endpoint& endpoint, const std::optional<Login>& login);
Status ask_http(Dialogue& proxy, const os::Endpoint& endpoint, const std::optional<Login>& login);

// RFC 4648 section 4.
std::string base64(std::string_view bytes);

}  // namespace euromesh::sync

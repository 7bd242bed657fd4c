#include "federation/identity/dev_config.hpp"

#include <set>

#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t secret_least_bytes = 16;

Status check_people(const DevIssuerConfig& config) {
    std::set<std::string> ids;
    if (config.users.empty()) return fail(Code::bad_input, "development issuer: name at least one user");
    for (const DevUser& user : config.users) {
        if (user.id.empty() || !ids.insert(user.id).second) {
            return fail(Code::bad_input, "development issuer: user '{}' has no id of its own", user.id);
        }
    }
    for (const DevService& service : config.services) {
        if (service.id.empty() || !ids.insert(service.id).second) {
            return fail(Code::bad_input, "development issuer: service '{}' has no id of its own", service.id);
        }
        if (service.secret.size() < secret_least_bytes) {
            return fail(Code::bad_input, "development issuer: the secret of '{}' has fewer than {} bytes",
                        service.id, secret_least_bytes);
        }
    }
    return {};
}

}  // namespace

Status check_dev_listen(std::string_view host) {
    if (host.empty()) return fail(Code::bad_input, "development issuer: name an address to listen on");
    if (is_loopback_host(host)) return {};
    return fail(
        Code::refused,
        "development issuer: '{}' can be reached by others, who could log in as anybody; use 127.0.0.1",
        host.substr(0, 80));
}

Status check(const DevIssuerConfig& config) {
    EM_ASSIGN(const WebAddress address, parse_web_address(config.issuer));
    EM_TRY(check_dev_listen(address.host));
    if (config.issuer.ends_with('/') || address.path.find('?') != std::string::npos) {
        return fail(Code::bad_input, "development issuer: its URL must not end in '/' nor have a query");
    }
    if (config.audience.empty() || config.client.empty() || config.audience == config.client) {
        return fail(Code::bad_input, "development issuer: name an audience and a client that differ");
    }
    return check_people(config);
}

}  // namespace euromesh::federation

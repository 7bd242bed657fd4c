// Names of hosts become addresses that can be connected to.
//
// Why apart from sockets: a name may have several addresses, of which the first may be dead; whoever connects
// wants the list. A look-up goes to the system's resolver, which may take long and cannot be interrupted, so
// it runs in a thread that the caller can leave behind. Thread rule: functions are safe from any thread.
//
// It does not: cache, order (the system does, RFC 6724), verify.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::os {

struct Endpoint {
    std::string host;  // name, IPv4 or IPv6 address
    std::uint16_t port = 0;
    std::string text() const;  // "host:port", "[::1]:port"
    bool operator==(const Endpoint&) const = default;
};

// "host:port" or "[v6]:port". bad_input says which part is wrong.
Result<Endpoint> parse_endpoint(std::string_view text);

enum class Family { any, ipv4, ipv6 };

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;

    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&bytes); }
    Family family() const { return bytes.ss_family == AF_INET6 ? Family::ipv6 : Family::ipv4; }
    std::string text() const;  // "127.0.0.1:4242", "[::1]:80"
};

// A numeric address in network order: 4 bytes, 16, or none when it is a name.
std::string address_bytes(const std::string& host);

// Never empty. Blocks for as long as the resolver likes. not_found: no such host, or none of this family;
// unavailable: the resolver does not answer.
Result<std::vector<Address>> look_up(const Endpoint& endpoint, Family family, bool to_listen = false);

// The same, but returns (cancelled) within 50 ms after a stop was requested.
Result<std::vector<Address>> resolve(const Endpoint& endpoint, Family family, const std::stop_token& stop);

}  // namespace euromesh::os

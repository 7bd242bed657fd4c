#include "apps/announced_way.hpp"

#include "base/os/machine_probe.hpp"
#include "base/os/socket.hpp"
#include "contract/run_placement.hpp"

namespace euromesh::apps {
namespace {

// "HOST" or "HOST:PORT"; port 0: a free one.
Result<os::Endpoint> fixed_endpoint(const std::string& listen) {
    if (listen.find(':') == std::string::npos) return os::Endpoint{listen, 0};
    return os::parse_endpoint(listen);
}

// A connection is begun and dropped: the kernel says by which of its addresses it would go.
std::string own_host(const std::string& towards) {
    const auto endpoint = os::parse_endpoint(towards);
    if (!endpoint) return {};
    const auto socket = os::Socket::connect(*endpoint, os::SocketOptions{});
    return socket ? socket->local_host() : std::string();
}

}  // namespace

Result<sync::Arrival> AnnouncedWay::connect(std::stop_token stop) {
    const auto peers = contract::read_peers(peers_);
    const auto found = peers ? peers->find(site_) : std::map<std::string, std::string>::const_iterator();
    if (!peers || found == peers->end())
        return fail(Code::unavailable, "site {} has not said yet where it listens", site_);
    const auto endpoint = os::parse_endpoint(found->second);
    if (!endpoint) return fail(Code::unavailable, "site {} listens nowhere: {}", site_, found->second);
    auto arrival = sync::DirectWay(*endpoint, options_, clock_).connect(std::move(stop));
    // It may have moved: the next look may find another address.
    if (!arrival && arrival.error().code != Code::cancelled)
        return fail(Code::unavailable, "{}", arrival.error().message);
    return arrival;
}

Result<os::Endpoint> listening_endpoint(const contract::PlacedSpec& placed) {
    os::Endpoint endpoint{"0.0.0.0", 0};
    if (placed.listen.empty()) return endpoint;
    EM_ASSIGN(const os::Endpoint fixed, fixed_endpoint(placed.listen));
    endpoint.port = fixed.port;
    if (fixed.host.find(':') != std::string::npos) endpoint.host = "::";
    if (fixed.host == "127.0.0.1" || fixed.host == "::1") endpoint.host = fixed.host;
    return endpoint;
}

std::string announced_address(const contract::PlacedSpec& placed, std::uint16_t port) {
    std::string host = own_host(placed.towards);
    if (const auto fixed = fixed_endpoint(placed.listen); !placed.listen.empty() && fixed)
        host = os::Endpoint{fixed->host, 1}.text(), host.resize(host.rfind(':'));
    if (host.empty()) host = os::host_name();
    return fmt::format("{}:{}", host, port);
}

}  // namespace euromesh::apps

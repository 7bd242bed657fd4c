#include "apps/exchange_ways.hpp"

#include <algorithm>
#include <array>

#include "apps/announced_way.hpp"
#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/hub_way.hpp"
#include "sync/exchange/store_way.hpp"
#include "sync/exchange/streams_way.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;
using contract::SiteSpec;

constexpr std::array<std::string_view, 4> by_demand{"direct", "hub", "object-store", "spool"};

std::size_t demand_of(const SiteSpec& site) {
    const auto found = std::find(by_demand.begin(), by_demand.end(), site.exchange);
    return static_cast<std::size_t>(found - by_demand.begin());
}

// The stores of one site, opened when they are first needed and shared by its ways.
class Ways {
  public:
    Ways(const RunSpec& spec, const Clock& clock, const sync::SessionConfig& config)
        : spec_(spec), clock_(clock), config_(config), own_(spec.sites[config.self]) {}

    Result<std::shared_ptr<sync::Way>> to(std::size_t peer, const sync::ConnectorOptions& connector) {
        const std::string kind = exchange_of(spec_, config_.self, peer);
        if (kind == "hub") return to_hub(peer, connector);
        if (kind == "object-store") return by_store(peer, bucket_, spec_.exchange.store);
        if (kind == "spool") return by_store(peer, spool_, own_.spool);
        if (spec_.placed) return announced(peer, connector);
        if (spec_.exchange.streams > 1) return by_streams(peer, connector);
        return std::shared_ptr<sync::Way>();
    }

  private:
    Result<std::shared_ptr<sync::Way>> to_hub(std::size_t peer, const sync::ConnectorOptions& connector) {
        if (!config_.tls) return fail(Code::bad_input, "a hub needs keys: encrypted = true");
        EM_ASSIGN(os::Endpoint hub, os::parse_endpoint(spec_.exchange.hub));
        sync::HubWayConfig made{
            std::move(hub), {spec_.name, own_.id, spec_.sites[peer].id}, *config_.tls, connector};
        return std::make_shared<sync::HubWay>(std::move(made), clock_);
    }

    Result<std::shared_ptr<sync::Way>> by_store(std::size_t peer, std::shared_ptr<sync::BlobStore>& store,
                                                const std::string& location) {
        if (!store) {
            EM_ASSIGN(std::unique_ptr<sync::BlobStore> opened, sync::open_blob_store(location));
            store = std::move(opened);
        }
        sync::StoreWayConfig made;
        made.run = spec_.name.text();
        made.self = own_.id.text();
        made.peer = spec_.sites[peer].id.text();
        made.tether.segment_bytes = static_cast<std::size_t>(spec_.exchange.segment_mib) << 20;
        return std::make_shared<sync::StoreWay>(store, std::move(made), clock_);
    }

    // The higher rank dials, wherever the lower one listens by then.
    std::shared_ptr<sync::Way> announced(std::size_t peer, const sync::ConnectorOptions& connector) {
        if (peer > config_.self) return nullptr;
        return std::make_shared<AnnouncedWay>(spec_.placed->peers_file, spec_.sites[peer].id.text(),
                                              connector, clock_);
    }

    // Both sites give it: the higher rank dials, the lower one's mesh listens.
    std::shared_ptr<sync::Way> by_streams(std::size_t peer, sync::ConnectorOptions connector) {
        sync::StreamsConfig made;
        made.run = spec_.name.text();
        made.self = own_.id.text();
        made.peer = spec_.sites[peer].id.text();
        made.streams = static_cast<std::size_t>(spec_.exchange.streams);
        made.pacing_bytes_per_s = connector.socket.pacing_bytes_per_s / made.streams;
        if (peer > config_.self) return std::make_shared<sync::StreamsWay>(std::move(made), clock_);
        return std::make_shared<sync::StreamsWay>(std::move(made), clock_, config_.sites[peer].endpoint,
                                                  std::move(connector));
    }

    const RunSpec& spec_;
    const Clock& clock_;
    const sync::SessionConfig& config_;
    const SiteSpec& own_;
    std::shared_ptr<sync::BlobStore> bucket_, spool_;
};

// Files wait for relays, relays for cron.
void choose_limits(const RunSpec& spec, bool by_files, sync::SessionConfig& config) {
    const auto seconds = [](std::int64_t asked, std::int64_t otherwise) {
        return std::chrono::seconds(asked > 0 ? asked : otherwise);
    };
    config.handshake_limit = seconds(spec.exchange.handshake_s, by_files ? 600 : 20);
    config.silence_limit = seconds(spec.exchange.silence_s, by_files ? 600 : 60);
    if (spec.placed && spec.placed->start_s > 0)
        config.start_limit = std::chrono::seconds(spec.placed->start_s);
    if (by_files) config.start_limit = std::max<Nanoseconds>(config.start_limit, config.handshake_limit);
}

}  // namespace

std::string exchange_of(const RunSpec& spec, std::size_t a, std::size_t b) {
    return std::string(by_demand[std::max(demand_of(spec.sites[a]), demand_of(spec.sites[b]))]);
}

Result<sync::ConnectorOptions> connector_of(const SiteSpec& site) {
    sync::ConnectorOptions options;
    auto via = sync::parse_connector(site.via);
    if (!via) return fail(via.error().within(fmt::format("site {}: via", site.id.text())));
    options.via = std::move(*via);
    if (site.family != "any") {
        options.family = site.family == "ipv4" ? os::Family::ipv4 : os::Family::ipv6;
    }
    options.socket.interface = site.interface;
    options.socket.pacing_bytes_per_s = static_cast<std::uint64_t>(site.rate_mbit * 1e6 / 8);
    return options;
}

Status choose_ways(const RunSpec& spec, const Clock& clock, sync::SessionConfig& config) {
    if (spec.sites.size() < 2) return {};
    EM_ASSIGN(const sync::ConnectorOptions connector, connector_of(spec.sites[config.self]));
    if (!(connector.via == sync::Connector{}) || connector.family != os::Family::any ||
        !connector.socket.interface.empty() || connector.socket.pacing_bytes_per_s > 0) {
        config.connector = connector;
    }
    Ways ways(spec, clock, config);
    bool by_files = false;
    for (std::size_t peer = 0; peer < spec.sites.size(); ++peer) {
        config.ways.emplace_back();
        if (peer == config.self) continue;
        EM_ASSIGN(config.ways.back(), ways.to(peer, connector));
        const std::string kind = exchange_of(spec, config.self, peer);
        by_files = by_files || kind == "spool" || kind == "object-store";
    }
    choose_limits(spec, by_files, config);
    return {};
}

}  // namespace euromesh::apps

// The suite of conformance_for_test.hpp over direct, proxies, a command and a hub, each also with a name
// whose first address is a dead IPv6 one.
#include "sync/exchange/conformance_for_test.hpp"

#include "sync/exchange/dead_door_for_test.hpp"
#include "sync/exchange/hub_for_test.hpp"
#include "sync/exchange/proxies_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// Every name has two addresses, of which the first leads nowhere.
Resolver dead_address_first(const DeadDoor& dead) {
    return [&dead](const os::Endpoint& endpoint, os::Family family,
                   const std::stop_token& stop) -> Result<std::vector<os::Address>> {
        EM_ASSIGN(std::vector<os::Address> found, os::resolve(endpoint, family, stop));
        found.insert(found.begin(), dead.address());
        return found;
    };
}

// Sites that listen and dial, by a connector.
class Direct final : public ExchangeForTest {
  public:
    explicit Direct(ConnectorOptions connector = {}) : connector_(std::move(connector)) {}
    void prepare(const SitesForTest&, Rank, MeshConfig& config) override { config.connector = connector_; }

  private:
    ConnectorOptions connector_;
};

class ByHub final : public ExchangeForTest {
  public:
    explicit ByHub(const SitesForTest& sites, ConnectorOptions connector = {})
        : hub_(hub_config(sites)), connector_(std::move(connector)) {}
    void prepare(const SitesForTest& sites, Rank self, MeshConfig& config) override {
        config.ways.resize(sites.names.size());
        for (Rank peer = 0; peer < sites.names.size(); ++peer) {
            if (peer != self) config.ways[peer] = hub_.way(sites, self, peer, connector_);
        }
    }

  private:
    HubForTest hub_;
    ConnectorOptions connector_;
};

ConnectorOptions by(const std::string& text) {
    ConnectorOptions options;
    options.via = parse_connector(text).value();
    return options;
}

// As `ssh -W` does: it ends when the far side does.
const char* const command =
    "command: bash -c 'exec 3<>/dev/tcp/{host}/{port} 4<&0; cat <&4 >&3 & cat <&3; kill $!'";

// How long three sites need to come up.
Nanoseconds time_to_come_up(const MakeExchange& make) {
    ExchangeSites sites(3, make);
    const Nanoseconds begin = test_clock.monotonic();
    sites.begin_all();
    return test_clock.monotonic() - begin;
}

}  // namespace

TEST_CASE("conformance: direct, dialled by the mesh") {
    struct Plain final : ExchangeForTest {
        void prepare(const SitesForTest&, Rank, MeshConfig&) override {}
    };
    check_exchange([](const SitesForTest&) { return std::make_unique<Plain>(); });
}

TEST_CASE("conformance: direct, by a connector") {
    check_exchange([](const SitesForTest&) { return std::make_unique<Direct>(); });
}

TEST_CASE("conformance: direct, through SOCKS5") {
    ProxyForTest proxy(ProxyForTest::Kind::socks5);
    check_exchange([&](const SitesForTest&) {
        return std::make_unique<Direct>(by("socks5://" + proxy.endpoint().text()));
    });
    CHECK(proxy.served() > 0);
}

TEST_CASE("conformance: direct, through HTTP CONNECT") {
    ProxyForTest proxy(ProxyForTest::Kind::http);
    check_exchange([&](const SitesForTest&) {
        return std::make_unique<Direct>(by("http://" + proxy.endpoint().text()));
    });
    CHECK(proxy.served() > 0);
}

TEST_CASE("conformance: direct, by a command") {
    check_exchange([](const SitesForTest&) { return std::make_unique<Direct>(by(command)); });
}

TEST_CASE("conformance: hub") {
    check_exchange([](const SitesForTest& sites) { return std::make_unique<ByHub>(sites); });
}

TEST_CASE("conformance: hub, through SOCKS5") {
    ProxyForTest proxy(ProxyForTest::Kind::socks5);
    check_exchange([&](const SitesForTest& sites) {
        return std::make_unique<ByHub>(sites, by("socks5://" + proxy.endpoint().text()));
    });
}

TEST_CASE("a name whose first address is a dead IPv6 one holds up no exchange") {
    const DeadDoor dead;
    ProxyForTest socks(ProxyForTest::Kind::socks5), http(ProxyForTest::Kind::http);
    const Nanoseconds limit = std::chrono::seconds(2);
    for (const std::string& text :
         {std::string("plain"), "socks5://" + socks.endpoint().text(), "http://" + http.endpoint().text()}) {
        CAPTURE(text);
        ConnectorOptions options = by(text);
        options.resolver = dead_address_first(dead);
        CHECK(time_to_come_up([&](const SitesForTest&) { return std::make_unique<Direct>(options); }) <
              limit);
        CHECK(time_to_come_up([&](const SitesForTest& sites) {
                  return std::make_unique<ByHub>(sites, options);
              }) < limit);
    }
}

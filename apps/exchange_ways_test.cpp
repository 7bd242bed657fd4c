#include "apps/exchange_ways.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::apps {
namespace {

const os::SystemClock test_clock;

contract::RunSpec four_sites() {
    contract::RunSpec spec;
    spec.name = RunId::parse("mixed", "run").value();
    const char* kinds[] = {"direct", "hub", "object-store", "spool"};
    for (std::size_t i = 0; i < 4; ++i) {
        contract::SiteSpec& site = spec.sites.emplace_back();
        site.id = SiteId::parse(kinds[i], "site").value();
        site.exchange = kinds[i];
        site.via = "plain";
        site.family = "any";
        site.spool = std::filesystem::temp_directory_path().string();
    }
    spec.exchange.hub = "127.0.0.1:9";
    spec.exchange.store = std::filesystem::temp_directory_path().string();
    return spec;
}

sync::SessionConfig config_of(std::size_t self) {
    sync::SessionConfig config;
    config.self = self;
    config.tls.emplace();
    return config;
}

}  // namespace

TEST_CASE("of two sites the one that asks for more decides, for both the same") {
    const contract::RunSpec spec = four_sites();
    for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t b = 0; b < 4; ++b) {
            CHECK(exchange_of(spec, a, b) == spec.sites[std::max(a, b)].exchange);
        }
    }
}

TEST_CASE("each peer gets its way, and files get more time") {
    const contract::RunSpec spec = four_sites();
    sync::SessionConfig config = config_of(0);
    REQUIRE(choose_ways(spec, test_clock, config));
    REQUIRE(config.ways.size() == 4);
    CHECK(config.ways[0] == nullptr);
    CHECK(config.ways[1]->text().find("hub at 127.0.0.1:9") != std::string::npos);
    CHECK(config.ways[2] != nullptr);
    CHECK(config.ways[3]->text().find("spool") != std::string::npos);
    CHECK(config.handshake_limit == std::chrono::minutes(10));
    CHECK_FALSE(config.connector.has_value());
}

TEST_CASE("several connections: both sites of a direct pair give the way, and share the rate") {
    contract::RunSpec spec = four_sites();
    spec.sites.resize(2);
    spec.sites[1].exchange = "direct";
    spec.exchange.streams = 8;
    for (std::size_t self = 0; self < 2; ++self) {
        sync::SessionConfig config = config_of(self);
        for (const contract::SiteSpec& site : spec.sites)
            config.sites.push_back({site.id, {"127.0.0.1", 4242}});
        REQUIRE(choose_ways(spec, test_clock, config));
        CHECK(config.ways[self] == nullptr);
        REQUIRE(config.ways[1 - self] != nullptr);
        CHECK(config.ways[1 - self]->text() ==
              (self == 1 ? "127.0.0.1:4242, 8 connections" : "connections from hub"));
    }
}

TEST_CASE("direct sites keep the defaults; a connector is for who asks for one") {
    contract::RunSpec spec = four_sites();
    spec.sites.resize(1);
    spec.sites.push_back(spec.sites[0]);
    sync::SessionConfig config = config_of(1);
    REQUIRE(choose_ways(spec, test_clock, config));
    CHECK(config.ways[0] == nullptr);
    CHECK(config.handshake_limit == std::chrono::seconds(20));
    CHECK_FALSE(config.connector.has_value());
    spec.sites[1].via = "socks5://127.0.0.1:1080";
    spec.sites[1].family = "ipv4";
    spec.sites[1].rate_mbit = 800;
    config = config_of(1);
    REQUIRE(choose_ways(spec, test_clock, config));
    REQUIRE(config.connector.has_value());
    CHECK(config.connector->family == os::Family::ipv4);
    CHECK(config.connector->socket.pacing_bytes_per_s == 100'000'000);
}

TEST_CASE("what cannot be is named with its site") {
    contract::RunSpec spec = four_sites();
    spec.sites[0].via = "pigeon://x";
    sync::SessionConfig config = config_of(0);
    CHECK(choose_ways(spec, test_clock, config).error().message.starts_with("site direct: via"));
    spec = four_sites();
    spec.exchange.hub = "nowhere";
    config = config_of(1);
    CHECK_FALSE(choose_ways(spec, test_clock, config).has_value());
    spec = four_sites();
    config = config_of(1);
    config.tls.reset();
    CHECK(choose_ways(spec, test_clock, config).error().message.find("a hub needs keys") !=
          std::string::npos);
}

}  // namespace euromesh::apps

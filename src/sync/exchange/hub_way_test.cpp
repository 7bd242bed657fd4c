#include "sync/exchange/hub_way.hpp"

#include "sync/exchange/hub_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// All sites by one hub.
void start_by(SitesForTest& sites, const HubForTest& hub, Rank self,
              const SitesForTest::Change& change = {}) {
    sites.start(self, [&](MeshConfig& config) {
        config.ways.resize(sites.names.size());
        for (Rank peer = 0; peer < sites.names.size(); ++peer) {
            if (peer != self) config.ways[peer] = hub.way(sites, self, peer);
        }
        if (change) change(config);
    });
}

}  // namespace

TEST_CASE("three sites that only dial out come up by a hub") {
    SitesForTest sites(3);
    HubForTest hub(hub_config(sites));
    for (Rank rank = 0; rank < 3; ++rank) start_by(sites, hub, rank);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    CHECK(hub.status()["pairs"].size() == 3);
    CHECK(sites.meshes[0]->port() == 0);
    CHECK(hub.way(sites, 0, 1)->text() == "hub at " + hub.endpoint().text());
}

TEST_CASE("a hub that dies and comes back is found again") {
    SitesForTest sites(3);
    HubForTest hub(hub_config(sites));
    for (Rank rank = 0; rank < 3; ++rank) start_by(sites, hub, rank);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    hub.stop();
    REQUIRE(sites.until([&] { return sites.count<PeerDown>(0) + sites.count<PeerDown>(1) == 4; }));
    hub.start();
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    CHECK(sites.count<PeerRefused>(0) == 0);
}

TEST_CASE("a site that the hub refuses says why, and goes on with its other ways") {
    SitesForTest sites(2);
    HubConfig config;
    const auto other = os::make_authority({"other", "run-1"}, SitesForTest::validity()).value();
    config.authorities = {other.certificate};
    HubForTest hub(config);
    start_by(sites, hub, 0);
    REQUIRE(sites.until([&] { return !sites.refusal(0).empty(); }));
    CHECK(has(sites.refusal(0), "site site1: hub at " + hub.endpoint().text()));
    CHECK(has(sites.refusal(0), "it refuses this site: the certificate is not signed"));
}

TEST_CASE("what answers and is no hub is told, what does not answer is tried again") {
    SitesForTest sites(2);
    HubForTest hub(hub_config(sites));
    SitesForTest strangers(1);
    strangers.start(0);
    os::Socket speaks = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    HubWayConfig wrong{{"127.0.0.1", speaks.local_port()},
                       {RunId::parse("run-1", "run").value(), sites.names[0], sites.names[1]},
                       sites.credentials("site0", "run-1", sites.authority),
                       {}};
    os::Thread other([&] {
        os::WaitItem item{&speaks, true, false, false, false};
        os::wait_ready({&item, 1}, std::chrono::seconds(10));
        os::Socket guest = std::move(*speaks.accept({}).value());
        Dialogue dialogue(guest, test_clock, std::chrono::seconds(10), {}, "guest");
        CHECK(dialogue.send_message("220 mail.example ESMTP"));
    });
    const auto mail = HubWay(wrong, test_clock).connect({});
    CHECK(mail.error().code == Code::corrupted);
    CHECK(has(mail.error().message, "it is no hub"));
    other = os::Thread();
    speaks = os::Socket();
    CHECK(HubWay(wrong, test_clock).connect({}).error().code == Code::unavailable);
}

TEST_CASE("waiting for a peer ends with a stop, and the hub hears of it") {
    SitesForTest sites(2);
    HubForTest hub(hub_config(sites));
    const auto way = hub.way(sites, 0, 1);
    os::Thread caller(
        [&](const std::stop_token& stop) { CHECK(way->connect(stop).error().code == Code::cancelled); });
    const Nanoseconds end = test_clock.monotonic() + std::chrono::seconds(10);
    while (hub.status()["waiting"].empty()) REQUIRE(test_clock.monotonic() < end);
    const Nanoseconds begin = test_clock.monotonic();
    caller = os::Thread();
    CHECK(test_clock.monotonic() - begin < std::chrono::seconds(1));
    while (hub.status()["connections"] != 0) REQUIRE(test_clock.monotonic() < end);
}

#include "sync/exchange/sites_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// Starts two sites of which the second differs, and waits until both have said why they do not fit.
void check_refused(SitesForTest& sites, const SitesForTest::Change& change, std::string_view first_says,
                   std::string_view second_says) {
    sites.start(0);
    sites.start(1, change);
    REQUIRE(sites.until([&] { return !sites.refusal(0).empty() && !sites.refusal(1).empty(); }));
    CHECK(has(sites.refusal(0), first_says));
    CHECK(has(sites.refusal(1), second_says));
    CHECK(has(sites.refusal(1), "site0"));
    CHECK(sites.refusal(0).find('\n') == std::string::npos);
    CHECK(sites.count<PeerUp>(0) + sites.count<PeerUp>(1) == 0);
}

}  // namespace

TEST_CASE("every two sites of a run find each other, and hand over what the session says") {
    for (bool tls : {false, true}) {
        SitesForTest sites(4, tls);
        sites.start_all();
        REQUIRE(sites.until([&] { return sites.all_up(); }));
        for (Rank rank = 0; rank < 4; ++rank) {
            CHECK(sites.count<PeerUp>(rank) == 3);
            CHECK(sites.count<PeerRefused>(rank) == 0);
        }
        CHECK(sites.last<PeerUp>(0)->hello["from"] == sites.last<PeerUp>(0)->peer);
    }
}

TEST_CASE("a site that is started before the one that it dials waits for it") {
    SitesForTest sites(2);
    sites.start(0);
    const std::uint16_t port = sites.meshes[0]->port();
    sites.meshes[0].reset();
    sites.start(1);
    for (int i = 0; i < 50; ++i) sites.turn();
    CHECK(sites.events[1].empty());
    sites.start(0, [&](MeshConfig& config) { config.listen = os::Endpoint{"127.0.0.1", port}; });
    CHECK(sites.until([&] { return sites.all_up(); }));
}

TEST_CASE("a site that dies is down at once for its peers; started again it comes back") {
    SitesForTest sites(3);
    sites.start_all();
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    const auto before = sites.meshes[0]->traffic(1);
    CHECK(before.sent_bytes > 0);
    const Nanoseconds killed = test_clock.monotonic();
    sites.meshes[1].reset();
    REQUIRE(sites.until([&] { return sites.count<PeerDown>(0) == 1 && sites.count<PeerDown>(2) == 1; }));
    CHECK(test_clock.monotonic() - killed < std::chrono::seconds(1));
    CHECK(sites.last<PeerDown>(0)->peer == 1);
    CHECK(sites.last<PeerDown>(0)->reason.code == Code::unavailable);
    CHECK(has(sites.last<PeerDown>(0)->reason.message, "site site1: connection closed"));
    CHECK(!sites.meshes[0]->is_up(1));
    CHECK(sites.meshes[0]->is_up(2));
    const std::uint16_t port = sites.endpoints[1].port;
    sites.start(1, [&](MeshConfig& config) { config.listen = os::Endpoint{"127.0.0.1", port}; });
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    CHECK(sites.count<PeerUp>(0) == 3);
    CHECK(sites.meshes[0]->traffic(1).sent_bytes > before.sent_bytes);
}

TEST_CASE("another model shape, run, list of sites: both sides say so in one line") {
    for (bool tls : {false, true}) {
        SitesForTest layout(2, tls);
        check_refused(
            layout, [](MeshConfig& config) { config.layout = "bbbb"; },
            "site site1 has another model shape: layout bbbb at site1, aaaa at site0",
            "site site0 has another model shape: layout aaaa at site0, bbbb at site1");
    }
    SitesForTest run(2, false);
    check_refused(
        run, [](MeshConfig& config) { config.run = RunId::parse("run-2", "run").value(); },
        "run 'run-2', expected 'run-1'", "run 'run-1', expected 'run-2'");
    SitesForTest list(2);
    check_refused(
        list,
        [&](MeshConfig& config) {
            config.sites.push_back({SiteId::parse("x", "site").value(), {}});
        },
        "another list of sites", "another list of sites");
}

TEST_CASE("a site that the other's run file does not name is refused, and learns it") {
    SitesForTest sites(2, false);
    check_refused(
        sites, [&](MeshConfig& config) { config.sites[1].site = SiteId::parse("stranger", "site").value(); },
        "site stranger is unknown", "another list of sites");
}

TEST_CASE(
    "certificates of another authority, of another run, for another site, and expired ones are refused") {
    const os::Issued other = os::make_authority({"authority", "run-1"}, SitesForTest::validity()).value();
    SUBCASE("another authority") {
        SitesForTest sites(2);
        check_refused(
            sites, [&](MeshConfig& config) { config.tls = sites.credentials("site1", "run-1", other); },
            "our certificate is not signed", "not signed by this run's authority");
    }
    SUBCASE("another authority, with our authority's file") {
        SitesForTest sites(2);
        check_refused(
            sites,
            [&](MeshConfig& config) {
                config.tls = sites.credentials("site1", "run-1", other);
                config.tls->authority = sites.authority.certificate;
            },
            "not signed by this run's authority", "our certificate is not signed");
    }
    SUBCASE("expired") {
        SitesForTest sites(2);
        const auto dates = SitesForTest::validity(std::chrono::hours(2), std::chrono::hours(-1));
        check_refused(
            sites,
            [&](MeshConfig& config) {
                config.tls = sites.credentials("site1", "run-1", sites.authority, dates);
            },
            "its certificate has expired", "our certificate has expired");
    }
    SUBCASE("another run by the same authority") {
        SitesForTest sites(2);
        check_refused(
            sites,
            [&](MeshConfig& config) { config.tls = sites.credentials("site1", "run-2", sites.authority); },
            "its certificate is for run 'run-2', expected 'run-1'", "refuses this site");
    }
    SUBCASE("another site's certificate") {
        SitesForTest sites(3);
        check_refused(
            sites,
            [&](MeshConfig& config) { config.tls = sites.credentials("site2", "run-1", sites.authority); },
            "its certificate is for site 'site2'", "refuses this site");
    }
}

TEST_CASE("the same site started twice: the second is refused, the first goes on") {
    SitesForTest sites(2);
    sites.start_all();
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    auto second = Mesh::open(sites.config(1), test_clock);
    if (!second) {
        MeshConfig elsewhere = sites.config(1);
        elsewhere.listen = os::Endpoint{"127.0.0.1", 0};
        second = Mesh::open(std::move(elsewhere), test_clock);
    }
    REQUIRE(second);
    std::string told;
    REQUIRE(sites.until([&] {
        for (const MeshEvent& event : (*second)->poll(std::chrono::microseconds(50))) {
            if (const auto* refused = std::get_if<PeerRefused>(&event)) told = refused->reason.message;
        }
        return !told.empty();
    }));
    CHECK(has(told, "site1 is connected already"));
    CHECK(has(sites.refusal(0), "site1 is connected already"));
    CHECK(sites.all_up());
    CHECK(sites.count<PeerDown>(0) + sites.count<PeerDown>(1) == 0);
}

TEST_CASE("a peer that is silent for longer than the limit is down; heartbeats prevent that") {
    SitesForTest sites(2, false);
    const auto pulse = [](MeshConfig& config) {
        config.heartbeat = std::chrono::milliseconds(20);
        config.silence_limit = std::chrono::milliseconds(150);
    };
    sites.start(0, pulse);
    sites.start(1, pulse);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    const Nanoseconds begin = test_clock.monotonic();
    REQUIRE(sites.until([&] { return test_clock.monotonic() - begin > std::chrono::milliseconds(400); }));
    CHECK(sites.all_up());
    const std::unique_ptr<Mesh> hung = std::move(sites.meshes[1]);
    REQUIRE(sites.until([&] { return sites.count<PeerDown>(0) == 1; }));
    CHECK(has(sites.last<PeerDown>(0)->reason.message, "site site1: silent for"));
}

TEST_CASE("strangers that say nothing, or garbage, cost nothing but their own connection") {
    for (bool tls : {false, true}) {
        SitesForTest sites(2, tls);
        sites.start(0, [](MeshConfig& config) { config.handshake_limit = std::chrono::milliseconds(100); });
        const os::Endpoint door{"127.0.0.1", sites.meshes[0]->port()};
        std::vector<os::Socket> silent;
        for (int i = 0; i < 100; ++i) silent.push_back(os::Socket::connect(door, {}).value());
        os::Socket loud = os::Socket::connect(door, {}).value();
        std::string garbage(5000, '\x17');
        for (int i = 0; i < 20; ++i) sites.turn();
        const iovec piece{garbage.data(), garbage.size()};
        REQUIRE(loud.send({&piece, 1}));
        sites.start(1);
        REQUIRE(sites.until([&] { return sites.all_up(); }));
        CHECK(sites.meshes[0]->total_traffic().received_bytes >= sites.meshes[0]->traffic(1).received_bytes);
    }
}

TEST_CASE("what cannot be opened is told at once") {
    SitesForTest sites(2);
    MeshConfig config = sites.config(0);
    config.self = 2;
    CHECK(Mesh::open(config, test_clock).error().code == Code::bad_input);
    sites.start(0);
    config = sites.config(0);
    const auto taken = Mesh::open(config, test_clock);
    REQUIRE(!taken);
    CHECK(taken.error().code == Code::conflict);
    config.tls->key = "x";
    CHECK(Mesh::open(config, test_clock).error().code == Code::bad_input);
}

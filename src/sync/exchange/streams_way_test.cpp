#include "sync/exchange/streams_way.hpp"

#include "sync/exchange/streams_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// Two sites whose connections all go through a forwarder.
struct CutSites {
    explicit CutSites(std::size_t streams, const std::function<void(StreamsConfig&)>& change = {})
        : sites(2, [&](const SitesForTest&) {
              auto made = std::make_unique<ByStreams>(streams, &forwarder);
              if (change) change(made->usual);
              exchange = made.get();
              return made;
          }) {
        sites.begin_all();
    }
    bool all_there(std::size_t streams) {
        return sites.in_time([&] { return forwarder.carried() == static_cast<long>(streams); });
    }

    ForwarderForTest forwarder;
    ByStreams* exchange = nullptr;
    ExchangeSites sites;
};

std::vector<std::vector<float>> reduced_while(SitesForTest& sites, std::uint32_t round, std::size_t size,
                                              const std::function<void()>& meanwhile) {
    std::vector<ReduceMember> members;
    std::vector<std::vector<float>> mine, result;
    std::vector<std::unique_ptr<AllReduce>> reduces;
    for (Rank rank = 0; rank < 2; ++rank) {
        members.push_back({rank, 0.25f + 0.5f * static_cast<float>(rank)});
        Random random(rank + 1);
        mine.emplace_back(size);
        for (float& value : mine.back()) value = static_cast<float>(random.normal());
        result.emplace_back(size, -1.0f);
        reduces.push_back(std::make_unique<AllReduce>(*sites.meshes[rank], **find_codec("fp32")));
    }
    for (Rank rank = 0; rank < 2; ++rank)
        REQUIRE(reduces[rank]->start({round, 1, 0}, members, mine[rank], result[rank]));
    REQUIRE(sites.until([&] {
        meanwhile();
        return reduces[0]->done() && reduces[1]->done();
    }));
    for (const auto& reduce : reduces) CHECK(reduce->outcome());
    return result;
}

void send_to_port(std::uint16_t port, std::span<const std::byte> bytes, std::vector<os::Socket>& kept) {
    auto made = os::Socket::connect({"127.0.0.1", port}, {}).value();
    os::WaitItem item{&made, false, true};
    os::wait_ready({&item, 1}, std::chrono::seconds(5));
    const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    REQUIRE(made.send({&piece, 1}).value_or(0) == bytes.size());
    kept.push_back(std::move(made));
}

}  // namespace

TEST_CASE("connections are cut at random moments: the reduction has the same bits, and nobody was down") {
    for (const std::size_t streams : {std::size_t{1}, std::size_t{4}}) {
        constexpr std::size_t size = 1'000'003;
        SitesForTest plain(2, false);
        plain.start_all();
        REQUIRE(plain.until([&] { return plain.all_up(); }));
        const auto expected = reduced_while(plain, 1, size, [] {});
        CutSites cut(streams, [](StreamsConfig& config) {
            config.backoff_least = std::chrono::milliseconds(1);
            config.backoff_most = std::chrono::milliseconds(20);
        });
        REQUIRE(cut.all_there(streams));
        Random moments(streams);
        for (std::uint32_t round = 1; round <= 100 && cut.forwarder.done() < 10; ++round) {
            const auto result = reduced_while(cut.sites, round, size, [&] {
                if (moments.below(10) == 0 && cut.forwarder.carried() > 0)
                    cut.forwarder.cut(1 + moments.below(streams));
            });
            for (const auto& one : result)
                CHECK(std::memcmp(one.data(), expected[0].data(), size * sizeof(float)) == 0);
        }
        CHECK(cut.forwarder.done() >= 10);
        CHECK(cut.exchange->last[1]->counts().lost >= 5);
        CHECK(cut.exchange->last[0]->counts().segments_resent +
                  cut.exchange->last[1]->counts().segments_resent >
              0);
        for (Rank rank = 0; rank < 2; ++rank) {
            CHECK(cut.sites.count<PeerDown>(rank) == 0);
            CHECK(cut.sites.count<PeerUp>(rank) == 1);
        }
    }
}

TEST_CASE("a cut that is shorter than the limit is only a pause; messages of meanwhile arrive") {
    CutSites cut(2);
    REQUIRE(cut.all_there(2));
    cut.forwarder.close();
    REQUIRE(cut.sites.in_time([&] { return cut.exchange->last[1]->counts().lost == 2; }));
    for (Rank from = 0; from < 2; ++from)
        REQUIRE(cut.sites.meshes[from]->send(1 - from, 7, test_bytes("meanwhile")));
    for (int i = 0; i < 100; ++i) cut.sites.turn();
    CHECK(cut.sites.count<PeerMessage>(0) + cut.sites.count<PeerMessage>(1) == 0);
    cut.forwarder.open();
    REQUIRE(cut.sites.in_time(
        [&] { return cut.sites.count<PeerMessage>(0) == 1 && cut.sites.count<PeerMessage>(1) == 1; }));
    CHECK(cut.sites.count<PeerDown>(0) + cut.sites.count<PeerDown>(1) == 0);
}

TEST_CASE("a cut that is longer than the limit ends the stream at both, and the mesh makes a new one") {
    CutSites cut(2, [](StreamsConfig& config) { config.resume_limit = std::chrono::milliseconds(100); });
    REQUIRE(cut.all_there(2));
    cut.forwarder.close();
    REQUIRE(cut.sites.in_time(
        [&] { return cut.sites.count<PeerDown>(0) == 1 && cut.sites.count<PeerDown>(1) == 1; }));
    CHECK(has(cut.sites.last<PeerDown>(0)->reason.message, "site1"));
    cut.forwarder.open();
    REQUIRE(cut.sites.in_time([&] { return cut.sites.all_up(); }));
    REQUIRE(cut.sites.meshes[0]->send(1, 5, test_bytes("again")));
    REQUIRE(cut.sites.in_time([&] { return cut.sites.count<PeerMessage>(1) == 1; }));
}

TEST_CASE("a site that was killed while it was cut off comes back at once, with proof") {
    CutSites cut(2);
    REQUIRE(cut.all_there(2));
    cut.forwarder.close();
    REQUIRE(cut.sites.in_time([&] { return cut.exchange->last[1]->counts().lost == 2; }));
    cut.exchange->last.clear();
    SUBCASE("the one that dials: the old session of the other ends") {
        cut.sites.meshes[1].reset();
        cut.forwarder.open();
        cut.sites.begin(1);
    }
    SUBCASE("the one that is dialled: it knows nothing of the old session, and says so") {
        cut.sites.meshes[0].reset();
        cut.sites.begin(0);
        cut.forwarder.open();
    }
    const Nanoseconds begun = test_clock.monotonic();
    REQUIRE(cut.sites.in_time(
        [&] { return cut.sites.count<PeerUp>(0) + cut.sites.count<PeerUp>(1) == 4 && cut.sites.all_up(); }));
    CHECK(cut.sites.count<PeerDown>(0) + cut.sites.count<PeerDown>(1) == 1);
    CHECK(test_clock.monotonic() - begun < std::chrono::seconds(20));
}

TEST_CASE("strangers who know the names of a pair end and block nothing, neither before nor while it runs") {
    ExchangeSites sites(2, [](const SitesForTest&) { return std::make_unique<ByStreams>(2); });
    sites.begin(0);
    const std::uint16_t port = sites.meshes[0]->port();
    std::vector<os::Socket> kept;
    const auto crowd = [&] {
        const Sha256Digest pair = streams_pair("run-1", "site1", "site0");
        for (std::uint64_t i = 1; i <= 40; ++i) {
            send_to_port(port, encode(StreamsPreamble{pair, {i, 0}, 0}), kept);
            send_to_port(port, encode(StreamsPreamble{pair, {i, i}, 1}), kept);
            send_to_port(port, encode(StreamsPreamble{{}, {i, 0}, 0}), kept);
            send_to_port(port, std::as_bytes(std::span("T half", 1 + i % 5)), kept);
            send_to_port(port, std::as_bytes(std::span("\x16\x03 no hello", 9)), kept);
            sites.turn();
        }
    };
    crowd();
    sites.begin(1);
    REQUIRE(sites.in_time([&] { return sites.all_up(); }));
    crowd();
    REQUIRE(sites.meshes[1]->send(0, 5, test_bytes("still here")));
    REQUIRE(sites.in_time([&] { return sites.count<PeerMessage>(0) == 1; }));
    CHECK(sites.count<PeerDown>(0) + sites.count<PeerDown>(1) == 0);
    CHECK(sites.meshes[0]->is_up(1));
    CHECK(static_cast<ByStreams&>(*sites.exchange).last[1]->counts().lost == 0);
}

TEST_CASE("nobody at the endpoint, or somebody who knows nothing of this, is an error of the way") {
    StreamsConfig config;
    config.run = "run";
    config.self = "b";
    config.peer = "a";
    const os::Socket deaf = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    const os::Endpoint endpoint{"127.0.0.1", deaf.local_port()};
    ConnectorOptions options;
    options.limit = std::chrono::milliseconds(20);
    StreamsWay silent(config, test_clock, endpoint, options);
    const auto outcome = silent.connect({});
    REQUIRE(!outcome);
    CHECK(outcome.error().code == Code::unavailable);
    CHECK(has(outcome.error().message, "no answer in time"));
    options.socket.interface = "no-such-if0";
    StreamsWay nowhere(config, test_clock, endpoint, options);
    CHECK(nowhere.connect({}).error().code == Code::not_found);
    CHECK(has(nowhere.text(), "4 connections"));
}

#include "sim/network.hpp"

#include <doctest/doctest.h>

#include <string>

namespace euromesh::sim {
namespace {

struct World : NetworkUser {
    explicit World(std::size_t sites, LineModel line = {})
        : network(queue, std::vector<LineModel>(sites, line), NetworkModel{.jitter_s = 0.001}, 1, *this) {
        for (Rank site = 0; site < sites; ++site) network.site_began(site);
        run(2);
    }
    bool is_running(Rank) const override { return true; }
    void peer_up(Rank at, Rank peer) override { seen += fmt::format("{}+{} ", at, peer); }
    void peer_down(Rank at, Rank peer) override { seen += fmt::format("{}-{} ", at, peer); }
    void run(double until) {
        while (queue.step(from_seconds(until))) {
        }
    }
    void send(Rank from, Rank to, std::string what) {
        network.send(from, to, 100, Nanoseconds{0}, [this, what] { seen += what + " "; });
    }

    EventQueue queue;
    std::string seen;
    SimNetwork network;
};

}  // namespace

TEST_CASE("messages of one connection arrive in order, and count as traffic") {
    World world(2);
    world.seen.clear();
    for (const char* one : {"a", "b", "c", "d", "e", "f"}) world.send(0, 1, one);
    world.run(3);
    CHECK(world.seen == "a b c d e f ");
    CHECK(world.network.traffic(0).sent_bytes == 600);
    CHECK(world.network.traffic(1).received_bytes == 600);
}

TEST_CASE("a reset loses what is sent into it, both ends learn it, and it comes up again") {
    World world(2);
    world.seen.clear();
    world.network.reset(0, 1);
    world.send(0, 1, "lost");
    world.run(10);
    CHECK(world.seen.find("lost") == std::string::npos);
    for (const char* what : {"0-1", "1-0", "0+1", "1+0"}) CHECK(world.seen.find(what) != std::string::npos);
    CHECK(world.network.all_up());
}

TEST_CASE("a short outage holds messages back, one beyond the silence limit ends the connection") {
    World world(2);
    world.seen.clear();
    world.network.outage(0, 1, from_seconds(5));
    world.send(0, 1, "held");
    world.run(4);
    CHECK(world.seen.empty());
    world.run(9);
    CHECK(world.seen == "held ");
    world.network.outage(0, 1, from_seconds(20));
    world.run(20);
    CHECK(world.seen.find("0-1") != std::string::npos);
    CHECK(!world.network.all_up());
    world.run(40);
    CHECK(world.network.all_up());
}

TEST_CASE("an altered frame is not delivered and ends its connection") {
    World world(2);
    world.seen.clear();
    world.network.spoil(0, 1);
    world.send(0, 1, "bad");
    world.run(10);
    CHECK(world.seen.find("bad") == std::string::npos);
    CHECK(world.seen.find("1-0") != std::string::npos);
}

TEST_CASE("a hub that restarts takes the links of its sites down and no others") {
    EventQueue queue;
    std::vector<LineModel> lines(3);
    lines[2].by_hub = true;
    World user(1);
    SimNetwork network(queue, lines, {}, 1, user);
    for (Rank site = 0; site < 3; ++site) network.site_began(site);
    while (queue.step(from_seconds(2))) {
    }
    REQUIRE(network.all_up());
    network.restart_hub(from_seconds(3));
    CHECK(network.carries(0, 1));
    CHECK(!network.carries(0, 2));
    CHECK(!network.carries(1, 2));
    while (queue.step(from_seconds(7))) {
    }
    CHECK(network.all_up());
}

TEST_CASE("a reduction takes the time of its bytes on the slowest line, and two hops") {
    World world(4, {.bits_per_second = 8e9, .latency_s = 0.01});
    // 2 * 3/4 * 1e9 bytes over 1e9 bytes/s, and twice 20 ms.
    CHECK(world.network.reduce_seconds({0, 1, 2, 3}, 1e9) == doctest::Approx(1.54));
    CHECK(world.network.reduce_seconds({0, 1}, 1e9) == doctest::Approx(1.04));
    CHECK(world.network.reduce_seconds({0}, 1e9) == 0);
    world.network.slow(2, 10, from_seconds(1));
    CHECK(world.network.reduce_seconds({0, 1, 2, 3}, 1e9) > 15);
}

}  // namespace euromesh::sim

#include "planner/wan.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("a codec's bytes for a parameter, scales included") {
    CHECK(payload_of("fp32").value() == 4);
    CHECK(payload_of("bf16").value() == 2);
    CHECK(payload_of("int8").value() == doctest::Approx(1.015625));
    CHECK(payload_of("e3m0").value() == doctest::Approx(0.515625));
    // 116 bytes for 4,096 values; without the levels that is the 146 times of SparseLoCo, arXiv 2603.08163.
    CHECK(payload_of("topk").value() == doctest::Approx(116.0 / 4096));
    const auto unknown = payload_of("int7");
    REQUIRE(!unknown);
    CHECK(unknown.error().message == "no codec 'int7'; there are fp32, bf16, fp16, int8, int4, e3m0, topk");
}

TEST_CASE("a topology and its name") {
    for (const Topology topology : {Topology::ring, Topology::hub, Topology::all_to_all})
        CHECK(topology_of(name_of(topology)).value() == topology);
    CHECK(topology_of("star").error().message == "no topology 'star'; there are ring, hub, all-to-all");
}

TEST_CASE("bytes and seconds of one exchange among four sites") {
    constexpr double payload = 12e9, line = 1e9, round_trip = 0.03;
    CHECK(bytes_on_busiest_line(Topology::ring, payload, 4) == doctest::Approx(18e9));
    CHECK(bytes_on_busiest_line(Topology::hub, payload, 4) == doctest::Approx(48e9));
    CHECK(bytes_on_busiest_line(Topology::all_to_all, payload, 4) == doctest::Approx(36e9));
    CHECK(exchange_seconds(Topology::ring, payload, 4, line, round_trip) == doctest::Approx(18.09));
    CHECK(exchange_seconds(Topology::hub, payload, 4, line, round_trip) == doctest::Approx(96.03));
    CHECK(exchange_seconds(Topology::all_to_all, payload, 4, line, round_trip) == doctest::Approx(36.03));
}

TEST_CASE("two sites: ring and direct pairs move the same") {
    CHECK(bytes_on_busiest_line(Topology::ring, 5, 2) == bytes_on_busiest_line(Topology::all_to_all, 5, 2));
}

TEST_CASE("one site exchanges nothing") {
    for (const Topology topology : {Topology::ring, Topology::hub, Topology::all_to_all}) {
        CHECK(bytes_on_busiest_line(topology, 1e12, 1) == 0);
        CHECK(exchange_seconds(topology, 1e12, 1, 1e6, 1) == 0);
    }
}

TEST_CASE("an exchange takes longer with more sites, more bytes, more latency and a thinner line") {
    Random random(20);
    for (int i = 0; i < 2000; ++i) {
        const auto topology = static_cast<Topology>(random.below(3));
        const double payload = 1e6 * (1 + 1e6 * random.uniform());
        const double sites = 2 + 60 * random.uniform(), line = 1e6 + 1e10 * random.uniform();
        const double trip = 0.2 * random.uniform();
        const double once = exchange_seconds(topology, payload, sites, line, trip);
        CHECK(once > 0);
        CHECK(exchange_seconds(topology, payload, sites + 1, line, trip) >= once);
        CHECK(exchange_seconds(topology, payload * 1.1, sites, line, trip) > once);
        CHECK(exchange_seconds(topology, payload, sites, line, trip + 0.01) > once);
        CHECK(exchange_seconds(topology, payload, sites, line * 1.1, trip) < once);
    }
}

#include "sim/scenario.hpp"

#include <doctest/doctest.h>

#include <set>

namespace euromesh::sim {

TEST_CASE("a seed draws within the ranges, the same each time, and sites of their own") {
    const auto scenario = read_scenario(
        "sites = [2, 5]\n[run]\nquorum = [1, 9]\ncodec = ['int8', 'fp32']\n[compute]\nstep_seconds = [0.1, "
        "10]\n",
        "s.toml");
    REQUIRE(scenario);
    std::set<std::size_t> sizes;
    std::set<std::string> codecs;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const Setup setup = draw(*scenario, seed);
        CHECK(check(setup));
        sizes.insert(setup.sites.size());
        codecs.insert(setup.run.codec);
        CHECK(setup.run.quorum <= setup.sites.size());
        CHECK(setup.sites[0].step_seconds != setup.sites[1].step_seconds);
        CHECK(setup.sites[0].step_seconds == draw(*scenario, seed).sites[0].step_seconds);
    }
    CHECK(sizes == std::set<std::size_t>{2, 3, 4, 5});
    CHECK(codecs == std::set<std::string>{"fp32", "int8"});
}

TEST_CASE("sites that are named are taken as they are") {
    const auto scenario = read_scenario(
        "[[site]]\nname = 'north'\nbandwidth_mbit = 100\nby_hub = true\n[[site]]\nname = 'south'\n",
        "s.toml");
    REQUIRE(scenario);
    const Setup setup = draw(*scenario, 1);
    REQUIRE(setup.sites.size() == 2);
    CHECK(setup.sites[0].name == "north");
    CHECK(setup.sites[0].line.bits_per_second == 100e6);
    CHECK(setup.sites[0].line.by_hub);
    CHECK(setup.sites[1].line.bits_per_second == 1000e6);
}

TEST_CASE("what is wrong in a file is one line that names it") {
    const auto message = [](const char* text) {
        const auto scenario = read_scenario(text, "s.toml");
        return scenario ? std::string() : scenario.error().message;
    };
    CHECK(message("[faults]\nkill = 1\n").find("s.toml:2") == 0);
    CHECK(message("[run]\nrounds = [9, 5]\n").find("[low, high]") != std::string::npos);
    CHECK(message("[run]\nquorum = 1.5\n").find("whole") != std::string::npos);
    CHECK(message("[run]\ncodec = ['int9']\n").find("int9") != std::string::npos);
    CHECK(message("[[site]]\nname = 'North Pole'\n").find("name") != std::string::npos);
    CHECK(!message("sites = 65\n").empty());
}

}  // namespace euromesh::sim

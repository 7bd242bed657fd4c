#include "sync/conductor.hpp"

#include <doctest/doctest.h>

#include "sync/conductors_for_test.hpp"

namespace euromesh::sync {
namespace {

// What must hold however a run went, checked from the outside only.
void check_end(const ConductorNetwork& network, const NetworkOptions& options) {
    const auto& first = network.sites().front();
    std::map<std::uint64_t, std::string> line_of_round;
    for (const auto& site : network.sites()) {
        CHECK(site.state.digest() == first.state.digest());
        CHECK(site.conductor->position() == first.conductor->position());
        CHECK(site.conductor->position().round == options.rounds);
        std::set<std::string> once(site.state.counted.begin(), site.state.counted.end());
        CHECK(once.size() == site.state.counted.size());  // no contribution counted twice
        std::string text;
        for (const std::string& line : site.lines) {
            text += line + "\n";
            const std::uint64_t round = decode_manifest(line).value().round;
            const auto [known, is_new] = line_of_round.emplace(round, line);
            CHECK((is_new || known->second == line));
        }
        if (text.empty()) continue;  // joined at the very end
        const auto checked = check_manifests(text, site.state.digest());
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
    }
}

// The state holds exactly what the manifests of the site that was there all the time say.
void check_counted(const ConductorNetwork& network, const NetworkOptions& options) {
    for (const auto& site : network.sites()) {
        if (site.lines.size() != options.rounds) continue;
        std::size_t contributors = 0;
        for (const std::string& line : site.lines) {
            contributors += decode_manifest(line).value().contributors.size();
        }
        CHECK(contributors == site.state.counted.size());
    }
}

void run_seeds(NetworkOptions options, std::uint64_t seeds, double limit) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        options.seed = seed;
        ConductorNetwork network(options);
        CAPTURE(seed);
        const bool ended = network.run(limit);
        std::string notes;
        if (!ended) {
            for (const auto& note : network.notes()) notes += note + "\n";
        }
        REQUIRE_MESSAGE(ended, "seed ", seed, " hangs\n", notes, network.picture());
        check_end(network, options);
        check_counted(network, options);
    }
}

}  // namespace

TEST_CASE("one site alone commits every round by itself") {
    NetworkOptions options;
    options.sites = 1;
    run_seeds(options, 5, 20);
}

TEST_CASE("without faults every site contributes to every round") {
    NetworkOptions options;
    options.sites = 4;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        options.seed = seed;
        ConductorNetwork network(options);
        REQUIRE(network.run(20));
        check_end(network, options);
        for (std::uint64_t round = 0; round < options.rounds; ++round) {
            const auto lines = network.lines_of_round(round);
            REQUIRE(lines.size() == 1);
            const Manifest manifest = decode_manifest(*lines.begin()).value();
            CHECK(manifest.contributors.size() == 4);
            CHECK(manifest.attempt <= (round == 0 ? 3 : 1));  // links may still come up in the first
        }
    }
}

TEST_CASE("sites that are killed and come back at any moment") {
    NetworkOptions options;
    options.kills = 4;
    run_seeds(options, 200, 60);
    options.sites = 5;
    options.kills = 8;
    run_seeds(options, 200, 60);
}

TEST_CASE("links that are cut for a moment, with a quorum") {
    NetworkOptions options;
    options.quorum = 2;
    options.cuts = 6;
    run_seeds(options, 150, 60);
}

TEST_CASE("kills and cuts together, with a quorum") {
    NetworkOptions options;
    options.sites = 4;
    options.quorum = 3;
    options.kills = 4;
    options.cuts = 4;
    run_seeds(options, 150, 60);
}

TEST_CASE("cuts without a quorum may split a run, which then becomes one again") {
    NetworkOptions options;
    options.cuts = 8;
    options.kills = 2;
    run_seeds(options, 150, 60);
}

TEST_CASE("one link missing for long stops nobody: those who are all connected go on") {
    NetworkOptions options;
    options.rounds = 30;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        options.seed = seed;
        ConductorNetwork network(options);
        std::uint64_t before = 0, after = 0;
        network.after(0.4, [&] {
            network.cut(0, 1, 1.5);
            before = network.sites()[0].conductor->position().round;
        });
        network.after(1.7, [&] { after = network.sites()[0].conductor->position().round; });
        REQUIRE(network.run(60));
        CHECK(after >= before + 4);
        check_end(network, options);
    }
}

TEST_CASE("a site that computes another outer state takes that of the others") {
    NetworkOptions options;
    options.sites = 4;
    options.wrong_digest = 0.03;
    run_seeds(options, 80, 60);
}

}  // namespace euromesh::sync

#include "sim/checker.hpp"

#include <doctest/doctest.h>

#include "sim/simulation.hpp"

namespace euromesh::sim {
namespace {

// Tells a checker what a run of one site would, each part of which a test may falsify.
struct Told {
    Told() {
        setup.sites = {{.name = "alone", .line = {}}};
        setup.run.rounds = 1;
        setup.run.codec = "fp32";
    }

    void tell() {
        Checker checker(setup, queue);
        const LifeId who{0, 1};
        const std::size_t values = setup.run.values;
        const sync::OuterState begin = sync::OuterState::from(std::vector<float>(values, 1.0f));
        checker.life_began(who, {}, begin);
        const std::vector<float> gradient(values, 0.5f);
        Bytes bytes(values * 4);
        sync::find_codec("fp32").value()->encode(gradient, bytes);
        const std::string digest(64, 'a');
        const auto encoded = std::make_shared<const Bytes>(bytes);
        if (hands_in) checker.handed_in({who, 0, {100, 10, 0, 1.0}, digest, encoded});
        sync::OuterState end = begin;
        sync::outer_step(setup.run.outer, 0, gradient, end);
        if (wrong_sum) end.params[3] += 1;
        const auto line = manifest(begin, end, digest);
        if (adopts) checker.adopted(who, encode(line), std::make_shared<const sync::OuterState>(end));
        checker.manifest_file(0, encode(line) + (cut_file ? "" : "\n"));
        if (drops) checker.noted(who, {0, "dropped", "alone", ""});
        checker.life_ended(who, {}, leaves);
        findings = checker.finish();
    }

    sync::Manifest manifest(const sync::OuterState& begin, const sync::OuterState& end,
                            const std::string& digest) const {
        sync::Manifest made;
        made.run = RunId::parse("simulated", "run").value();
        made.codec = "fp32";
        made.outer = setup.run.outer;
        made.inner_steps = 10;
        made.contributors = {{SiteId::parse("alone", "site").value(), tokens, 10, 0, 1.0, 1.0, 640, digest}};
        made.state_before = state_digest(begin);
        made.state_after = state_digest(end);
        made.tokens_total = tokens;
        made.previous = sync::chain_origin();
        return made;
    }

    bool says(const std::string& part) {
        tell();
        for (const std::string& failure : findings.failures) {
            if (failure.find(part) != std::string::npos) return true;
        }
        return false;
    }

    Setup setup;
    EventQueue queue;
    bool hands_in = true, adopts = true, drops = false, leaves = true, wrong_sum = false, cut_file = false;
    std::uint64_t tokens = 100;
    Findings findings;
};

}  // namespace

TEST_CASE("what is right passes") {
    Told told;
    told.tell();
    for (const std::string& failure : told.findings.failures) FAIL_CHECK(failure);
    CHECK(told.findings.counted == 1);
    CHECK(told.findings.rounds == 1);
}

TEST_CASE("each thing that is wrong is found") {
    const auto with = [](bool Told::*what, bool value) {
        Told told;
        told.*what = value;
        return told;
    };
    CHECK(with(&Told::hands_in, false).says("never handed in"));
    CHECK(with(&Told::adopts, false).says("of 1 contributions 0 were counted"));
    CHECK(with(&Told::wrong_sum, true).says("is not the sum"));
    CHECK(with(&Told::leaves, false).says("does not end on purpose"));
    CHECK(with(&Told::cut_file, true).says("cut off"));
    Told other;
    other.tokens = 200;
    CHECK(other.says("as what it is not"));
}

TEST_CASE("a drop with a note is a record; with a round that counts it, it is one too many") {
    Told told;
    told.drops = true;
    told.adopts = false;
    CHECK(!told.says("of 1 contributions"));
    CHECK(told.findings.dropped == 1);
    told.adopts = true;
    told.tell();
    CHECK(told.findings.contradicted == 1);
}

}  // namespace euromesh::sim

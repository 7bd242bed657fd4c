#include "sim/setup.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {

TEST_CASE("bytes are those of the real model whatever is really added up") {
    RunModel run;
    run.params = 405e9;
    run.codec = "int4";
    CHECK(payload_bytes(run) == doctest::Approx(405e9 * (0.5 + 4.0 / 256)));
    run.fragments = 4;
    CHECK(payload_bytes(run) == doctest::Approx(405e9 / 4 * (0.5 + 4.0 / 256)));
    CHECK(state_bytes(run) == 405e9 * 8);
    CHECK(contract::value_count(layout_of(run)) == 4 * run.values);
}

TEST_CASE("what cannot be run is refused by name") {
    Setup setup;
    setup.sites = {{.name = "a", .line = {}}, {.name = "b", .line = {}}};
    CHECK(check(setup));
    const auto refused = [](Setup wrong) { return check(wrong) ? "" : check(wrong).error().message; };
    Setup wrong = setup;
    wrong.run.quorum = 3;
    CHECK(refused(wrong) == "a quorum of 3 of 2 sites: use 1 to 2");
    wrong = setup;
    wrong.run.tau = wrong.run.inner_steps;
    CHECK(!refused(wrong).empty());
    wrong = setup;
    wrong.run.codec = "int5";
    CHECK(refused(wrong).find("int5") != std::string::npos);
    wrong = setup;
    wrong.sites.resize(sync::sites_most + 1, setup.sites[0]);
    CHECK(refused(wrong) == "65 sites: use 1 to 64");
}

}  // namespace euromesh::sim

#include "planner/site_selection.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::planner;

namespace {

PlanModel model_of(double parameters) {
    PlanModel model;
    model.shape = prepare({.parameters = parameters,
                           .active_parameters = parameters,
                           .batch_tokens = 16e6,
                           .payload_bytes_per_parameter = 0.5,
                           .reference_batch_tokens = 16e6});
    model.access.reserved = true;
    model.inputs = {{"penalty", "", "", Spread::certain(1), 0, 0, ""}};
    model.common.penalty = 0;
    return model;
}

}  // namespace

TEST_CASE("sites that are as fast as the first one are taken, a speck beside it is not") {
    const PlanModel model = model_of(70e9);
    CHECK(select_sites(model, {1e17, 1e17, 1e17}, 500, 0).sites == 3);
    CHECK(select_sites(model, {1e17, 1e17, 1e12}, 500, 0).sites == 2);
    CHECK(select_sites(model, {1e17, 1e17, 1e17}, 500, 2).sites == 2);
}

TEST_CASE("without a site, or without a rate, nothing is selected") {
    CHECK(select_sites(model_of(70e9), {}, 0, 0).sites == 0);
    CHECK(select_sites(model_of(70e9), {0, 0}, 100, 0).sites == 0);
}

TEST_CASE("the chosen H is as good as every other, and larger for a faster fleet") {
    const PlanModel model = model_of(405e9);
    const std::vector<double> slow = {5e16, 5e16, 5e16}, fast = {5e18, 5e18, 5e18};
    for (const double steps : inner_step_choices)
        CHECK(select_sites(model, slow, 0, 0).useful >= select_sites(model, slow, steps, 0).useful);
    CHECK(select_sites(model, fast, 0, 0).inner_steps > select_sites(model, slow, 0, 0).inner_steps);
    CHECK(select_sites(model, slow, 77, 0).inner_steps == 77);
}

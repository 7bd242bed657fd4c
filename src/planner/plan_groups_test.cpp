#include "planner/plan_groups.hpp"

#include <doctest/doctest.h>

#include <set>

#include "planner/plans_for_test.hpp"

using namespace euromesh;
using namespace euromesh::planner;

TEST_CASE("every factor is in exactly one group, and no group is empty") {
    const Plan plan = plan_like("ai-factories");
    const Sampler sampler = Sampler::make(plan.fleet.model.inputs, 1).value();
    std::set<std::size_t> seen;
    std::set<std::string> names;
    for (const FactorGroup& group : plan_groups(sampler)) {
        CHECK_FALSE(group.factors.empty());
        names.insert(group.id);
        for (const std::size_t factor : group.factors) CHECK(seen.insert(factor).second);
    }
    CHECK(seen.size() == sampler.factors());
    CHECK(names.count("europe") == 1);
    CHECK(names.count("countries") == 1);
    CHECK(names.count("dates") == 1);
}

// Which doubts of a plan belong together, for sensitivity indices that people can read.
#pragma once

#include <vector>

#include "planner/sampler.hpp"
#include "planner/sensitivity.hpp"

namespace euromesh::planner {

// Every factor is in exactly one group; groups without a factor are left out. Groups: what Europe has in
// common, what countries have in common, first allocation, MFU, announced dates, queues and maintenance,
// network, convergence, counts, prices and energy.
std::vector<FactorGroup> plan_groups(const Sampler& sampler);

}  // namespace euromesh::planner

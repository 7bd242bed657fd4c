#include "planner/site_selection.hpp"

namespace euromesh::planner {
namespace {

Selection best_prefix(PlanModel model, const std::vector<double>& rates, double inner_steps,
                      std::size_t most) {
    RunShape shape = model.shape.shape;
    shape.inner_steps = inner_steps;
    model.shape = prepare(shape);
    const std::vector<double> values = model.central();
    const double available = model.availability(values, {});
    Selection best{inner_steps, 0, 0};
    double sum = 0;
    for (std::size_t count = 1; count <= rates.size() && (most == 0 || count <= most); ++count) {
        sum += rates[count - 1] * available;
        if (!(sum > 0)) break;
        const double useful = sum * model.efficiency(values, {}, static_cast<double>(count), sum).total;
        if (useful > best.useful) best = {inner_steps, count, useful};
    }
    return best;
}

}  // namespace

Selection select_sites(const PlanModel& model, const std::vector<double>& rates, double inner_steps,
                       std::size_t most) {
    if (inner_steps > 0) return best_prefix(model, rates, inner_steps, most);
    Selection best{inner_step_choices[0], 0, 0};
    for (const double steps : inner_step_choices) {
        const Selection next = best_prefix(model, rates, steps, most);
        if (next.useful > best.useful) best = next;
    }
    return best;
}

}  // namespace euromesh::planner

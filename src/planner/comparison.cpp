#include "planner/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/assert.hpp"

namespace euromesh::planner {
namespace {

bool same(const Spread& a, const Spread& b) {
    return a.low == b.low && a.central == b.central && a.high == b.high && a.shape == b.shape;
}

// The inputs of both plans, shared ones once; where[i] is the place of b's input i.
struct Joined {
    std::vector<UncertainInput> inputs;
    std::vector<std::size_t> where;
};

Joined join(const std::vector<UncertainInput>& a, const std::vector<UncertainInput>& b) {
    Joined joined{a, {}};
    for (UncertainInput input : b) {
        const auto found = std::find_if(a.begin(), a.end(), [&](const UncertainInput& other) {
            return other.id == input.id && same(other.spread, input.spread);
        });
        if (found != a.end()) {
            joined.where.push_back(static_cast<std::size_t>(found - a.begin()));
            continue;
        }
        const bool taken =
            std::any_of(a.begin(), a.end(), [&](const auto& other) { return other.id == input.id; });
        if (taken) input.id += " of the other plan";
        joined.where.push_back(joined.inputs.size());
        joined.inputs.push_back(std::move(input));
    }
    return joined;
}

double gap(double a, double b) {
    return b - a;  // inf - inf is NaN: neither
}

std::optional<Scaled> scaled(const Plan& a, const Plan& b, double wanted, double there) {
    if (!(wanted > 0) || !(there > 0)) return std::nullopt;
    Scaled result;
    result.factor = wanted / there;
    PlanModel model = b.fleet.model;
    for (ModelUnit& unit : model.units) unit.cards *= result.factor;
    result.days = model.evaluate(b.central).days;
    result.gap_days = gap(a.answer.days, result.days);
    return result;
}

template <class Measure>
double sum_of_used(const Plan& plan, Measure&& measure) {
    double sum = 0;
    for (const FleetSite& site : plan.fleet.sites) {
        if (!site.unit) continue;
        const ModelUnit& unit = plan.fleet.model.units[*site.unit];
        if (unit.fits && unit.selected) sum += measure(site, unit);
    }
    return sum;
}

// Days of both plans as one thing that can be set, changes.
using Gap = std::function<double(double)>;

// The root nearest to `central` among the sign changes of a scan, bisected; none without one.
std::optional<double> root_near(const Gap& gap_at, double low, double high, double central) {
    constexpr int pieces = 96;
    std::optional<double> best;
    double before = low, gap_before = gap_at(low);
    for (int k = 1; k <= pieces; ++k) {
        const double here = low + (high - low) * k / pieces;
        const double gap_here = gap_at(here);
        if (gap_before * gap_here <= 0 && gap_before != gap_here) {
            double left = before, right = here;
            const bool rising = gap_here > gap_before;
            for (int step = 0; step < 60; ++step) {
                const double middle = (left + right) / 2;
                (gap_at(middle) > 0) == rising ? right = middle : left = middle;
            }
            if (!best || std::abs(right - central) < std::abs(*best - central)) best = right;
        }
        before = here;
        gap_before = gap_here;
    }
    return best;
}

double finite_gap(const PlanModel& a, const std::vector<double>& values_a, const PlanModel& b,
                  const std::vector<double>& values_b) {
    const double horizon = std::max(a.horizon_days, b.horizon_days) * 2;
    return std::min(b.evaluate(values_b).days, horizon) - std::min(a.evaluate(values_a).days, horizon);
}

std::optional<std::size_t> index_of(const PlanModel& model, const std::string& id) {
    for (std::size_t i = 0; i < model.inputs.size(); ++i)
        if (model.inputs[i].id == id) return i;
    return std::nullopt;
}

Flip flip_of_input(const Plan& a, const Plan& b, const UncertainInput& input) {
    const auto in_a = index_of(a.fleet.model, input.id);
    const auto in_b = index_of(b.fleet.model, input.id);
    const auto gap_at = [&](double value) {
        std::vector<double> values_a = a.central, values_b = b.central;
        if (in_a) values_a[*in_a] = value;
        if (in_b) values_b[*in_b] = value;
        return finite_gap(a.fleet.model, values_a, b.fleet.model, values_b);
    };
    const Spread& spread = input.spread;
    const double width = spread.high > spread.low ? spread.high - spread.low : std::abs(spread.central);
    const double most = input.unit == "1" && spread.high <= 1 ? 1 : spread.high + 2 * width;
    Flip flip{input.id, input.label, input.unit, spread.central, spread, {}, false};
    flip.tie = root_near(gap_at, std::max(0.0, spread.low - 2 * width), most, spread.central);
    flip.within = flip.tie && *flip.tie >= spread.low && *flip.tie <= spread.high;
    return flip;
}

// The gap when both scenarios are changed alike and planned anew. `error` keeps the first failure.
template <class Change>
Gap replanned(const Plan& a, const Plan& b, const facts::FactSet& facts, std::optional<Error>& error,
              Change change) {
    return [&a, &b, &facts, &error, change](double value) {
        Scenario changed_a = a.scenario, changed_b = b.scenario;
        change(changed_a, value);
        change(changed_b, value);
        const auto fleet_a = make_fleet(changed_a, facts);
        const auto fleet_b = make_fleet(changed_b, facts);
        if (!fleet_a || !fleet_b) {
            if (!error) error = fleet_a ? fleet_b.error() : fleet_a.error();
            return 0.0;
        }
        return finite_gap(fleet_a->model, fleet_a->model.central(), fleet_b->model, fleet_b->model.central());
    };
}

Result<Flip> flip_of_share(const Plan& a, const Plan& b, const facts::FactSet& facts) {
    const double share = a.scenario.fleet.share;
    std::optional<Error> error;
    const Gap gap_at =
        replanned(a, b, facts, error, [](Scenario& scenario, double value) { scenario.fleet.share = value; });
    Flip flip{"share", "share of every system", "1", share, {0.001, share, 1}, {}, false};
    flip.tie = root_near(gap_at, 0.001, 1, share);
    flip.within = flip.tie.has_value();
    if (error) return fail(*error);
    return flip;
}

Result<Flip> flip_of_target(const Plan& a, const Plan& b, const facts::FactSet& facts) {
    const double target = std::log10(a.fleet.model.target_flop);
    std::optional<Error> error;
    const Gap gap_at = replanned(a, b, facts, error, [](Scenario& scenario, double value) {
        scenario.target = target_of(fmt::format("{}", std::pow(10, value))).value();
    });
    Flip flip{"target", "compute of the target, log10", "FLOP", target, {22, target, 30}, {}, false};
    flip.tie = root_near(gap_at, 22, 30, target);
    flip.within = flip.tie.has_value();
    if (error) return fail(*error);
    return flip;
}

}  // namespace

double power_mw(const Plan& plan) {
    return sum_of_used(plan, [&](const FleetSite&, const ModelUnit& unit) {
        const InputIndex common = plan.fleet.model.common.pue;
        const double pue = unit.pue > 0 ? unit.pue : plan.central[static_cast<std::size_t>(common)];
        return unit.share * unit.cards * unit.watts * pue / 1e6;
    });
}

double capital_euros(const Plan& plan) {
    return sum_of_used(plan, [](const FleetSite& site, const ModelUnit&) { return site.capital_euros; });
}

Result<Comparison> compare(const Plan& a, const Plan& b, unsigned threads) {
    const Joined joined = join(a.fleet.model.inputs, b.fleet.model.inputs);
    EM_ASSIGN(Sampler sampler, Sampler::make(joined.inputs, a.scenario.seed));
    const std::size_t count_a = a.fleet.model.inputs.size();
    const Model evaluate = [&](std::span<const double> values, std::span<double> out) {
        std::array<double, 4 * max_units> of_b;
        EM_ASSERT(joined.where.size() <= of_b.size(), "a plan has at most four inputs a unit");
        for (std::size_t i = 0; i < joined.where.size(); ++i) of_b[i] = values[joined.where[i]];
        out[0] = a.fleet.model.evaluate(values.first(count_a)).days;
        out[1] = b.fleet.model.evaluate({of_b.data(), joined.where.size()}).days;
    };
    const auto scenarios = static_cast<std::uint64_t>(a.scenario.scenarios);
    Outcomes outcomes = run_monte_carlo(sampler, evaluate, 2, scenarios, threads);
    const Odds odds = outcomes.odds(0, 1);
    return Comparison{gap(a.answer.days, b.answer.days),
                      odds,
                      std::move(outcomes),
                      std::move(sampler),
                      scaled(a, b, power_mw(a), power_mw(b)),
                      scaled(a, b, capital_euros(a), capital_euros(b))};
}

Result<std::vector<Flip>> flips(const Plan& a, const Plan& b, const facts::FactSet& facts) {
    EM_ASSIGN(Flip share, flip_of_share(a, b, facts));
    EM_ASSIGN(Flip target, flip_of_target(a, b, facts));
    std::vector<Flip> list = {std::move(share), std::move(target)};
    for (const UncertainInput& input : a.fleet.model.inputs) list.push_back(flip_of_input(a, b, input));
    for (const UncertainInput& input : b.fleet.model.inputs)
        if (!index_of(a.fleet.model, input.id)) list.push_back(flip_of_input(a, b, input));
    std::stable_partition(list.begin(), list.end(), [](const Flip& flip) { return flip.tie.has_value(); });
    std::stable_partition(list.begin(), list.end(), [](const Flip& flip) { return flip.within; });
    return list;
}

}  // namespace euromesh::planner

#include "federation/placement/prices.hpp"

#include <algorithm>
#include <cmath>

namespace euromesh::federation {
namespace {

constexpr double no_option = std::numeric_limits<double>::infinity();

template <class Visit>
void for_each_use(const AssignmentProblem& problem, const AssignmentOption& option, Visit visit) {
    for (std::uint32_t p = option.piece_begin; p < option.piece_end; ++p) {
        const AssignmentPiece& piece = problem.pieces[p];
        for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
            visit(r, static_cast<double>(piece.amount));
        }
    }
}

struct Best {
    double cost = no_option;
    std::int32_t option = -1;
};

// Prices are not negative, so that no option beyond the first that costs more than the best can win.
Best cheapest(const AssignmentProblem& problem, const AssignmentShape& shape, std::int64_t most,
              const std::vector<double>& prefix) {
    Best best;
    for (std::uint32_t i = shape.begin; i < shape.end; ++i) {
        const AssignmentOption& option = problem.options[i];
        if (option.cost > most || static_cast<double>(option.cost) >= best.cost) break;
        const double cost = priced_cost(problem, option, prefix);
        if (cost < best.cost) best = {cost, static_cast<std::int32_t>(i)};
    }
    const auto dropped = static_cast<double>(shape.dropped_cost);
    if (shape.dropped_cost <= most && dropped < best.cost) best = {dropped, -1};
    return best;
}

// One look at the dual: its value, and how much of each resource the cheapest choices ask for.
class DualProbe {
  public:
    explicit DualProbe(const AssignmentProblem& problem)
        : problem_(problem), best_(problem.shapes.size()), takers_(problem.shapes.size()) {}

    double value(const std::vector<double>& prices, std::vector<double>& asked) {
        const std::vector<double> prefix = price_prefix(prices);
        std::fill(takers_.begin(), takers_.end(), 0);
        std::fill(asked.begin(), asked.end(), 0);
        for (std::size_t s = 0; s < problem_.shapes.size(); ++s) {
            best_[s] =
                cheapest(problem_, problem_.shapes[s], std::numeric_limits<std::int64_t>::max(), prefix);
        }
        double sum = 0;
        for (const AssignmentItem& item : problem_.items) sum += item_value(item, prefix, asked);
        for (std::size_t s = 0; s < best_.size(); ++s) ask(best_[s].option, takers_[s], asked);
        for (std::size_t r = 0; r < prices.size(); ++r) {
            sum -= prices[r] * static_cast<double>(problem_.capacity[r]);
        }
        return sum;
    }

  private:
    double item_value(const AssignmentItem& item, const std::vector<double>& prefix,
                      std::vector<double>& asked) {
        if (item.has >= 0) {
            const std::int64_t most = problem_.options[static_cast<std::size_t>(item.has)].cost;
            const Best best = cheapest(problem_, problem_.shapes[item.shape], most, prefix);
            ask(best.option, 1, asked);
            return best.cost;
        }
        const auto unplaced = static_cast<double>(item.unplaced);
        if (best_[item.shape].cost >= unplaced) return unplaced;
        ++takers_[item.shape];
        return best_[item.shape].cost;
    }

    void ask(std::int32_t option, int times, std::vector<double>& asked) const {
        if (option < 0 || times == 0) return;
        for_each_use(problem_, problem_.options[static_cast<std::size_t>(option)],
                     [&](std::uint32_t r, double used) { asked[r] += used * times; });
    }

    const AssignmentProblem& problem_;
    std::vector<Best> best_;
    std::vector<int> takers_;
};

// By resource of which nearly all is taken: what the items on it gain per unit, on average.
std::vector<double> first_prices(const AssignmentProblem& problem, const std::vector<std::int32_t>& known) {
    const std::vector<std::int64_t> room = room_left(problem, known);
    const auto scarce = [&](std::uint32_t r) { return room[r] * 8 < problem.capacity[r]; };
    std::vector<double> gain(room.size(), 0.0);
    std::vector<double> amount(room.size(), 0.0);
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (known[i] < 0) continue;
        const AssignmentOption& option = problem.options[static_cast<std::size_t>(known[i])];
        double units = 0;
        for_each_use(problem, option, [&](std::uint32_t r, double used) { units += scarce(r) ? used : 0; });
        const auto gained =
            static_cast<double>(std::max<std::int64_t>(0, problem.items[i].unplaced - option.cost));
        for_each_use(problem, option, [&](std::uint32_t r, double used) {
            if (!scarce(r)) return;
            gain[r] += gained * used / units;
            amount[r] += used;
        });
    }
    for (std::size_t r = 0; r < gain.size(); ++r) gain[r] = amount[r] > 0 ? gain[r] / amount[r] : 0;
    return gain;
}

// One step along the slope, as long as would close the gap if the dual were linear (Polyak).
void descend(const AssignmentProblem& problem, double eagerness, double gap, std::vector<double>& slope,
             std::vector<double>& prices) {
    double squares = 0;
    for (std::size_t r = 0; r < slope.size(); ++r) {
        slope[r] -= static_cast<double>(problem.capacity[r]);
        // Without a price and asked for less than there is: no way down from here.
        if (prices[r] <= 0 && slope[r] < 0) slope[r] = 0;
        squares += slope[r] * slope[r];
    }
    if (squares <= 0 || gap <= 0) return;
    const double length = eagerness * gap / squares;
    for (std::size_t r = 0; r < prices.size(); ++r) prices[r] = std::max(0.0, prices[r] + length * slope[r]);
}

}  // namespace

std::vector<double> price_prefix(const std::vector<double>& prices) {
    std::vector<double> prefix(prices.size() + 1, 0.0);
    for (std::size_t r = 0; r < prices.size(); ++r) prefix[r + 1] = prefix[r] + prices[r];
    return prefix;
}

Prices price_resources(const AssignmentProblem& problem, int steps, const std::vector<std::int32_t>& known) {
    constexpr int patience = 4;
    const auto upper = static_cast<double>(cost_of(problem, known));
    DualProbe probe(problem);
    std::vector<double> slope(problem.capacity.size(), 0.0);
    Prices best{std::vector<double>(problem.capacity.size(), 0.0), 0};
    best.bound = probe.value(best.of, slope);
    if (steps == 0) return best;
    std::vector<double> prices = first_prices(problem, known);
    double eagerness = 1.0;
    int stale = 0;
    for (int step = 0; step < steps; ++step) {
        const double value = probe.value(prices, slope);
        if (value > best.bound) {
            best = {prices, value};
            stale = 0;
        } else if (++stale == patience) {
            prices = best.of;
            eagerness /= 2;
            stale = 0;
            probe.value(prices, slope);
        }
        descend(problem, eagerness, upper - best.bound, slope, prices);
    }
    return best;
}

double bound_slack(const AssignmentProblem& problem, double bound) {
    double size = std::abs(bound);
    for (const AssignmentItem& item : problem.items)
        size = std::max(size, static_cast<double>(item.unplaced));
    return 1e-9 * size + 1e-6;
}

std::int64_t safe_bound(const AssignmentProblem& problem, double bound) {
    return static_cast<std::int64_t>(std::ceil(bound - bound_slack(problem, bound)));
}

}  // namespace euromesh::federation

#include "federation/placement/assignment.hpp"

#include <algorithm>
#include <numeric>

#include "base/assert.hpp"
#include "base/random.hpp"
#include "federation/placement/exact_assignment.hpp"
#include "federation/placement/prices.hpp"

namespace euromesh::federation {
namespace {

// An assignment under construction with the room it leaves.
class Draft {
  public:
    explicit Draft(const AssignmentProblem& problem)
        : problem_(problem), room_(problem.capacity), option_(problem.items.size(), -1) {
        for (std::size_t i = 0; i < option_.size(); ++i) {
            if (problem.items[i].has >= 0) set(i, problem.items[i].has);
        }
    }

    bool fits(std::int32_t option) const {
        const AssignmentOption& wanted = at(option);
        for (std::uint32_t p = wanted.piece_begin; p < wanted.piece_end; ++p) {
            const AssignmentPiece& piece = problem_.pieces[p];
            for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
                if (room_[r] < piece.amount) return false;
            }
        }
        return true;
    }

    void set(std::size_t item, std::int32_t option) {
        if (option_[item] >= 0) change(at(option_[item]), +1);
        option_[item] = option;
        if (option >= 0) change(at(option), -1);
    }

    std::int32_t option(std::size_t item) const { return option_[item]; }
    const std::vector<std::int32_t>& options() const { return option_; }
    std::int64_t cost(std::size_t item) const {
        return option_[item] >= 0 ? at(option_[item]).cost : problem_.items[item].unplaced;
    }
    const AssignmentOption& at(std::int32_t option) const {
        return problem_.options[static_cast<std::size_t>(option)];
    }

  private:
    void change(const AssignmentOption& option, std::int64_t sign) {
        for (std::uint32_t p = option.piece_begin; p < option.piece_end; ++p) {
            const AssignmentPiece& piece = problem_.pieces[p];
            for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
                room_[r] += sign * piece.amount;
            }
        }
    }

    const AssignmentProblem& problem_;
    std::vector<std::int64_t> room_;
    std::vector<std::int32_t> option_;
};

// Room only shrinks while a greedy pass goes on: an option that did not fit once is not looked at again.
class ShapeQueues {
  public:
    ShapeQueues(const AssignmentProblem& problem, const std::vector<double>& prices) : problem_(problem) {
        const std::vector<double> prefix = price_prefix(prices);
        order_.resize(problem.options.size());
        std::iota(order_.begin(), order_.end(), 0);
        std::vector<double> cost(problem.options.size());
        for (std::size_t i = 0; i < cost.size(); ++i)
            cost[i] = priced_cost(problem, problem.options[i], prefix);
        const auto cheaper = [&cost](std::int32_t a, std::int32_t b) {
            const auto i = static_cast<std::size_t>(a);
            const auto j = static_cast<std::size_t>(b);
            return cost[i] != cost[j] ? cost[i] < cost[j] : a < b;
        };
        for (const AssignmentShape& shape : problem.shapes) {
            std::sort(order_.begin() + shape.begin, order_.begin() + shape.end, cheaper);
            next_.push_back(shape.begin);
        }
    }

    // The first that fits and that the item takes; -1: none.
    std::int32_t pick(const Draft& draft, const AssignmentItem& item) {
        const std::uint32_t end = problem_.shapes[item.shape].end;
        std::uint32_t& next = next_[item.shape];
        while (next < end && !draft.fits(order_[next])) ++next;
        for (std::uint32_t i = next; i < end; ++i) {
            if (draft.at(order_[i]).cost < item.unplaced && draft.fits(order_[i])) return order_[i];
        }
        return -1;
    }

  private:
    const AssignmentProblem& problem_;
    std::vector<std::int32_t> order_{};
    std::vector<std::uint32_t> next_{};
};

std::vector<std::size_t> by_urgency(const AssignmentProblem& problem) {
    std::vector<std::size_t> order(problem.items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&problem](std::size_t a, std::size_t b) {
        return problem.items[a].urgency < problem.items[b].urgency;
    });
    return order;
}

// By what an item gains at these prices over going without, per unit of what its option takes: who pays most
// for scarce room goes first.
std::vector<std::size_t> by_gain(const AssignmentProblem& problem, const std::vector<double>& prices,
                                 const std::vector<std::size_t>& by_urgency) {
    const std::vector<double> prefix = price_prefix(prices);
    std::vector<double> least(problem.shapes.size(), std::numeric_limits<double>::infinity());
    std::vector<double> units(problem.shapes.size(), 1.0);
    for (std::size_t s = 0; s < problem.shapes.size(); ++s) {
        for (std::uint32_t i = problem.shapes[s].begin; i < problem.shapes[s].end; ++i) {
            const double cost = priced_cost(problem, problem.options[i], prefix);
            if (cost >= least[s]) continue;
            least[s] = cost;
            const AssignmentOption& option = problem.options[i];
            if (option.piece_begin < option.piece_end) {
                const AssignmentPiece& piece = problem.pieces[option.piece_begin];
                units[s] = std::max(1.0, static_cast<double>(piece.amount) * piece.count);
            }
        }
    }
    std::vector<double> gain;
    for (const AssignmentItem& item : problem.items) {
        gain.push_back((static_cast<double>(item.unplaced) - least[item.shape]) / units[item.shape]);
    }
    std::vector<std::size_t> order = by_urgency;
    std::stable_sort(order.begin(), order.end(),
                     [&gain](std::size_t a, std::size_t b) { return gain[a] > gain[b]; });
    return order;
}

void fill(const AssignmentProblem& problem, const std::vector<std::size_t>& order,
          const std::vector<double>& prices, Draft& draft) {
    ShapeQueues queues(problem, prices);
    for (const std::size_t item : order) {
        if (draft.option(item) >= 0) continue;
        const std::int32_t option = queues.pick(draft, problem.items[item]);
        if (option >= 0) draft.set(item, option);
    }
}

// Each item takes the cheapest option that fits now, where it is cheaper than what it has. As long as nobody
// has moved, room only shrinks: what did not fit one item of a shape fits none of the others.
bool move_items(const AssignmentProblem& problem, const std::vector<std::size_t>& order, Draft& draft) {
    struct Seen {
        int moves = -1;
        std::uint32_t next = 0;
    };
    std::vector<Seen> seen(problem.shapes.size());
    int moves = 0;
    for (const std::size_t item : order) {
        const AssignmentShape& shape = problem.shapes[problem.items[item].shape];
        const std::int64_t cost = draft.cost(item);
        Seen& tried = seen[problem.items[item].shape];
        if (tried.moves != moves) tried = {moves, shape.begin};
        while (tried.next < shape.end && problem.options[tried.next].cost < cost &&
               !draft.fits(static_cast<std::int32_t>(tried.next))) {
            ++tried.next;
        }
        if (tried.next == shape.end || problem.options[tried.next].cost >= cost) continue;
        moves += draft.option(item) >= 0 ? 1 : 0;
        draft.set(item, static_cast<std::int32_t>(tried.next));
    }
    return moves > 0;
}

// Where one item's option would fit if another one left its own: the other takes its next best.
class Ejector {
  public:
    Ejector(const AssignmentProblem& problem, Draft& draft)
        : problem_(problem), draft_(draft), holders_(problem.capacity.size()) {}

    bool run(const std::vector<std::size_t>& order) {
        bool moved = false;
        for (auto& holders : holders_) holders.clear();
        for (const std::size_t item : order) note(item);
        for (const std::size_t item : order) moved = improve(item) || moved;
        return moved;
    }

  private:
    void note(std::size_t item) {
        if (draft_.option(item) < 0) return;
        const AssignmentOption& option = draft_.at(draft_.option(item));
        for (std::uint32_t p = option.piece_begin; p < option.piece_end; ++p) {
            const AssignmentPiece& piece = problem_.pieces[p];
            for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r)
                holders_[r].push_back(item);
        }
    }

    bool improve(std::size_t item) {
        const AssignmentShape& shape = problem_.shapes[problem_.items[item].shape];
        for (std::uint32_t i = shape.begin; i < shape.end; ++i) {
            if (problem_.options[i].cost >= draft_.cost(item)) return false;
            if (try_option(item, static_cast<std::int32_t>(i))) return true;
        }
        return false;
    }

    bool try_option(std::size_t item, std::int32_t option) {
        const std::int64_t gain = draft_.cost(item) - draft_.at(option).cost;
        const std::int32_t had = draft_.option(item);
        draft_.set(item, -1);
        if (draft_.fits(option)) return settle(item, option);
        for (std::uint32_t p = draft_.at(option).piece_begin; p < draft_.at(option).piece_end; ++p) {
            for (const std::size_t other : holders_[problem_.pieces[p].first]) {
                if (other != item && eject(item, option, other, gain)) return true;
            }
        }
        draft_.set(item, had);
        return false;
    }

    bool settle(std::size_t item, std::int32_t option) {
        draft_.set(item, option);
        note(item);
        return true;
    }

    bool eject(std::size_t item, std::int32_t option, std::size_t other, std::int64_t gain) {
        const std::int32_t others = draft_.option(other);
        if (others < 0) return false;
        const std::int64_t may_cost = draft_.cost(other) + gain - 1;
        draft_.set(other, -1);
        if (draft_.fits(option)) {
            draft_.set(item, option);
            if (resettle(other, may_cost)) {
                note(item);
                note(other);
                return true;
            }
            draft_.set(item, -1);
        }
        draft_.set(other, others);
        return false;
    }

    bool resettle(std::size_t other, std::int64_t may_cost) {
        const AssignmentItem& item = problem_.items[other];
        const std::int64_t most = item.has >= 0 ? draft_.at(item.has).cost : item.unplaced - 1;
        const AssignmentShape& shape = problem_.shapes[item.shape];
        for (std::uint32_t i = shape.begin; i < shape.end; ++i) {
            if (problem_.options[i].cost > std::min(most, may_cost)) break;
            if (!draft_.fits(static_cast<std::int32_t>(i))) continue;
            draft_.set(other, static_cast<std::int32_t>(i));
            return true;
        }
        return item.has < 0 && item.unplaced <= may_cost;
    }

    const AssignmentProblem& problem_;
    Draft& draft_;
    std::vector<std::vector<std::size_t>> holders_;
};

void improve(const AssignmentProblem& problem, const AssignmentLimits& limits,
             const std::vector<std::size_t>& order, Draft& draft) {
    const bool small = problem.items.size() <= limits.ejection_items;
    for (int pass = 0; pass < (small ? limits.improvement_passes : 1); ++pass) {
        bool moved = move_items(problem, order, draft);
        if (small) moved = Ejector(problem, draft).run(order) || moved;
        if (!moved) return;
    }
}

std::vector<std::int32_t> construct(const AssignmentProblem& problem, const AssignmentLimits& limits,
                                    const std::vector<std::size_t>& order,
                                    const std::vector<double>& prices) {
    Draft draft(problem);
    fill(problem, order, prices, draft);
    improve(problem, limits, order, draft);
    return draft.options();
}

void keep_better(const AssignmentProblem& problem, std::vector<std::int32_t> option, Assignment& best) {
    const std::int64_t cost = cost_of(problem, option);
    if (!best.option.empty() && cost >= best.cost) return;
    best.option = std::move(option);
    best.cost = cost;
}

// The best so far without some of its choices, for another start. What items had already stays as it is.
Draft ruined(const AssignmentProblem& problem, const std::vector<std::int32_t>& best, Random& random) {
    constexpr double kept = 0.7;
    Draft draft(problem);
    for (std::size_t i = 0; i < best.size(); ++i) {
        if (problem.items[i].has >= 0 || (best[i] >= 0 && random.uniform() < kept)) draft.set(i, best[i]);
    }
    return draft;
}

// Ruin and recreate (Schrimpf et al. 2000): choices are taken back at random and made again in another order,
// at prices that are not quite the same. The numbers come from a fixed seed.
void recreate(const AssignmentProblem& problem, const AssignmentLimits& limits,
              const std::vector<double>& prices, Assignment& best) {
    if (problem.items.size() > limits.ejection_items) return;
    const std::size_t rounds =
        std::min<std::size_t>(300, 12'000 / std::max<std::size_t>(1, problem.items.size()));
    Random random(problem.items.size());
    std::vector<std::size_t> order = by_urgency(problem);
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
        std::vector<double> other = prices;
        // What nobody pays for draws no number: resources that do not matter change nothing.
        for (double& price : other) {
            if (price > 0) price *= 0.5 + random.uniform();
        }
        Draft draft = ruined(problem, best.option, random);
        fill(problem, order, other, draft);
        improve(problem, limits, order, draft);
        keep_better(problem, draft.options(), best);
    }
}

}  // namespace

std::vector<std::int64_t> room_left(const AssignmentProblem& problem,
                                    const std::vector<std::int32_t>& option) {
    std::vector<std::int64_t> room = problem.capacity;
    for (const std::int32_t chosen : option) {
        if (chosen < 0) continue;
        const AssignmentOption& taken = problem.options[static_cast<std::size_t>(chosen)];
        for (std::uint32_t p = taken.piece_begin; p < taken.piece_end; ++p) {
            const AssignmentPiece& piece = problem.pieces[p];
            for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
                room[r] -= piece.amount;
                EM_ASSERT(room[r] >= 0, "an assignment takes more than there is");
            }
        }
    }
    return room;
}

std::int64_t cost_of(const AssignmentProblem& problem, const std::vector<std::int32_t>& option) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < option.size(); ++i) {
        sum += option[i] >= 0 ? problem.options[static_cast<std::size_t>(option[i])].cost
                              : problem.items[i].unplaced;
    }
    return sum;
}

Assignment solve(const AssignmentProblem& problem, const AssignmentLimits& limits) {
    Assignment best;
    const std::vector<std::size_t> order = by_urgency(problem);
    const std::vector<double> free(problem.capacity.size(), 0.0);
    keep_better(problem, construct(problem, limits, order, free), best);
    const Prices prices = price_resources(problem, limits.price_steps, best.option);
    if (limits.price_steps > 0) {
        const std::vector<std::size_t> gainers = by_gain(problem, prices.of, order);
        keep_better(problem, construct(problem, limits, gainers, prices.of), best);
        if (safe_bound(problem, prices.bound) < best.cost) recreate(problem, limits, prices.of, best);
    }
    best.bound = std::min(best.cost, safe_bound(problem, prices.bound));
    if (best.bound == best.cost) {
        best.proved = true;
    } else if (problem.items.size() <= limits.exact_items) {
        search_exactly(problem, prices, limits.exact_nodes, best);
    }
    return best;
}

}  // namespace euromesh::federation

#include "federation/placement/exact_assignment.hpp"

#include <algorithm>
#include <numeric>

namespace euromesh::federation {
namespace {

struct Choice {
    std::int32_t option = -1;
    std::int64_t cost = 0;
    double surplus = 0;
};

class Search {
  public:
    Search(const AssignmentProblem& problem, const Prices& prices, std::int64_t nodes, Assignment& best)
        : problem_(problem),
          best_(best),
          room_(problem.capacity),
          chosen_(problem.items.size(), -1),
          root_(prices.bound),
          slack_(bound_slack(problem, prices.bound)),
          nodes_(nodes) {
        order_items();
        const std::vector<double> prefix = price_prefix(prices.of);
        for (const std::size_t item : order_) choices_.push_back(choices_of(item, prefix));
    }

    // False: the budget ended first.
    bool run() {
        if (!complete_) return false;
        descend(0, 0, 0.0, 0);
        return nodes_ >= 0;
    }

  private:
    std::int64_t size_of(std::size_t item) const {
        const AssignmentShape& shape = problem_.shapes[problem_.items[item].shape];
        if (shape.begin == shape.end) return 0;
        const AssignmentOption& option = problem_.options[shape.begin];
        return option.piece_begin < option.piece_end ? problem_.pieces[option.piece_begin].amount : 0;
    }

    // Large ones first: they decide most. Equal shapes together, the dearest to leave out first.
    void order_items() {
        order_.resize(problem_.items.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::stable_sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) {
            const AssignmentItem& x = problem_.items[a];
            const AssignmentItem& y = problem_.items[b];
            if (size_of(a) != size_of(b)) return size_of(a) > size_of(b);
            if (x.shape != y.shape) return x.shape < y.shape;
            if ((x.has < 0) != (y.has < 0)) return x.has < 0;
            return x.unplaced > y.unplaced;
        });
    }

    // By rising surplus, then by option: the same order of options for all items of a shape, `none` aside.
    std::vector<Choice> choices_of(std::size_t index, const std::vector<double>& prefix) {
        const AssignmentItem& item = problem_.items[index];
        const AssignmentShape& shape = problem_.shapes[item.shape];
        const std::int64_t most = item.has >= 0 ? at(item.has).cost : item.unplaced - 1;
        complete_ = complete_ && shape.dropped_cost > most;
        std::vector<Choice> choices;
        for (std::uint32_t i = shape.begin; i < shape.end && problem_.options[i].cost <= most; ++i) {
            const AssignmentOption& option = problem_.options[i];
            choices.push_back(
                {static_cast<std::int32_t>(i), option.cost, priced_cost(problem_, option, prefix)});
        }
        if (item.has < 0) choices.push_back({-1, item.unplaced, static_cast<double>(item.unplaced)});
        std::stable_sort(choices.begin(), choices.end(),
                         [](const Choice& a, const Choice& b) { return a.surplus < b.surplus; });
        const double least = choices.front().surplus;
        for (Choice& choice : choices) choice.surplus -= least;
        return choices;
    }

    const AssignmentOption& at(std::int32_t option) const {
        return problem_.options[static_cast<std::size_t>(option)];
    }

    bool fits(const Choice& choice) const {
        if (choice.option < 0) return true;
        for (std::uint32_t p = at(choice.option).piece_begin; p < at(choice.option).piece_end; ++p) {
            const AssignmentPiece& piece = problem_.pieces[p];
            for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
                if (room_[r] < piece.amount) return false;
            }
        }
        return true;
    }

    // What the items still to come cost above their cheapest at least, each for itself in the room that is
    // left.
    double least_surplus_from(std::size_t depth) const {
        double sum = 0;
        for (std::size_t d = depth; d < choices_.size(); ++d) {
            const auto found = std::find_if(choices_[d].begin(), choices_[d].end(),
                                            [this](const Choice& choice) { return fits(choice); });
            if (found == choices_[d].end()) return std::numeric_limits<double>::infinity();
            sum += found->surplus;
        }
        return sum;
    }

    // Rounding makes the search look a little further than needed, never less.
    bool hopeless(double surplus) const {
        return root_ + surplus - slack_ > static_cast<double>(best_.cost - 1);
    }

    void take(std::int32_t option, std::int64_t sign) {
        if (option < 0) return;
        for (std::uint32_t p = at(option).piece_begin; p < at(option).piece_end; ++p) {
            const AssignmentPiece& piece = problem_.pieces[p];
            for (std::uint32_t r = piece.first; r < piece.first + piece.count; ++r) {
                room_[r] -= sign * piece.amount;
            }
        }
    }

    bool twins(std::size_t depth) const {
        if (depth == 0) return false;
        const AssignmentItem& before = problem_.items[order_[depth - 1]];
        const AssignmentItem& item = problem_.items[order_[depth]];
        return before.shape == item.shape && before.has < 0 && item.has < 0;
    }

    void descend(std::size_t depth, std::int64_t cost, double surplus, std::int32_t twins_option) {
        if (--nodes_ < 0) return;
        if (depth == order_.size()) {
            if (cost < best_.cost) {
                best_.cost = cost;
                best_.option = chosen_;
            }
            return;
        }
        if (hopeless(surplus + least_surplus_from(depth))) return;
        const bool twin = twins(depth);
        for (const Choice& choice : choices_[depth]) {
            if (hopeless(surplus + choice.surplus)) break;
            // An order of twins: by the option's number, none last.
            if ((twin && before(choice.option, twins_option)) || !fits(choice)) continue;
            follow(depth, choice, cost, surplus);
            if (nodes_ < 0) return;
        }
    }

    static bool before(std::int32_t option, std::int32_t other) {
        if (option < 0) return false;
        return other < 0 || option < other;
    }

    void follow(std::size_t depth, const Choice& choice, std::int64_t cost, double surplus) {
        take(choice.option, +1);
        chosen_[order_[depth]] = choice.option;
        descend(depth + 1, cost + choice.cost, surplus + choice.surplus, choice.option);
        chosen_[order_[depth]] = -1;
        take(choice.option, -1);
    }

    const AssignmentProblem& problem_;
    Assignment& best_;
    std::vector<std::int64_t> room_;
    std::vector<std::int32_t> chosen_;
    double root_;
    double slack_;
    std::int64_t nodes_;
    bool complete_ = true;
    std::vector<std::size_t> order_{};
    std::vector<std::vector<Choice>> choices_{};
};

}  // namespace

void search_exactly(const AssignmentProblem& problem, const Prices& prices, std::int64_t nodes,
                    Assignment& best) {
    if (!Search(problem, prices, nodes, best).run()) return;
    best.bound = best.cost;
    best.proved = true;
}

}  // namespace euromesh::federation

#include "federation/placement/placement_planner.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "federation/placement/assignment.hpp"
#include "federation/placement/fair_share.hpp"
#include "federation/placement/round_index.hpp"
#include "federation/placement/round_options.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t most_options = 2'000'000;  // in memory at once
constexpr std::size_t least_options_per_shape = 8;
constexpr int most_second_looks = 50;
constexpr std::size_t large_stage = 5'000;  // workloads; from here on each price step costs milliseconds
constexpr int price_steps_large = 24;

using Numbers = std::vector<std::uint32_t>;  // of workloads in the index

struct StageItems {
    Numbers workloads{};                   // by item
    std::vector<ShapeOutlook> outlook{};   // by shape of the problem
    std::vector<std::int64_t> unplaced{};  // by item
    std::vector<std::int64_t> urgency{};   // by item
};

class RoundPlanner {
  public:
    explicit RoundPlanner(const PlacementRound& round)
        : round_(round),
          index_(round),
          shapes_(shapes_of(index_)),
          room_(index_.capacity()),
          chosen_(index_.workloads().size()),
          wait_(index_.workloads().size(), WaitReason::no_room) {
        quality_.proved = true;
        for (std::uint32_t i = 0; i < index_.workloads().size(); ++i) {
            by_class_[static_cast<std::size_t>(index_.workloads()[i]->work_class)].push_back(i);
        }
    }

    PlacementPlan run() {
        serve(by_class_[0]);
        for (const std::string& owner : owners()) guarantee(owner);
        for (std::size_t c = 1; c < by_class_.size(); ++c) serve(by_class_[c]);
        return plan();
    }

  private:
    std::set<std::string> owners() const {
        std::set<std::string> owners;
        for (const PlacementSite& site : round_.sites) {
            for (const OwnedShare& share : site.shares) owners.insert(share.owner);
        }
        return owners;
    }

    // One class over the whole federation. What its workloads hold already they may exchange for better.
    void serve(const Numbers& workloads) {
        for (const std::uint32_t workload : workloads) give(workload, +1);
        const Assignment stage = solve_stage(workloads, nullptr, room_);
        quality_.cost_gpu_s += stage.cost;
        quality_.bound_gpu_s += stage.bound;
        quality_.proved = quality_.proved && stage.proved;
    }

    // What an owner's shares alone would give its own ordinary work is reserved for it.
    void guarantee(const std::string& owner) {
        std::vector<std::int64_t> own = own_room(owner);
        const std::vector<std::int64_t> before = own;
        for (std::size_t c = 1; c < by_class_.size(); ++c) {
            Numbers workloads;
            for (const std::uint32_t workload : by_class_[c]) {
                const Workload& candidate = *index_.workloads()[workload];
                if (candidate.owner == owner && candidate.multi.sites == 0) workloads.push_back(workload);
            }
            solve_stage(workloads, &owner, own);
        }
        for (std::size_t r = 0; r < room_.size(); ++r) room_[r] -= before[r] - own[r];
    }

    std::vector<std::int64_t> own_room(const std::string& owner) const {
        std::vector<std::int64_t> own = room_;
        for (const IndexedPartition& at : index_.partitions()) {
            std::int64_t permille = 0;
            for (const OwnedShare& share : at.site->shares)
                permille += share.owner == owner ? share.permille : 0;
            for (std::size_t slot = 0; slot < at.slots.size(); ++slot) {
                std::int64_t& room = own[at.first_resource + slot];
                // A part of what the partition has free, whatever emergencies have taken of it.
                const std::int64_t part = at.slots.gpus[slot] * permille / 1000;
                room = std::min(room, part);
            }
        }
        return own;
    }

    // Gives back (+1) or takes (-1) the room of what a workload has.
    void give(std::uint32_t workload, std::int64_t sign) {
        for (const OptionMember& member : chosen_[workload]) {
            const IndexedPartition& at = index_.partitions()[member.partition];
            const std::size_t end = at.slots.end_slot(member.slot, member.run_ms);
            for (std::size_t slot = member.slot; slot < end; ++slot) {
                room_[at.first_resource + slot] += sign * member.gpus;
            }
            const auto budget = index_.budget_of(*index_.workloads()[workload]);
            if (budget) room_[*budget] += sign * member.hold_mgpuh;
        }
    }

    // The waiting cost falls with the place in the fair-share queue, from all of it to half.
    StageItems queue(const Numbers& workloads) const {
        StageItems items{workloads, {}, {}, {}};
        std::vector<const Workload*> pointers;
        for (const std::uint32_t workload : workloads) pointers.push_back(index_.workloads()[workload]);
        const std::vector<std::size_t> ranks = fair_ranks(pointers, round_.owners);
        const auto twice = static_cast<std::int64_t>(2 * workloads.size());
        for (std::size_t i = 0; i < workloads.size(); ++i) {
            const auto rank = static_cast<std::int64_t>(ranks[i]);
            const std::int64_t gpus = pointers[i]->gpus * std::max(1, pointers[i]->multi.sites);
            const std::int64_t whole = weighted_cost(round_.policy.wait_ms, gpus);
            items.unplaced.push_back(scaled(whole, twice - rank, twice, whole));
            items.urgency.push_back(rank);
        }
        return items;
    }

    Assignment solve_stage(const Numbers& workloads, const std::string* owner,
                           std::vector<std::int64_t>& room) {
        if (workloads.empty()) return {{}, 0, 0, true};
        StageItems items = queue(workloads);
        AssignmentLimits limits;
        limits.exact_nodes = round_.policy.exact_nodes;
        if (workloads.size() > large_stage) limits.price_steps = price_steps_large;
        // An owner's own plan is a floor, not a bound.
        if (owner != nullptr && workloads.size() > limits.exact_items) limits.price_steps = 0;
        limits.improvement_passes = round_.policy.improvement_passes;
        StageItems again;
        Assignment stage = look(items, owner, limits, room, again);
        // Shapes with more options than were listed get another look at what is left.
        limits.price_steps = 0;
        limits.exact_items = 0;
        for (int i = 0; i < most_second_looks && !again.workloads.empty(); ++i) {
            const StageItems rest = std::move(again);
            again = {};
            const std::int64_t all_wait = sum_of(rest.unplaced);
            const std::int64_t cost = look(rest, owner, limits, room, again).cost;
            stage.cost -= all_wait - cost;
            if (cost == all_wait) break;
        }
        return stage;
    }

    static std::int64_t sum_of(const std::vector<std::int64_t>& values) {
        std::int64_t sum = 0;
        for (const std::int64_t value : values) sum += value;
        return sum;
    }

    // Solves for these items in this room, notes what they get, and collects who deserves another look.
    Assignment look(const StageItems& given, const std::string* owner, const AssignmentLimits& limits,
                    std::vector<std::int64_t>& room, StageItems& again) {
        StageItems items = given;
        AssignmentProblem problem;
        problem.capacity = room;
        const std::vector<std::uint32_t> shape = local_shapes(items.workloads);
        const std::uint32_t shapes = shape.empty() ? 0 : *std::max_element(shape.begin(), shape.end()) + 1;
        OptionBuilder builder(index_, problem, options_per_shape(shapes));
        add_shapes(items, shape, shapes, owner, builder);
        for (std::size_t i = 0; i < items.workloads.size(); ++i) {
            const std::vector<OptionMember>& has = chosen_[items.workloads[i]];
            problem.items.push_back({shape[i], items.unplaced[i], items.urgency[i],
                                     has.empty() ? -1 : builder.option_at(shape[i], has.front())});
        }
        Assignment solution = solve(problem, limits);
        room = room_left(problem, solution.option);
        for (std::size_t i = 0; i < items.workloads.size(); ++i) {
            note(items, i, shape[i], problem, builder, solution.option[i], again);
        }
        return solution;
    }

    std::size_t options_per_shape(std::uint32_t shapes) const {
        const auto wanted = static_cast<std::size_t>(round_.policy.options_per_shape);
        const std::size_t affordable = most_options / std::max<std::size_t>(1, shapes);
        return std::min(wanted, std::max(least_options_per_shape, affordable));
    }

    // Numbers of the shapes among these workloads, by first appearance.
    std::vector<std::uint32_t> local_shapes(const Numbers& workloads) const {
        constexpr std::uint32_t none = ~std::uint32_t{0};
        std::vector<std::uint32_t> local(shapes_.example.size(), none);
        std::vector<std::uint32_t> of;
        std::uint32_t next = 0;
        for (const std::uint32_t workload : workloads) {
            std::uint32_t& number = local[shapes_.of[workload]];
            if (number == none) number = next++;
            of.push_back(number);
        }
        return of;
    }

    void add_shapes(StageItems& items, const std::vector<std::uint32_t>& shape, std::uint32_t shapes,
                    const std::string* owner, OptionBuilder& builder) const {
        std::vector<std::vector<OptionMember>> held(shapes);
        Numbers example(shapes, 0);
        for (std::size_t i = items.workloads.size(); i-- > 0;) {
            example[shape[i]] = items.workloads[i];
            for (const OptionMember& member : chosen_[items.workloads[i]]) note_place(member, held[shape[i]]);
        }
        for (std::uint32_t s = 0; s < shapes; ++s) {
            const WorkloadFacts facts = index_.facts_of(*index_.workloads()[example[s]]);
            items.outlook.push_back(builder.add_shape(facts, owner, held[s]));
        }
    }

    static void note_place(const OptionMember& member, std::vector<OptionMember>& places) {
        const bool known = std::any_of(places.begin(), places.end(), [&member](const OptionMember& place) {
            return place.same_place(member);
        });
        if (!known) places.push_back(member);
    }

    void note(const StageItems& items, std::size_t item, std::uint32_t shape,
              const AssignmentProblem& problem, const OptionBuilder& builder, std::int32_t option,
              StageItems& again) {
        const std::uint32_t workload = items.workloads[item];
        if (option >= 0) {
            chosen_[workload].assign(builder.members_begin(option), builder.members_end(option));
            return;
        }
        const ShapeOutlook& outlook = items.outlook[shape];
        wait_[workload] = !outlook.possible                               ? WaitReason::no_site
                          : outlook.cheapest_cost >= items.unplaced[item] ? WaitReason::too_dear
                                                                          : WaitReason::no_room;
        if (problem.shapes[shape].dropped_cost >= items.unplaced[item]) return;
        again.workloads.push_back(workload);
        again.unplaced.push_back(items.unplaced[item]);
        again.urgency.push_back(items.urgency[item]);
    }

    PlacementPlan plan() const {
        PlacementPlan plan{{}, quality_};
        plan.workloads.reserve(chosen_.size());
        for (std::size_t i = 0; i < chosen_.size(); ++i) {
            PlannedWorkload planned{index_.workloads()[i]->id, {}, wait_[i]};
            for (const OptionMember& member : chosen_[i]) planned.claims.push_back(claim_of(member));
            plan.workloads.push_back(std::move(planned));
        }
        return plan;
    }

    PlannedClaim claim_of(const OptionMember& member) const {
        const IndexedPartition& at = index_.partitions()[member.partition];
        const std::int64_t from = at.slots.from_ms[member.slot];
        return {at.site->id,
                at.partition->id,
                member.gpus,
                from + at.partition->queue.median_ms,
                from + at.partition->queue.p90_ms,
                member.run_ms,
                member.hold_mgpuh,
                member.score_ms};
    }

    const PlacementRound& round_;
    RoundIndex index_;
    ShapeTable shapes_;
    std::vector<std::int64_t> room_;
    std::vector<std::vector<OptionMember>> chosen_;  // by workload: what it has
    std::vector<WaitReason> wait_;
    std::array<Numbers, work_classes> by_class_{};
    PlanQuality quality_{};
};

}  // namespace

std::string_view name_of(WaitReason reason) {
    constexpr std::array<std::string_view, 3> names{"no_site", "no_room", "too_dear"};
    return names.at(static_cast<std::size_t>(reason));
}

std::int64_t PlanQuality::gap_ppm() const {
    if (cost_gpu_s <= 0) return 0;
    return scaled_up(cost_gpu_s - bound_gpu_s, 1'000'000, cost_gpu_s, 1'000'000);
}

Result<PlacementPlan> plan_placement(const PlacementRound& round) {
    EM_TRY(check(round));
    return RoundPlanner(round).run();
}

}  // namespace euromesh::federation

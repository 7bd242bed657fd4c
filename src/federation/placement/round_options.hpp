// The options of the workloads of one stage: where each kind of workload may run from when, and what that
// costs.
//
// Workloads that differ in nothing but their id, class and moment of submission are of one shape and share
// their options. Only the cheapest options of a shape are listed, and what the cheapest of the others costs
// is kept, so that the bound stays a bound. An ordinary option is one partition in one slot; one over several
// sites is a set of them (site_sets.hpp). Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "federation/placement/assignment.hpp"
#include "federation/placement/round_index.hpp"

namespace euromesh::federation {

// One claim of an option.
struct OptionMember {
    std::uint32_t partition = 0;  // number in the index
    std::uint32_t slot = 0;
    std::int64_t gpus = 0;
    std::int64_t run_ms = 0;
    std::int64_t hold_mgpuh = 0;
    std::int64_t score_ms = 0;
    bool same_place(const OptionMember& other) const {
        return partition == other.partition && slot == other.slot;
    }
};

// By workload (number in the index): its shape. Numbers follow the workloads' order.
struct ShapeTable {
    std::vector<std::uint32_t> of{};
    std::vector<std::uint32_t> example{};  // by shape: a workload of it
};
ShapeTable shapes_of(const RoundIndex& index);

// What a shape can do at all, whatever room there is.
struct ShapeOutlook {
    bool possible = false;           // some partition does not reject it (or enough sites)
    std::int64_t cheapest_cost = 0;  // of what is possible, GPU-seconds
};

// Collects options into a problem whose capacity is what a stage may use.
class OptionBuilder {
  public:
    // keep: options listed per shape. The problem has its capacity and nothing else yet.
    OptionBuilder(const RoundIndex& index, AssignmentProblem& problem, std::size_t keep)
        : index_(index), problem_(problem), keep_(keep) {}

    // Appends a shape with the options that fit the capacity now. `owner`: only sites where it has a share.
    // `must_list`: places that have to be listed however dear (they fit).
    ShapeOutlook add_shape(const WorkloadFacts& facts, const std::string* owner,
                           const std::vector<OptionMember>& must_list);

    const OptionMember* members_begin(std::int32_t option) const;
    const OptionMember* members_end(std::int32_t option) const;
    // The option of a shape that is just this place. It has to be there.
    std::int32_t option_at(std::uint32_t shape, const OptionMember& place) const;

  private:
    struct Found {
        std::int64_t cost = 0;
        std::uint32_t begin = 0;  // in found_members_
        std::uint32_t end = 0;
    };
    void find_places(const WorkloadFacts& facts, const std::string* owner);
    void find_at(const WorkloadFacts& facts, std::uint32_t partition);
    ShapeOutlook combine_places(const WorkloadFacts& facts);
    ShapeOutlook find_sets(const WorkloadFacts& facts);
    void list(const WorkloadFacts& facts, const std::vector<OptionMember>& must_list);
    void append(const WorkloadFacts& facts, const Found& found);
    bool must_be_listed(const Found& found, const std::vector<OptionMember>& places) const;
    bool has_room(const WorkloadFacts& facts, const OptionMember& member) const;
    bool has_room(const WorkloadFacts& facts, const std::vector<std::uint32_t>& places) const;

    const RoundIndex& index_;
    AssignmentProblem& problem_;
    std::size_t keep_;
    std::vector<OptionMember> members_{};
    std::vector<std::uint32_t> member_begin_{0};  // by option; one longer
    const std::string* owner_ = nullptr;
    std::optional<std::vector<std::uint32_t>> usable_{};  // partitions for that owner
    // Of the shape that is being added.
    std::vector<OptionMember> places_{};
    std::vector<Found> found_{};
    std::vector<OptionMember> found_members_{};
};

// GPU-seconds of delay: what a score means for a workload of so many GPUs.
std::int64_t weighted_cost(std::int64_t score_ms, std::int64_t gpus);

}  // namespace euromesh::federation

// What a placement round is told: sites with their partitions, waiting workloads, the law's verdicts, shares.
//
// Plain values, no thread rule. Times are milliseconds since 1970 UTC, intervals half-open, lengths in
// milliseconds; amounts of computing are milli-GPU-hours. Everything is an integer, so that a plan is the
// same bytes on every machine. The order of the lists means nothing, apart from that of preferred_sites.
//
// It holds no rules: the caller says, for each law class and site, what the rules decided. Workloads under
// the same facts (person, project, data, programme) share a law class, so that many workloads need few
// verdicts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace euromesh::federation {

// Most urgent first: the numbers are the order.
enum class WorkClass : std::uint8_t { emergency, service, production, development, scavenger };
inline constexpr int work_classes = 5;
std::string_view name_of(WorkClass work_class);
// bad_input: names the classes that there are.
Result<WorkClass> work_class_from(std::string_view name);

// What can rule a partition out, in the order in which it is looked at: the first one is told.
enum class Filter : std::uint8_t {
    law,          // a federation's or site's rule; also: nobody gave a verdict
    residency,    // a rule about where data may be
    eligibility,  // a rule about who may use what
    allocation,   // nothing left to pay with
    hardware,     // accelerator kind without a measured rate, or too few of them
    memory,
    container,
    duration,     // longer than the partition lets jobs run
    maintenance,  // every possible start runs into a maintenance window, or lies in one
    preference,   // the workload names other sites
};
std::string_view name_of(Filter filter);

struct TimeWindow {
    std::int64_t from_ms = 0;
    std::int64_t until_ms = 0;
};

// From from_ms until the next step, gpus are free for the federation; the last step holds for ever.
struct CapacityStep {
    std::int64_t from_ms = 0;
    std::int64_t gpus_free = 0;
};

// How long after it could start a claim does start: queue_model.hpp. Zero where no queue is in between.
struct StartBand {
    std::int64_t median_ms = 0;
    std::int64_t p90_ms = 0;
};

struct PlacementPartition {
    std::string id{};
    std::string accelerator{};  // kind, as in Workload::rates
    std::int64_t gpus_total = 0;
    std::int64_t gpus_per_node = 1;  // who needs more than one node takes whole nodes
    std::int64_t memory_per_gpu_mib = 0;
    std::vector<std::string> containers{};  // kinds of image it can run
    std::int64_t longest_ms = 0;
    std::vector<TimeWindow> maintenance{};
    std::vector<CapacityStep> capacity{};  // what is free now and what is predicted to become free
    StartBand queue{};
    std::int64_t watts_per_gpu = 0;
    std::int64_t carbon_g_per_kwh = 0;
    std::int64_t price_milli_euro_per_gpu_hour = 0;
};

// An owner's part of a site, in thousandths: the joint undertaking, a country, the centre itself.
struct OwnedShare {
    std::string owner{};
    std::int64_t permille = 0;
};

struct PlacementSite {
    std::string id{};
    std::string country{};
    std::int64_t wan_bytes_per_ms = 1'250'000;  // 10 Gbit/s
    std::vector<PlacementPartition> partitions{};
    std::vector<OwnedShare> shares{};  // together at most 1000; empty: open to all alike
};

// Relative speed of a kind of accelerator for this workload, measured: 1000 runs it in duration_ms. 0, like a
// kind that is not named: it cannot run there.
struct AcceleratorRate {
    std::string accelerator{};
    std::int64_t permille = 0;
};

struct DataSet {
    std::string id{};
    std::string site{};  // where it lies; a name that is no site of the round lies outside all of them
    std::int64_t bytes = 0;
};

// A run over several sites at once (a federated training). gpus of the workload are per site.
struct MultiSite {
    int sites = 0;                                                       // wanted; 0: an ordinary workload
    int quorum = 0;                                                      // so many must start together
    std::vector<std::pair<std::string, std::string>> forbidden_pairs{};  // sites that may not exchange
};

struct Workload {
    std::string id{};
    std::string project{};
    std::string law_class{};  // LawClass::id
    std::string owner{};      // whose share pays: ShareOwner::id, OwnedShare::owner
    std::string budget{};     // Budget::id; empty: nothing is paid for
    WorkClass work_class = WorkClass::production;
    std::int64_t gpus = 1;
    std::int64_t memory_per_gpu_mib = 0;
    std::int64_t duration_ms = 0;  // mandatory, at rate 1000
    std::vector<AcceleratorRate> rates{};
    std::string container{};  // kind of image; empty: none needed
    std::vector<DataSet> data{};
    std::vector<std::string> preferred_sites{};  // best first; only these come into question; empty: all
    std::optional<std::int64_t> deadline_ms{};
    std::int64_t submitted_ms = 0;
    MultiSite multi{};
    std::string turn_of{};    // in the fair-share queue: ShareOwner::id; empty: its owner
    bool goes_first = false;  // before the rest of its class: work that was displaced
};

// What the rules say about one site. rule is the id of the rule that decided; it is told to the user.
struct SiteVerdict {
    std::string site{};
    bool allowed = false;
    Filter filter = Filter::law;  // law, residency, eligibility or allocation; only when not allowed
    std::string rule{};
};

// A site without a verdict is rejected: nothing is allowed by silence.
struct LawClass {
    std::string id{};
    std::vector<SiteVerdict> verdicts{};
};

// What may still be held. Claims of one round together never hold more.
struct Budget {
    std::string id{};
    std::int64_t left_mgpuh = 0;
};

// Standing of an owner, or of a project, in the federation as a whole: fair_share.hpp.
struct ShareOwner {
    std::string id{};
    std::int64_t weight = 1;  // of its share, any unit
    std::int64_t decayed_use_mgpuh = 0;
};

// What an owner has used of one site, decayed: the score's share debt.
struct SiteUse {
    std::string site{};
    std::string owner{};
    std::int64_t decayed_mgpuh = 0;
};

// What a unit of each score term costs, in millionths of a millisecond of delay, and the limits of a round.
// The defaults are policy, not facts: who decides about them says so in the configuration.
struct PlacementPolicy {
    std::int64_t start_micro = 1'000'000;           // per ms until the median start
    std::int64_t band_micro = 250'000;              // per ms between median and p90 of the start
    std::int64_t run_micro = 1'000'000;             // per ms of run time there
    std::int64_t energy_micro = 60'000'000;         // per Wh and GPU: a kWh for a minute
    std::int64_t carbon_micro = 300'000'000;        // per g CO2e and GPU: a kg for five minutes
    std::int64_t price_micro = 60'000'000;          // per milli-euro and GPU: a euro for a minute
    std::int64_t transfer_micro = 1'000'000;        // per ms of moving data there
    std::int64_t share_debt_micro = 3'600'000'000;  // per thousandth used above the share: all of it an hour
    std::int64_t preference_micro = 600'000'000'000;  // per place in the order of preference: ten minutes
    std::int64_t lateness_micro = 4'000'000;          // per ms after the deadline
    std::int64_t wait_ms =
        30LL * 24 * 3600 * 1000;         // what being left waiting costs: dearer options are not taken
    std::int64_t together_ms = 600'000;  // a quorum's starts lie within this
    std::int64_t missing_site_ms =
        20LL * 24 * 3600 * 1000;   // what each wanted site costs that a run does without
    int starts_per_partition = 6;  // moments at which a claim may start
    int options_per_shape = 256;   // cheapest (partition, start) looked at first
    int improvement_passes = 3;
    std::int64_t exact_nodes = 200'000;  // search nodes for the proof before the heuristic stands
};

struct PlacementRound {
    std::int64_t now_ms = 0;
    std::vector<PlacementSite> sites{};
    std::vector<Workload> workloads{};
    std::vector<LawClass> law{};
    std::vector<Budget> budgets{};
    std::vector<ShareOwner> owners{};
    std::vector<SiteUse> use{};
    PlacementPolicy policy{};
};

inline constexpr std::size_t placement_most_workloads = 500'000;
inline constexpr std::size_t placement_most_partitions = 10'000;
inline constexpr std::int64_t placement_most_gpus = 100'000;          // of one claim or partition
inline constexpr int placement_most_sites = 16;                       // of one workload
inline constexpr std::int64_t placement_most_ms = 4'000'000'000'000;  // a time: the year 2096

// bad_input: names the list, the entry and what would be right. A round that passes cannot make the planner
// overflow or fail.
Status check(const PlacementRound& round);

}  // namespace euromesh::federation

// One claim as a chain of allocations: what to do next, decided from what is known.
//
// Why: an allocation of a batch system ends after hours, and may be taken away earlier; a training run lasts
// weeks. A job that resumes is therefore run as links CLAIM~1, CLAIM~2, ..., one after another. That a link
// left in time (exit 75), ran into its limit, was preempted, lost its node or its guard is the same: the next
// one goes on. Any other end is the end of the claim.
//
// Pure: the record (what was planned, written down before it is done) and what the batch system tells of the
// links go in, one step comes out. So whoever carries out the steps may be killed at any moment: the next
// life asks the same question again. Plain values: no thread rule.
//
// Invariants, held by chain_test.cpp over 1,000 random worlds: links are planned in order and never twice;
// one is planned while another runs only to start after that; the sum of what links may run is at most the
// job's duration, as far as is known when one is planned; the usage of a claim is the sum of its links'.
// It does not: know queues or prices, choose the site, run anything.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "federation/batch/batch_system.hpp"

namespace euromesh::federation {

struct ChainPolicy {
    std::int64_t longest_ms = 0;  // of one allocation; 0: as long as the job
    // The next allocation is asked for so long before the end of the running one; below 0: half of it.
    std::int64_t lead_ms = -1;
    std::int64_t least_ms = 60'000;    // a shorter rest of the job's time is not worth an allocation
    std::int64_t at_once_ms = 30'000;  // a link that ends sooner, or is cancelled at the site, is a strike
    int strikes_most = 3;              // so many in a row, and the claim has failed
    std::int64_t pause_ms = 5'000;     // after a strike; doubles with each
};

inline constexpr int links_most = 9'999;

// bad_input: names what would be right.
Status check(const ChainPolicy& policy);

// What is written down of a claim before anything is done for it.
struct ChainRecord {
    JobStart job{};  // all of it: its duration is that of the claim
    std::uint64_t order = 0;
    std::int64_t submitted_ms = 0;
    std::vector<std::int64_t> planned_ms{};  // of link 1, 2, ...: how long it may run
    bool cancelled = false;
    bool forgetting = false;
    std::string refused{};  // the site's words: the last planned link will never be
    // What became of the claim, for good: a policy that changes later changes nothing of it.
    std::optional<BatchJob> end{};
    bool operator==(const ChainRecord&) const = default;
};

// Of the planned links, in order; none: the batch system does not know it.
using ChainLinks = std::vector<std::optional<BatchJob>>;

struct ChainStep {
    enum class Kind {
        wait,
        plan,    // write down one more link of duration_ms, then submit it
        submit,  // the last planned one, (again)
        cancel,  // all links that are not over
        over,
    };
    Kind kind = Kind::wait;
    std::int64_t duration_ms = 0;
};

// links.size() == record.planned_ms.size().
ChainStep next_step(const ChainRecord& record, const ChainPolicy& policy, const ChainLinks& links,
                    std::int64_t now_ms);

// The claim as one job: running from its first link's start to its end, usage summed.
BatchJob claim_of(const ChainRecord& record, const ChainPolicy& policy, const ChainLinks& links,
                  std::int64_t now_ms);

// Link `number` as a job of its own; it starts after the link before, if there is one.
JobStart link_of(const ChainRecord& record, int number);

struct LinkName {
    std::string claim;
    int number = 0;
};
std::string link_marker(const std::string& claim, int number);
std::optional<LinkName> parse_link_marker(std::string_view marker);

}  // namespace euromesh::federation

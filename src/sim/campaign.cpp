#include "sim/campaign.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/hash.hpp"
#include "base/os/thread.hpp"

namespace euromesh::sim {
namespace {

Result<Outcome> run_seed(const Scenario& scenario, std::uint64_t seed, bool twice) {
    const Setup setup = draw(scenario, seed);
    EM_ASSIGN(Outcome outcome, simulate(setup));
    if (!twice) return outcome;
    EM_ASSIGN(const Outcome again, simulate(setup));
    if (again.digest != outcome.digest) {
        outcome.findings.failures.push_back(
            fmt::format("two runs of this seed end in the digests {} and {}", outcome.digest, again.digest));
    }
    return outcome;
}

void add(std::map<std::string, std::uint64_t>& sums, const std::map<std::string, std::uint64_t>& counts) {
    for (const auto& [kind, count] : counts) sums[kind] += count;
}

// Only sums, and what is put in order at the end: which thread comes first makes no difference.
void add(Campaign& campaign, std::uint64_t seed, const Outcome& outcome,
         std::map<std::uint64_t, std::string>& digests) {
    const Findings& findings = outcome.findings;
    campaign.seeds += 1;
    campaign.events += outcome.events;
    // In whole milliseconds: sums of doubles would depend on their order.
    campaign.simulated_seconds += static_cast<double>(static_cast<std::int64_t>(outcome.seconds * 1e3)) / 1e3;
    campaign.handed_in += findings.handed_in;
    campaign.counted += findings.counted;
    campaign.dropped += findings.dropped;
    campaign.pending += findings.pending;
    campaign.contradicted += findings.contradicted;
    campaign.late += findings.late;
    campaign.rounds += findings.rounds;
    campaign.abandoned_rounds += findings.abandoned_rounds;
    add(campaign.faults, outcome.faults);
    add(campaign.notes, findings.notes);
    digests[seed] = outcome.digest;
    if (findings.failures.empty()) return;
    campaign.failed_seeds += 1;
    campaign.failed.push_back({seed, findings.failures});
}

}  // namespace

Result<Campaign> run_campaign(const Scenario& scenario, const CampaignOptions& options) {
    Campaign campaign;
    std::optional<Error> error;
    std::map<std::uint64_t, std::string> digests;
    std::mutex mutex;
    std::atomic<std::uint64_t> next = 0;
    std::atomic<bool> stop = false;
    const auto work = [&] {
        for (std::uint64_t i = next++; i < options.seeds && !stop; i = next++) {
            const std::uint64_t seed = options.first_seed + i;
            const auto outcome = run_seed(scenario, seed, options.twice);
            const std::lock_guard lock(mutex);
            if (!outcome) error = outcome.error().within(fmt::format("seed {}", seed));
            if (outcome) add(campaign, seed, *outcome, digests);
            stop = stop || error || (options.stop_at_failure && campaign.failed_seeds > 0);
        }
    };
    {
        const unsigned threads = options.threads == 0 ? os::hardware_threads() : options.threads;
        std::vector<os::Thread> helpers;
        for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(work);
        work();
    }
    if (error) return fail(*error);
    std::sort(campaign.failed.begin(), campaign.failed.end(),
              [](const FailedSeed& a, const FailedSeed& b) { return a.seed < b.seed; });
    if (campaign.failed.size() > failed_seeds_most) campaign.failed.resize(failed_seeds_most);
    std::string all;
    for (const auto& [seed, digest] : digests) all += digest;
    campaign.digest = to_hex(fast_digest(std::as_bytes(std::span(all))));
    return campaign;
}

}  // namespace euromesh::sim

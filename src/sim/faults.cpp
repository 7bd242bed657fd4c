#include "sim/faults.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace euromesh::sim {
namespace {

double expected_seconds(const Setup& setup) {
    double sum = 0;
    for (Rank site = 0; site < setup.sites.size(); ++site) sum += round_seconds(setup, site);
    return sum / static_cast<double>(setup.sites.size()) * static_cast<double>(setup.run.rounds);
}

// 0 to `most`, and the fraction as the chance of one.
std::uint64_t draw_count(double most, Random& random) {
    const double whole = std::floor(most);
    const std::uint64_t extra = random.uniform() < most - whole ? 1 : 0;
    return random.below(static_cast<std::uint64_t>(whole) + 1) + extra;
}

}  // namespace

std::string_view name_of(FaultKind kind) {
    static constexpr std::string_view names[] = {
        "site killed",   "machine lost",   "announced leave", "connection reset", "link cut",    "slow line",
        "corrupt frame", "repeated frame", "clock jump",      "full disk",        "hub restart", "wrong sum"};
    return names[static_cast<std::size_t>(kind)];
}

std::vector<Fault> draw_faults(const Setup& setup, Random& random) {
    const FaultModel& model = setup.faults;
    const std::pair<FaultKind, double> kinds[] = {{FaultKind::kill, model.kills},
                                                  {FaultKind::vanish, model.vanishings},
                                                  {FaultKind::leave, model.leaves},
                                                  {FaultKind::reset, model.resets},
                                                  {FaultKind::outage, model.outages},
                                                  {FaultKind::slow_line, model.slow_lines},
                                                  {FaultKind::corrupt_frame, model.corrupt_frames},
                                                  {FaultKind::repeated_frame, model.repeated_frames},
                                                  {FaultKind::clock_jump, model.clock_jumps},
                                                  {FaultKind::full_disk, model.full_disks},
                                                  {FaultKind::hub_restart, model.hub_restarts},
                                                  {FaultKind::bit_flip, model.bit_flips}};
    const double span = expected_seconds(setup);
    std::vector<Fault> faults;
    for (const auto& [kind, most] : kinds) {
        const std::uint64_t count = draw_count(most, random);
        for (std::uint64_t i = 0; i < count; ++i) {
            const double when = (0.02 + 0.9 * random.uniform()) * span;
            // As often short as long.
            const double length = model.away_s * std::pow(10, -2 * random.uniform());
            faults.push_back({kind, from_seconds(when), from_seconds(length)});
        }
    }
    return faults;
}

}  // namespace euromesh::sim

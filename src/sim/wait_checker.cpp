#include "sim/wait_checker.hpp"

#include <algorithm>

namespace euromesh::sim {
namespace {

// Every pause of a ConductorConfig as it is by default, retries included.
constexpr double pauses_s = 10;

double slowest_line(const Setup& setup) {
    double least = setup.network.hub_bits_per_second;
    for (const SiteModel& site : setup.sites) least = std::min(least, site.line.bits_per_second);
    return least / 10;  // a slow line is ten times slower
}

}  // namespace

Nanoseconds stall_limit(const Setup& setup) {
    double compute_s = 0;
    for (Rank site = 0; site < setup.sites.size(); ++site) {
        compute_s = std::max(compute_s, round_seconds(setup, site));
    }
    compute_s *= 1 + setup.compute.spread;
    if (setup.compute.straggle_chance > 0) compute_s *= setup.compute.straggle_factor;
    const double bytes = 2 * payload_bytes(setup.run) + state_bytes(setup.run);
    const double moving_s = 8 * bytes / slowest_line(setup);
    return from_seconds(3 * compute_s + 2 * moving_s + 2 * setup.network.silence_s + pauses_s);
}

WaitChecker::WaitChecker(const Setup& setup, const EventQueue& queue)
    : queue_(queue), limit_(stall_limit(setup)) {}

void WaitChecker::disturbed(Nanoseconds until) {
    disturbed_until_ = std::max(disturbed_until_, until);
}

std::string WaitChecker::committed() {
    const Nanoseconds began = std::max(moved_, disturbed_until_);
    const Nanoseconds now = queue_.now();
    moved_ = now;
    if (now <= began) return {};
    longest_stall_s_ = std::max(longest_stall_s_, to_seconds(now - began));
    if (now - began <= limit_) return {};
    return fmt::format("nothing was committed for {:.1f} s without a fault; at most {:.1f} s have a reason",
                       to_seconds(now - began), to_seconds(limit_));
}

}  // namespace euromesh::sim

#include "federation/batch/harvest_reconciler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace euromesh::federation {
namespace {

constexpr std::size_t starts_a_step = 8;  // a scheduler is not to be flooded, however much is idle

// Takes the number and the sign after it away.
bool take_number(std::string_view& text, char sign, std::int64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (sign == '\0') return text.empty();
    if (!text.starts_with(sign)) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::string to_marker(const HarvestMarker& marker) {
    return fmt::format("{}~h{}-{}-{}", marker.name, marker.when_ms, marker.number, marker.duration_ms);
}

bool parse_harvest_marker(std::string_view text, HarvestMarker& marker) {
    const std::size_t at = text.find("~h");
    if (at == std::string_view::npos) return false;
    marker.name = text.substr(0, at);
    text.remove_prefix(at + 2);
    return take_number(text, '-', marker.when_ms) && take_number(text, '-', marker.number) &&
           take_number(text, '\0', marker.duration_ms);
}

Result<std::vector<HarvestLink>> HarvestReconciler::links() {
    EM_ASSIGN(const auto jobs, batch_.list());
    const std::int64_t now = clock_.wall().count() / 1'000'000;
    std::vector<HarvestLink> links;
    for (const BatchJob& job : jobs) {
        HarvestMarker marker;
        if (!parse_harvest_marker(job.marker, marker) || marker.name != form_.marker) continue;
        if (job.is_over()) {
            EM_TRY(count_and_forget(job));
            continue;
        }
        const std::int64_t began = job.started_ms > 0 ? job.started_ms : now;
        const bool is_leaving = std::find(leaving_.begin(), leaving_.end(), job.marker) != leaving_.end();
        // Who leaves needs its gap no longer: another link shall not have to leave in its place.
        const std::int64_t ends = began + marker.duration_ms;
        links.push_back({job.marker, policy_.nodes_per_link,
                         is_leaving ? std::min(ends, now + policy_.leave_ms) : ends, is_leaving});
    }
    return links;
}

Status HarvestReconciler::count_and_forget(const BatchJob& job) {
    EM_TRY(batch_.forget(job.marker));
    ++tally_.over;
    tally_.taken += job.cause == EndCause::interrupted ? 1 : 0;
    tally_.node_ms += job.usage.wall_ms * policy_.nodes_per_link;
    std::erase(leaving_, job.marker);
    return {};
}

Status HarvestReconciler::begin(const HarvestStart& start, std::int64_t number) {
    JobStart job = form_;
    const std::int64_t now = clock_.wall().count() / 1'000'000;
    job.marker = to_marker({form_.marker, now, number, start.duration_ms});
    job.duration_ms = start.duration_ms;
    job.warn_ms = std::min(policy_.leave_ms, start.duration_ms / 2);
    job.resources.nodes = policy_.nodes_per_link;
    EM_TRY(batch_.submit(job));
    ++tally_.begun;
    return {};
}

Status HarvestReconciler::step() {
    EM_ASSIGN(const auto links_now, links());
    EM_ASSIGN(const auto windows, windows_.idle_windows());
    const HarvestPlan plan = plan_harvest(windows, links_now, policy_, clock_.wall().count() / 1'000'000);
    for (const std::string& marker : plan.end) {
        EM_TRY(batch_.cancel(marker));
        leaving_.push_back(marker);
        ++tally_.told_to_leave;
    }
    for (std::size_t i = 0; i < std::min(plan.start.size(), starts_a_step); ++i)
        EM_TRY(begin(plan.start[i], static_cast<std::int64_t>(i)));
    return {};
}

Result<std::size_t> HarvestReconciler::wind_up() {
    EM_ASSIGN(const auto left, links());
    for (const HarvestLink& link : left) {
        if (link.is_leaving) continue;
        EM_TRY(batch_.cancel(link.marker));
        leaving_.push_back(link.marker);
    }
    return left.size();
}

}  // namespace euromesh::federation

#include "sim/federation/federation_agent.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace euromesh::sim {
namespace {

bool at_rest(const std::string& state) {
    return state != "accepted" && state != "running";
}

}  // namespace

void FederationAgent::open_journal() {
    journal_ = fmt::format("{}-{}", site_, journals_++);
    orders_seen_ = -1;
    entries_.clear();
}

void FederationAgent::lose_journal() {
    open_journal();
}

federation::SiteReport FederationAgent::report() const {
    federation::SiteReport report{journal_, orders_seen_, {}};
    for (const auto& [claim, entry] : entries_) report.claims.push_back(entry.report);
    return report;
}

void FederationAgent::start(const federation::StartOrder& order, std::int64_t now_ms) {
    if (entries_.count(order.claim) != 0) return;
    Entry entry;
    entry.report.claim = order.claim;
    entry.job = order.job;
    entry.report.state = random_.below(10) == 0 ? "refused" : "accepted";
    if (entry.report.state == "refused") entry.report.words = "no room in the partition";
    entry.starts_ms = now_ms + static_cast<std::int64_t>(random_.below(60'000));
    entry.ends_ms = entry.starts_ms + 1 +
                    static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(order.limit_ms)));
    entry.exit = random_.below(10) == 0 ? 1 : 0;
    entries_[order.claim] = entry;
}

void FederationAgent::cancel(const std::string& claim, std::int64_t now_ms) {
    Entry& entry = entries_[claim];
    if (!entry.report.claim.empty() && at_rest(entry.report.state)) return;
    entry.report.claim = claim;
    entry.report.state = "cancelled";
    if (entry.report.started_ms > 0) entry.report.ended_ms = std::max(now_ms, entry.report.started_ms);
}

void FederationAgent::take(const federation::Orders& orders, std::int64_t now_ms, WorldRecord& world) {
    if (orders.as_of < orders_seen_) return;
    if (!orders.journal.empty() && orders.journal != journal_) return;
    step(now_ms, world);
    orders_seen_ = orders.as_of;
    for (const std::string& claim : orders.forget) {
        const auto found = entries_.find(claim);
        if (found != entries_.end() && at_rest(found->second.report.state)) entries_.erase(found);
    }
    for (const federation::StartOrder& order : orders.start) start(order, now_ms);
    for (const std::string& claim : orders.cancel) cancel(claim, now_ms);
}

void FederationAgent::step(std::int64_t now_ms, WorldRecord& world) {
    for (auto& [claim, entry] : entries_) {
        federation::ClaimReport& report = entry.report;
        if (report.state == "accepted" && entry.starts_ms <= now_ms) {
            report.state = "running";
            report.started_ms = entry.starts_ms;
            world.started[entry.job] += 1;
        }
        if (report.state != "running" || entry.ends_ms > now_ms) continue;
        report.state = "ended";
        report.ended_ms = entry.ends_ms;
        report.exit = entry.exit;
        if (entry.exit == 0) world.ended_well[entry.job] += 1;
    }
}

}  // namespace euromesh::sim

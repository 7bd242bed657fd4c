#include "federation/batch/harvest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t minute = 60'000, hour = 60 * minute;

HarvestPolicy many() {
    return {.links_most = 100};
}

TEST_CASE("links are as long as their gaps, less what leaving takes, and no longer than they may be") {
    const std::vector<IdleWindow> windows{{2, 31 * minute}, {1, gap_has_no_end}, {1, 8 * minute}};
    const HarvestPlan plan = plan_harvest(windows, {}, many(), 0);
    REQUIRE(plan.start.size() == 3);
    CHECK(plan.start[0].duration_ms == 4 * hour);
    CHECK(plan.start[1].duration_ms == 30 * minute);
    CHECK(plan.start[2].duration_ms == 30 * minute);
    CHECK(plan.end.empty());
    HarvestPolicy few = many();
    few.links_most = 1;
    CHECK(plan_harvest(windows, {}, few, 0).start.size() == 1);
    few = many();
    few.nodes_kept = 3;
    CHECK(plan_harvest(windows, {}, few, 0).start == std::vector<HarvestStart>{{4 * hour}});
}

TEST_CASE("a link of several nodes lasts as long as the first of them that is needed") {
    HarvestPolicy policy = many();
    policy.nodes_per_link = 3;
    const std::vector<IdleWindow> windows{{2, 31 * minute}, {2, gap_has_no_end}};
    const HarvestPlan plan = plan_harvest(windows, {}, policy, 0);
    REQUIRE(plan.start.size() == 1);
    CHECK(plan.start[0].duration_ms == 30 * minute);
    policy.nodes_per_link = 5;
    CHECK(plan_harvest(windows, {}, policy, 0).start.empty());
}

TEST_CASE("when a gap closes, so many links leave as have no place, and those that would end first") {
    const std::vector<HarvestLink> links{{"a", 1, 50 * minute}, {"b", 1, 20 * minute}, {"c", 1, 90 * minute}};
    CHECK(plan_harvest({{3, gap_has_no_end}}, links, many(), 0).end.empty());
    const HarvestPlan plan = plan_harvest({{2, gap_has_no_end}}, links, many(), 0);
    CHECK(plan.end == std::vector<std::string>{"b"});
    CHECK(plan.start.empty());
    // Closes within what leaving takes.
    CHECK(plan_harvest({{3, minute}}, links, many(), 0).end.size() == 3);
    std::vector<HarvestLink> told = links;
    for (HarvestLink& link : told) link.is_leaving = true;
    CHECK(plan_harvest({}, told, many(), 0).end.empty());
}

TEST_CASE("a policy that cannot be meant is refused") {
    CHECK(check(HarvestPolicy{}).has_value());
    CHECK_FALSE(check(HarvestPolicy{.nodes_per_link = 0}).has_value());
    CHECK_FALSE(check(HarvestPolicy{.least_ms = 5, .longest_ms = 4, .leave_ms = 1}).has_value());
    CHECK_FALSE(check(HarvestPolicy{.leave_ms = hour}).has_value());
}

// ---- a machine with first come, first served and EASY backfill --------------------------------------------

struct Job {
    std::int64_t arrival = 0, nodes = 1, run = 0, limit = 0;
    std::int64_t start = -1;
    std::int64_t end() const { return start + run; }
};

struct Link {
    std::int64_t start = 0, ends = 0;
    bool is_leaving = false;
};

class Machine {
  public:
    Machine(std::int64_t nodes, std::vector<Job> jobs, std::optional<HarvestPolicy> harvest, bool is_sized)
        : nodes_(nodes), jobs_(std::move(jobs)), harvest_(harvest), is_sized_(is_sized) {}

    void run(std::int64_t until) {
        for (std::int64_t now = 0; now < until; now = next(now)) {
            advance(now);
            schedule(now);
            if (harvest_) harvest(now);
        }
        advance(until);
    }

    const std::vector<Job>& jobs() const { return jobs_; }
    std::int64_t idle = 0;       // node-ms without other jobs
    std::int64_t harvested = 0;  // of that
    int begun = 0, taken = 0;    // links; and those that the scheduler had to take

  private:
    bool is_running(const Job& job, std::int64_t now) const {
        return job.start >= 0 && job.start <= now && now < job.end();
    }
    std::int64_t free(std::int64_t now) const {
        std::int64_t used = 0;
        for (const Job& job : jobs_) used += is_running(job, now) ? job.nodes : 0;
        return nodes_ - used;
    }
    std::int64_t next(std::int64_t now) const {
        std::int64_t found = (now / minute + 1) * minute;  // who harvests looks every minute
        for (const Job& job : jobs_) {
            if (job.arrival > now) found = std::min(found, job.arrival);
            if (job.start >= 0 && job.end() > now) found = std::min(found, job.end());
        }
        for (const Link& link : links_) found = std::min(found, std::max(link.ends, now + 1));
        return found;
    }
    void advance(std::int64_t now) {
        idle += free(before_) * (now - before_);
        harvested += static_cast<std::int64_t>(links_.size()) * (now - before_);
        before_ = now;
        std::erase_if(links_, [&](const Link& link) { return link.ends <= now; });
    }

    std::vector<std::size_t> queue(std::int64_t now) const {
        std::vector<std::size_t> waiting;
        for (std::size_t i = 0; i < jobs_.size() && jobs_[i].arrival <= now; ++i) {
            if (jobs_[i].start < 0) waiting.push_back(i);
        }
        return waiting;
    }
    // When the head may start at the latest, and how many nodes it leaves then.
    std::pair<std::int64_t, std::int64_t> shadow(const Job& head, std::int64_t now) const {
        std::vector<std::pair<std::int64_t, std::int64_t>> ends;
        for (const Job& job : jobs_) {
            if (is_running(job, now)) ends.emplace_back(job.start + job.limit, job.nodes);
        }
        std::sort(ends.begin(), ends.end());
        std::int64_t room = free(now);
        for (const auto& [end, nodes] : ends) {
            room += nodes;
            if (room >= head.nodes) return {end, room - head.nodes};
        }
        return {gap_has_no_end, 0};
    }
    // As if no link were there: they are preemptible.
    void schedule(std::int64_t now) {
        std::vector<std::size_t> waiting = queue(now);
        std::int64_t room = free(now);
        std::size_t at = 0;
        for (; at < waiting.size() && jobs_[waiting[at]].nodes <= room; ++at) {
            jobs_[waiting[at]].start = now;
            room -= jobs_[waiting[at]].nodes;
        }
        if (at < waiting.size()) {
            auto [when, extra] = shadow(jobs_[waiting[at]], now);
            for (++at; at < waiting.size(); ++at) {
                Job& job = jobs_[waiting[at]];
                const bool ends_before = now + job.limit <= when;
                if (job.nodes > room || (!ends_before && job.nodes > extra)) continue;
                job.start = now;
                room -= job.nodes;
                if (!ends_before) extra -= job.nodes;
            }
        }
        while (static_cast<std::int64_t>(links_.size()) > room) {
            taken += links_.back().is_leaving ? 0 : 1;
            links_.pop_back();
        }
    }

    std::vector<IdleWindow> windows(std::int64_t now) const {
        const std::int64_t room = free(now);
        const std::vector<std::size_t> waiting = queue(now);
        if (!is_sized_ || waiting.empty()) return {{room, gap_has_no_end}};
        const auto [when, extra] = shadow(jobs_[waiting.front()], now);
        const std::int64_t beside = std::min(room, extra);
        return {{beside, gap_has_no_end}, {room - beside, when}};
    }
    void harvest(std::int64_t now) {
        std::vector<HarvestLink> links;
        for (std::size_t i = 0; i < links_.size(); ++i)
            links.push_back({std::to_string(i), 1, links_[i].ends, links_[i].is_leaving});
        const HarvestPlan plan = plan_harvest(windows(now), links, *harvest_, now);
        for (const std::string& marker : plan.end) {
            Link& link = links_[static_cast<std::size_t>(std::stoi(marker))];
            link.is_leaving = true;
            link.ends = std::min(link.ends, now + harvest_->leave_ms / 2);
        }
        for (const HarvestStart& start : plan.start) {
            links_.push_back({now, now + start.duration_ms});
            ++begun;
        }
    }

    std::int64_t nodes_;
    std::vector<Job> jobs_;
    std::optional<HarvestPolicy> harvest_;
    bool is_sized_;  // links are sized to windows; otherwise as long as they may be
    std::vector<Link> links_;
    std::int64_t before_ = 0;
};

// About four fifths of 32 nodes for two days: many small jobs, some that need half of the machine.
std::vector<Job> load(std::uint64_t seed) {
    Random random(seed);
    const auto below = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most)));
    };
    std::vector<Job> jobs;
    std::int64_t work = 0;
    for (std::int64_t at = 0; at < 48 * hour;) {
        Job job;
        job.arrival = at;
        job.nodes = below(8) == 0 ? 16 + below(12) : 1 + below(6);
        job.run = 5 * minute + below(3 * hour);
        job.limit = job.run + below(2 * hour);
        work += job.nodes * job.run;
        jobs.push_back(job);
        at = work / 32 * 5 / 4 + below(10 * minute);
    }
    return jobs;
}

TEST_CASE("a gap before a job that waits is used to its end, and nothing must be taken away") {
    const std::vector<Job> jobs{{0, 3, 60 * minute, 60 * minute}, {minute, 4, hour, hour}};
    Machine sized(4, jobs, many(), true), unsized(4, jobs, many(), false);
    sized.run(90 * minute);
    unsized.run(90 * minute);
    CHECK(sized.jobs()[1].start == 60 * minute);
    CHECK(sized.taken == 0);
    CHECK(sized.begun == 1);
    CHECK(sized.harvested == 59 * minute + minute / 2);
    CHECK(unsized.taken == 1);
}

TEST_CASE("idle node-hours at four fifths of load are used, and no other job starts later") {
    std::int64_t idle = 0, harvested = 0;
    int begun = 0, taken = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        Machine without(32, load(seed), std::nullopt, true), with(32, load(seed), many(), true);
        without.run(48 * hour);
        with.run(48 * hour);
        bool is_same = true;
        for (std::size_t i = 0; i < with.jobs().size(); ++i)
            is_same = is_same && with.jobs()[i].start == without.jobs()[i].start;
        CHECK(is_same);
        CHECK(with.idle == without.idle);
        CHECK(with.harvested <= with.idle);
        idle += with.idle;
        harvested += with.harvested;
        begun += with.begun;
        taken += with.taken;
    }
    MESSAGE("harvested " << harvested * 100 / idle << " % of " << idle / hour << " idle node-hours of "
                         << 10 * 48 * 32 << " by " << begun << " links, of which " << taken
                         << " were taken away");
    CHECK(harvested * 10 >= idle * 6);
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/batch/chain.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

using Kind = ChainStep::Kind;

ChainRecord ten_minutes() {
    ChainRecord record;
    record.job = {.marker = "claim",
                  .executable = "/bin/true",
                  .duration_ms = 600'000,
                  .warn_ms = 10'000,
                  .resumes = true};
    record.submitted_ms = 1'000;
    return record;
}

ChainPolicy two_minutes() {
    return {.longest_ms = 120'000, .lead_ms = 60'000, .least_ms = 30'000};
}

BatchJob running_link(int number, std::int64_t started_ms) {
    BatchJob link;
    link.marker = link_marker("claim", number);
    link.state = BatchState::running;
    link.submitted_ms = 1'000;
    link.started_ms = started_ms;
    return link;
}

BatchJob ended_link(int number, std::int64_t started_ms, std::int64_t ended_ms, EndCause cause, int status) {
    BatchJob link = running_link(number, started_ms);
    link.state = cause == EndCause::cancelled ? BatchState::cancelled : BatchState::ended;
    link.cause = cause;
    link.exit_status = status;
    link.ended_ms = ended_ms;
    link.usage = {ended_ms - started_ms, 7, 2};
    return link;
}

Kind kind_of(const ChainRecord& record, const ChainPolicy& policy, const ChainLinks& links,
             std::int64_t now_ms) {
    return next_step(record, policy, links, now_ms).kind;
}

TEST_CASE("a claim begins with an allocation as long as there is, and asks for the next one in time") {
    ChainRecord record = ten_minutes();
    const ChainPolicy policy = two_minutes();
    const ChainStep first = next_step(record, policy, {}, 1'000);
    CHECK(first.kind == Kind::plan);
    CHECK(first.duration_ms == 120'000);
    record.planned_ms = {120'000};
    CHECK(kind_of(record, policy, {std::nullopt}, 1'000) == Kind::submit);
    const ChainLinks links{running_link(1, 10'000)};
    CHECK(kind_of(record, policy, links, 69'999) == Kind::wait);
    CHECK(kind_of(record, policy, links, 70'000) == Kind::plan);
    const BatchJob claim = claim_of(record, policy, links, 70'000);
    CHECK(claim.state == BatchState::running);
    CHECK(claim.started_ms == 10'000);
    CHECK(claim.usage.wall_ms == 0);
}

TEST_CASE("a link goes on where the one before stopped, whatever stopped it") {
    ChainRecord record = ten_minutes();
    record.planned_ms = {120'000};
    for (const EndCause cause : {EndCause::exit, EndCause::time_limit, EndCause::interrupted}) {
        const ChainLinks links{ended_link(1, 0 + 1, 110'001, cause, 75)};
        const ChainStep step = next_step(record, two_minutes(), links, 110'001);
        CHECK(step.kind == Kind::plan);
        CHECK(step.duration_ms == 120'000);
        CHECK(claim_of(record, two_minutes(), links, 110'001).state == BatchState::running);
    }
    BatchJob lost = ended_link(1, 1, 110'001, EndCause::none, 0);
    lost.state = BatchState::lost;
    CHECK(kind_of(record, two_minutes(), {lost}, 110'001) == Kind::plan);
}

TEST_CASE("any other end is the end of the claim; a link that was asked for goes") {
    ChainRecord record = ten_minutes();
    record.planned_ms = {120'000, 120'000};
    const BatchJob done = ended_link(1, 1, 100'001, EndCause::exit, 0);
    BatchJob spare = running_link(2, 0);
    spare.state = BatchState::queued;
    CHECK(kind_of(record, two_minutes(), {done, spare}, 100'002) == Kind::cancel);
    spare.state = BatchState::cancelled;
    CHECK(kind_of(record, two_minutes(), {done, spare}, 100'002) == Kind::over);
    const BatchJob claim = claim_of(record, two_minutes(), {done, spare}, 100'002);
    CHECK(claim.state == BatchState::ended);
    CHECK(claim.cause == EndCause::exit);
    CHECK(claim.exit_status == 0);
    CHECK(claim.usage == BatchUsage{100'000, 7, 2});
    CHECK(claim.ended_ms == 100'001);
    CHECK(claim.message.empty());
    record.planned_ms = {120'000};
    CHECK(kind_of(record, two_minutes(), {ended_link(1, 1, 9, EndCause::signal, 139)}, 9) == Kind::over);
    CHECK(kind_of(record, two_minutes(), {ended_link(1, 0, 9, EndCause::not_started, 0)}, 9) == Kind::over);
}

TEST_CASE("the job's time is the sum over its links, and a small rest is not worth one") {
    ChainRecord record = ten_minutes();
    record.job.duration_ms = 260'000;
    record.planned_ms = {120'000};
    ChainLinks links{ended_link(1, 1, 110'001, EndCause::exit, 75)};
    record.planned_ms.push_back(120'000);
    links.emplace_back(running_link(2, 110'500));
    // 260 - 110 - 120: exactly what is worth it.
    const ChainStep third = next_step(record, two_minutes(), links, 200'000);
    CHECK(third.kind == Kind::plan);
    CHECK(third.duration_ms == 30'000);
    links[1] = ended_link(2, 110'500, 230'501, EndCause::time_limit, 137);
    CHECK(kind_of(record, two_minutes(), links, 230'501) == Kind::over);
    const BatchJob claim = claim_of(record, two_minutes(), links, 230'501);
    CHECK(claim.cause == EndCause::time_limit);
    CHECK(claim.exit_status == 137);
    CHECK(claim.usage.wall_ms == 110'000 + 120'001);
    CHECK(claim.message == "2 allocations, 499 ms between them");
}

TEST_CASE("allocations that come to nothing are asked for more slowly, and not for ever") {
    ChainRecord record = ten_minutes();
    const ChainPolicy policy = two_minutes();
    ChainLinks links;
    std::int64_t at = 1'000;
    for (int number = 1; number <= 3; ++number) {
        CHECK(kind_of(record, policy, links, at) == Kind::plan);
        record.planned_ms.push_back(120'000);
        links.emplace_back(ended_link(number, at, at + 29'999, EndCause::exit, 75));
        links.back()->message = "no disk";
        at += 29'999;
        const std::int64_t pause = 5'000 << (number - 1);
        if (number < 3) {
            CHECK(kind_of(record, policy, links, at + pause - 1) == Kind::wait);
            CHECK(claim_of(record, policy, links, at).message == "waits for its next allocation: no disk");
        }
        at += pause;
    }
    CHECK(kind_of(record, policy, links, at) == Kind::over);
    const BatchJob claim = claim_of(record, policy, links, at);
    CHECK(claim.message.starts_with("3 allocations in a row came to nothing; the last one: no disk"));
    CHECK(claim.exit_status == 75);
    // One that did something is a new beginning.
    links[1] = ended_link(2, 1'000, 100'000, EndCause::exit, 75);
    CHECK(kind_of(record, policy, links, at) == Kind::plan);
}

TEST_CASE("cancelled: nothing is asked for any more; at the site: as one that came to nothing") {
    ChainRecord record = ten_minutes();
    record.cancelled = true;
    CHECK(kind_of(record, two_minutes(), {}, 5) == Kind::over);
    CHECK(claim_of(record, two_minutes(), {}, 5).state == BatchState::cancelled);
    CHECK(claim_of(record, two_minutes(), {}, 5).ended_ms == 5);
    record.planned_ms = {120'000};
    CHECK(kind_of(record, two_minutes(), {running_link(1, 2)}, 5) == Kind::cancel);
    CHECK(kind_of(record, two_minutes(), {std::nullopt}, 5) == Kind::over);
    // It left by itself at that moment.
    const ChainLinks left{ended_link(1, 2, 60'000, EndCause::exit, 75)};
    CHECK(claim_of(record, two_minutes(), left, 60'000).state == BatchState::cancelled);
    record.cancelled = false;
    const ChainLinks taken{ended_link(1, 2, 60'000, EndCause::cancelled, 143)};
    CHECK(kind_of(record, two_minutes(), taken, 60'000) == Kind::wait);
    CHECK(kind_of(record, two_minutes(), taken, 65'000) == Kind::plan);
}

TEST_CASE("what the site refuses for good ends the claim with the site's words, after what still runs") {
    ChainRecord record = ten_minutes();
    record.planned_ms = {120'000, 120'000};
    record.refused = "no such account";
    CHECK(kind_of(record, two_minutes(), {running_link(1, 2), std::nullopt}, 90'000) == Kind::wait);
    const ChainLinks links{ended_link(1, 2, 110'000, EndCause::exit, 75), std::nullopt};
    CHECK(kind_of(record, two_minutes(), links, 110'000) == Kind::over);
    const BatchJob claim = claim_of(record, two_minutes(), links, 110'000);
    CHECK(claim.cause == EndCause::not_started);
    CHECK(claim.message == "no such account");
}

TEST_CASE("links are jobs of their own in one directory") {
    ChainRecord record = ten_minutes();
    record.job.directory = "/shared";
    record.job.stdout_path = "/shared/out";
    record.planned_ms = {120'000, 15'000};
    const JobStart first = link_of(record, 1), second = link_of(record, 2);
    CHECK(first.marker == "claim~1");
    CHECK(first.after_marker.empty());
    CHECK(first.stdout_path == "/shared/out");
    CHECK(first.warn_ms == 10'000);
    CHECK(second.after_marker == "claim~1");
    CHECK(second.stdout_path == "/shared/out~2");
    CHECK(second.warn_ms == 3'750);
    CHECK(second.directory == "/shared");
    CHECK(second.environment.at("EUROMESH_ALLOCATION") == "2");
    CHECK(check(first).has_value());
    CHECK(check(second).has_value());
    CHECK(parse_link_marker("a~b~12")->claim == "a~b");
    CHECK(parse_link_marker("a~b~12")->number == 12);
    for (const char* text : {"a", "a~", "a~0", "a~01", "a~1x", "a~-1", "~1", "a~99999999999"})
        CHECK_FALSE(parse_link_marker(text).has_value());
}

TEST_CASE("a policy that cannot be meant is refused") {
    CHECK(check(ChainPolicy{}).has_value());
    CHECK_FALSE(check(ChainPolicy{.longest_ms = -1}).has_value());
    CHECK_FALSE(check(ChainPolicy{.least_ms = -1}).has_value());
    CHECK_FALSE(check(ChainPolicy{.strikes_most = 0}).has_value());
    CHECK_FALSE(check(ChainPolicy{.pause_ms = -1}).has_value());
}

// A site that does what it likes with allocations, and an agent that keeps only the record.
class World {
  public:
    explicit World(std::uint64_t seed) : random_(seed) {
        record.job.duration_ms = 1'000 + random(200'000);
        record.job.warn_ms = random(2'000);
        if (record.job.warn_ms >= record.job.duration_ms) record.job.warn_ms = 0;
        policy = {.longest_ms = random(10) == 0 ? 0 : 500 + random(30'000),
                  .lead_ms = random(20'000) - 1,
                  .least_ms = random(2'000),
                  .at_once_ms = random(3'000),
                  .strikes_most = 1 + static_cast<int>(random(4)),
                  .pause_ms = random(500)};
        ends_itself_ = random(3) == 0;
        cancel_at_ = random(4) == 0 ? random(200'000) : INT64_MAX;
        refuses_ = random(20) == 0;
    }

    // True when the claim is over.
    bool turn() {
        now_ += 1 + random(700);
        live();
        if (now_ >= cancel_at_ && !record.end && !claim_of(record, policy, seen(), now_).is_over())
            record.cancelled = true;
        if (random(3) > 0) agent();
        return record.end.has_value();
    }

    // What is wrong now; nothing: empty.
    std::string wrong() const {
        std::int64_t wall = 0, budget = 0;
        int running = 0, live = 0;
        bool is_short = true;
        for (std::size_t i = 0; i < links.size(); ++i) {
            if (!links[i]) continue;
            running += links[i]->state == BatchState::running ? 1 : 0;
            live += links[i]->is_over() ? 0 : 1;
            wall += links[i]->usage.wall_ms;
            budget += links[i]->is_over() ? time_of(*links[i]) : record.planned_ms[i];
            is_short = is_short && record.planned_ms[i] >= 1 &&
                       (policy.longest_ms == 0 || record.planned_ms[i] <= policy.longest_ms);
        }
        if (running > 1) return "two links run at once";
        if (!is_short) return "a link is longer than an allocation";
        // Links that overran their limit are known when the next one is planned.
        if (budget > record.job.duration_ms + overrun_) return "more time than the job has";
        if (record.end && live > 0) return "it is over, and a link is not";
        if (record.end && record.end->usage.wall_ms != wall) return "the sums differ";
        return "";
    }

    ChainRecord record = ten_minutes();
    ChainPolicy policy;
    ChainLinks links;  // as they are at the site
    int began = 0;

  private:
    std::int64_t random(std::int64_t below) {
        return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(below)));
    }
    static std::int64_t time_of(const BatchJob& link) {
        return link.started_ms == 0 ? 0 : std::max(link.usage.wall_ms, link.ended_ms - link.started_ms);
    }
    ChainLinks seen() const {
        ChainLinks made = links;
        made.resize(record.planned_ms.size());
        return made;
    }

    void live() {
        for (std::size_t i = 0; i < links.size(); ++i) {
            if (!links[i] || links[i]->is_over()) continue;
            if (links[i]->state == BatchState::queued)
                wait(i);
            else
                run(i);
        }
    }
    void wait(std::size_t i) {
        const bool before_is_over = i == 0 || (links[i - 1] && links[i - 1]->is_over());
        const bool was_success = i > 0 && before_is_over && links[i - 1]->cause == EndCause::exit &&
                                 links[i - 1]->exit_status == 0;
        if (random(60) == 0) return end(i, EndCause::cancelled, 0, 0);
        if (!before_is_over || was_success || random(3) == 0) return;
        links[i]->state = BatchState::running;
        links[i]->started_ms = now_;
        ++began;
    }
    void run(std::size_t i) {
        const std::int64_t ran = now_ - links[i]->started_ms, limit = record.planned_ms[i];
        if (ran >= limit) {
            overrun_ += ran - limit;
            return end(i, EndCause::time_limit, 143, ran);
        }
        if (record.job.warn_ms > 0 && ran >= limit - record.job.warn_ms && random(2) == 0)
            return end(i, EndCause::exit, 75, ran);
        if (ends_itself_ && random(40) == 0)
            return end(i, random(2) == 0 ? EndCause::exit : EndCause::signal, static_cast<int>(random(3)),
                       ran);
        if (random(40) == 0) return end(i, EndCause::interrupted, 75, ran);
        if (random(60) == 0) return end(i, EndCause::cancelled, 143, ran);
        if (random(60) > 0) return;
        end(i, EndCause::none, 0, 0);
        links[i]->state = BatchState::lost;
    }
    void end(std::size_t i, EndCause cause, int status, std::int64_t ran) {
        BatchJob& link = *links[i];
        link.state = cause == EndCause::cancelled ? BatchState::cancelled : BatchState::ended;
        link.cause = cause;
        link.exit_status = status;
        link.ended_ms = now_;
        link.usage = {ran, ran / 2, 1};
    }

    // One turn of an agent, which may be killed between any two things that it does.
    void agent() {
        const ChainStep step = next_step(record, policy, seen(), now_);
        const bool is_killed = random(5) == 0;
        switch (step.kind) {
            case Kind::wait:
                return;
            case Kind::plan:
                record.planned_ms.push_back(step.duration_ms);
                if (!is_killed) submit();
                return;
            case Kind::submit:
                return submit();
            case Kind::cancel:
                for (std::size_t i = 0; i < links.size(); ++i) cancel_link(i);
                return;
            case Kind::over:
                if (!is_killed) record.end = claim_of(record, policy, seen(), now_);
        }
    }
    void cancel_link(std::size_t i) {
        if (!links[i] || links[i]->is_over() || random(2) == 0) return;
        end(i, EndCause::cancelled, 143, links[i]->started_ms > 0 ? now_ - links[i]->started_ms : 0);
    }
    void submit() {
        const std::size_t number = record.planned_ms.size();
        if (random(6) == 0) return;  // unavailable
        links.resize(std::max(links.size(), number));
        if (links[number - 1]) return;
        if (refuses_ && random(3) == 0) {
            record.refused = "no";
            return;
        }
        BatchJob link;
        link.marker = link_marker("claim", static_cast<int>(number));
        link.submitted_ms = now_;
        links[number - 1] = link;
    }

    Random random_;
    std::int64_t now_ = 1'000, cancel_at_ = 0, overrun_ = 0;
    bool ends_itself_ = false, refuses_ = false;
};

TEST_CASE("1,000 random worlds: no two links at once, none lost, every sum agrees, and each claim ends") {
    int began = 0, ended = 0;
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        CAPTURE(seed);
        World world(seed);
        int turns = 0;
        BatchState state = BatchState::queued;
        while (!world.turn() && ++turns < 20'000) {
            REQUIRE(world.wrong() == "");
            const ChainLinks& links = world.links;
            ChainLinks seen = links;
            seen.resize(world.record.planned_ms.size());
            const BatchState now = claim_of(world.record, world.policy, seen, 1).state;
            REQUIRE(now >= state);
            state = now;
        }
        REQUIRE(world.wrong() == "");
        REQUIRE(world.record.end.has_value());
        began += world.began;
        ended += world.record.end->cause == EndCause::time_limit ? 1 : 0;
    }
    CHECK(began > 5'000);
    CHECK(ended > 100);
}

}  // namespace
}  // namespace euromesh::federation

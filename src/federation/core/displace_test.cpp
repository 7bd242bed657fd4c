#include "federation/core/displace.hpp"

#include "federation/core/core_for_test.hpp"
#include "federation/core/turns.hpp"
#include "federation/rules/shipped.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

// Every GPU has work of an hour; an emergency is declared, under the rules that we ship for it.
struct Full : TestFederation {
    std::vector<std::string> jobs;  // two at each site, 8 GPUs each, by the hour in which they started

    explicit Full(const std::string& job_class = "production", bool started = true) {
        std::vector<NamedText> rules{{"test.rules", rules_for_test}};
        const auto shipped = shipped_rules("emergency");
        REQUIRE(shipped);
        rules.push_back({shipped->name, shipped->text});
        must(admin, ChangeRules{rules, {}});
        contract::JobSpec work = spec(8, 10 * 3600);
        work.job_class = job_class;
        for (int i = 0; i < 6; ++i) jobs.push_back(started ? running(work) : decided(work));
        must(admin, SetMode{"emergency", now_ms + hour_ms, "flood", {}});
    }
    std::string decided(const contract::JobSpec& work) {
        const std::string id = submit(work);
        plan();
        REQUIRE(job(id).state == "placed");
        return id;
    }
    std::string running(const contract::JobSpec& work) {
        const std::string id = decided(work);
        offer(id);
        say(id, "running", now_ms);
        return id;
    }
    void offer(const std::string& id) { report(claim(id).site, {}); }
    void say(const std::string& id, const char* state, std::int64_t started = 0, std::int64_t ended = 0,
             std::int64_t exit = 0) {
        report(claim(id).site, {{claim(id).id, state, started, ended, 0, exit, ""}});
    }
    static contract::JobSpec urgent(std::int64_t gpus = 8) {
        contract::JobSpec work = spec(gpus, 3600);
        work.job_class = "emergency";
        return work;
    }
    std::vector<ClaimDisplaced> plan_and_see() {
        std::vector<ClaimDisplaced> all;
        for (const Event& event : must(coordinator, Plan{}).events)
            if (const auto* one = std::get_if<ClaimDisplaced>(&event.data)) all.push_back(*one);
        return all;
    }
    const JobRecord& victim() const {
        for (const std::string& id : jobs)
            if (job(id).displaced > 0) return job(id);
        FAIL("nobody gave way");
        return job(jobs[0]);
    }
    void check_sum() const {
        const AllocationRecord& a = allocation();
        CHECK(a.used + a.held + a.left == a.granted);
    }
};

TEST_CASE("an emergency takes the place where least is lost; the displaced is repaid and comes back first") {
    Full f;
    const std::string urgent = f.submit(f.urgent());
    const auto gone = f.plan_and_see();
    REQUIRE(gone.size() == 1);
    const std::string victim = f.jobs.back();
    CHECK(gone[0].claim == f.claim(victim).id);
    CHECK(gone[0].by == urgent);
    CHECK(gone[0].rule == "emergency-displaces");
    CHECK(gone[0].lost_mgh > 0);
    CHECK(gone[0].why.find("emergency work '" + urgent + "' needs 8 GPUs") == 0);
    const std::string site = f.claim(victim).site;
    CHECK(f.claim(urgent).site == site);
    CHECK(f.claim(urgent).after == std::vector<std::string>{gone[0].claim});
    // The site is told to end the one, and nothing of the other until it has.
    f.report(site, {});
    CHECK(f.core.orders_for(site, {}).cancel == std::vector<std::string>{gone[0].claim});
    CHECK(f.claim(urgent).state == "held");
    CHECK(f.plan_and_see().empty());
    const std::int64_t granted = f.allocation().granted, used = f.allocation().used;
    const std::int64_t started = f.claim(victim).started_ms;
    f.say(victim, "cancelled", started, started + hour_ms);
    CHECK(f.job(victim).state == "waiting");
    CHECK(f.claim(victim).credited == 8'000);
    CHECK(f.allocation().used == used + 8'000);
    CHECK(f.allocation().granted == granted + 8'000);
    CHECK(f.allocation().credited == 8'000);
    CHECK(f.core.tables().use_of_projects().use_of("p1", f.now_ms) == 0);
    f.check_sum();
    f.offer(urgent);
    CHECK(f.claim(urgent).state == "offered");
    f.say(urgent, "ended", f.now_ms, f.now_ms + 60'000);
    CHECK(f.job(urgent).state == "completed");
    CHECK(next_jobs(f.core.tables(), f.now_ms, 1).at(0) == f.job(victim).number);
    f.plan();
    CHECK(f.job(victim).claims.size() == 2);
    f.offer(victim);
    f.say(victim, "ended", f.now_ms, f.now_ms + hour_ms);
    CHECK(f.job(victim).state == "completed");
    CHECK(f.job(victim).words.empty());
    f.check_sum();
}

TEST_CASE("what was displaced goes before work of its class that used less") {
    Full f;
    f.submit(f.urgent());
    REQUIRE(f.plan_and_see().size() == 1);
    const std::string victim = f.victim().id;
    for (int i = 0; i < 3; ++i) f.submit(f.spec(8, 3600));
    const std::int64_t started = f.claim(victim).started_ms;
    f.say(victim, "cancelled", started, started + 1000);
    const auto order = next_jobs(f.core.tables(), f.now_ms, 10);
    CHECK(order.at(0) == f.job(victim).number);
}

TEST_CASE("nobody gives way where there is room, without an emergency, or to ordinary work") {
    Full f;
    f.submit(f.spec(8, 3600));
    CHECK(f.plan_and_see().empty());
    f.say(f.jobs[2], "ended", f.now_ms, f.now_ms + 1);
    f.must(f.admin, SetMode{"normal", 0, "", {}});
    CHECK(f.error(f.alice, Submit{f.urgent(), "", ""}).find("emergency-class-in-emergency") !=
          std::string::npos);
    Full g;
    g.say(g.jobs[2], "ended", g.now_ms, g.now_ms + 1);
    const std::string urgent = g.submit(g.urgent());
    CHECK(g.plan_and_see().empty());
    CHECK(g.job(urgent).state == "placed");
    Full h("service");
    contract::JobSpec service = h.spec(8, 3600);
    service.job_class = "service";
    h.submit(service);
    CHECK(h.plan_and_see().empty());
}

TEST_CASE("what was only decided goes without a word to the site and without a loss") {
    Full f("production", false);
    const std::string urgent = f.submit(f.urgent());
    const auto gone = f.plan_and_see();
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].lost_mgh == 0);
    CHECK(f.victim().state == "waiting");
    CHECK(f.claim(urgent).after.empty());
    CHECK(f.allocation().used == 0);
    f.offer(urgent);
    CHECK(f.claim(urgent).state == "offered");
    f.check_sum();
}

TEST_CASE("no job gives way more than three times, and none twice in one run") {
    Full f;
    for (int i = 0; i < 2; ++i) f.submit(f.urgent(16));
    CHECK(f.plan_and_see().size() == 4);
    CHECK(f.plan_and_see().empty());
    Full g;
    for (const std::string& id : g.jobs) {
        if (id == g.jobs.back()) continue;
        g.say(id, "ended", g.now_ms, g.now_ms + 1);
    }
    // The last one is alone on 48 GPUs, and urgent work takes all of its site again and again.
    const std::string victim = g.jobs.back();
    contract::JobSpec whole = g.urgent(16);
    for (int i = 0; i < 4; ++i) {
        g.must(g.admin, SetMode{"emergency", g.now_ms + hour_ms, "flood", {}});
        whole.preferred_sites = {g.claim(victim).site};
        const std::string urgent = g.submit(whole);
        const auto gone = g.plan_and_see();
        CHECK(gone.size() == (i < 3 ? 1 : 0));
        if (i == 3) break;
        const std::int64_t started = g.claim(victim).started_ms;
        g.say(victim, "cancelled", started, started + 1000);
        g.must(g.alice, Cancel{urgent, ""});
        g.plan();
        g.offer(victim);
        g.say(victim, "running", g.now_ms);
    }
    CHECK(g.job(victim).displaced == 3);
    CHECK(g.job(victim).state == "running");
}

TEST_CASE("a run over several sites that loses one waits again as a whole, and all of it is repaid") {
    TestFederation f;
    f.must(f.admin, ChangeRules{{{"test.rules", std::string(rules_for_test) +
                                                    "rule giving-way\n  \"Scavengers give way\"\n  source "
                                                    "\"test\"\npermit preempt when workload.class == "
                                                    "\"scavenger\";\n"}},
                                {}});
    contract::JobSpec run = f.spec(16, 7200);
    run.job_class = "scavenger";
    run.sites = run.quorum = 3;
    const std::string id = f.placed(run);
    const auto claims = f.job(id).claims;
    REQUIRE(claims.size() == 3);
    for (const std::string& one : claims)
        f.report(f.core.tables().claim(one)->site, {{one, "running", f.now_ms, 0, 0, 0, ""}});
    contract::JobSpec service = f.spec(4, 3600);
    service.job_class = "service";
    const std::string urgent = f.submit(service);
    f.plan();
    CHECK(f.job(urgent).state == "placed");
    CHECK(f.job(id).displaced == 1);
    for (const std::string& one : claims) {
        CHECK(f.core.tables().claim(one)->cancelling);
        const std::int64_t started = f.core.tables().claim(one)->started_ms;
        f.report(f.core.tables().claim(one)->site,
                 {{one, "cancelled", started, started + 900'000, 0, 0, ""}});
    }
    CHECK(f.job(id).state == "waiting");
    CHECK(f.allocation().credited == 12'000);
    CHECK(f.allocation().used == 12'000);
    CHECK(f.allocation().granted == 1'012'000);
}

TEST_CASE("what ends by itself before it is told to is what it is, and nothing is repaid") {
    Full f;
    f.submit(f.urgent());
    f.plan();
    const std::string victim = f.victim().id;
    f.say(victim, "ended", f.now_ms, f.now_ms + 1000);
    CHECK(f.job(victim).state == "completed");
    CHECK(f.allocation().credited == 0);
    Full g;
    g.submit(g.urgent());
    g.plan();
    const std::string failed = g.victim().id;
    g.say(failed, "ended", g.now_ms, g.now_ms + 1000, 7);
    CHECK(g.job(failed).state == "failed");
    Full h;
    h.submit(h.urgent());
    h.plan();
    const std::string lost = h.victim().id;
    h.say(lost, "lost");
    CHECK(h.job(lost).state == "lost");
    CHECK(h.allocation().held == 5 * 80'000 + 8'000);
}

TEST_CASE("who called its job off meanwhile gets its hours back and no second run") {
    Full f;
    f.submit(f.urgent());
    f.plan();
    const std::string victim = f.victim().id;
    f.must(f.alice, Cancel{victim, "no more"});
    const std::int64_t started = f.claim(victim).started_ms;
    f.say(victim, "cancelled", started, started + hour_ms);
    CHECK(f.job(victim).state == "cancelled");
    CHECK(f.allocation().credited == 8'000);
}

TEST_CASE("a credit fits one claim, once, and its amount") {
    Full f;
    f.submit(f.urgent());
    f.plan();
    const std::string victim = f.victim().id;
    const std::string claim = f.claim(victim).id;
    const std::int64_t started = f.claim(victim).started_ms;
    f.say(victim, "cancelled", started, started + hour_ms);
    const std::string allocation = f.allocation().id;
    for (const EventData& data :
         {EventData(AllocationCredited{allocation, claim, 8'000}), EventData(AllocationCredited{"a", "c", 1}),
          EventData(ClaimDisplaced{claim, "j1", "emergency", "r", 0, "w"})}) {
        const auto status = f.core.apply(make_event(f.core.tables().next_seq(), f.now_ms, "x", data));
        REQUIRE(!status);
        CHECK(status.error().code == Code::corrupted);
    }
}

TEST_CASE("displacements and credits come back by replay and by snapshot") {
    Full f;
    f.submit(f.urgent());
    f.plan();
    const std::string snapshot = f.core.snapshot();
    const auto at = static_cast<std::size_t>(f.core.tables().next_seq());
    const std::string victim = f.victim().id;
    const std::int64_t started = f.claim(victim).started_ms;
    f.say(victim, "cancelled", started, started + hour_ms);
    Core again;
    for (const std::string& entry : f.log) REQUIRE(again.replay(entry));
    CHECK(again.digest() == f.core.digest());
    auto restored = Core::restore(snapshot);
    REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().message));
    for (std::size_t i = at; i < f.log.size(); ++i) REQUIRE(restored->replay(f.log[i]));
    CHECK(restored->digest() == f.core.digest());
    CHECK(next_jobs(restored->tables(), f.now_ms, 9) == next_jobs(f.core.tables(), f.now_ms, 9));
}

}  // namespace
}  // namespace euromesh::federation

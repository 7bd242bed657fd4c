#include "federation/core/turns.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t day_ms = 86400ll * 1000;

// Two projects with the same grant; Bob is in the second one.
struct Two : TestFederation {
    Two() : TestFederation(0) {
        ProjectRecord project = *core.tables().project("p1");
        project.id = "p2";
        project.groups = {"fusion"};
        project.managers = {bob.account};
        must(admin, SetProject{project});
        for (const char* id : {"p1", "p2"})
            must(admin, Grant{id, "small", "ju", "", 1'000'000, 0, now_ms + 1000 * day_ms});
    }
    std::string submit_for(const std::string& project, contract::JobSpec spec) {
        spec.project = project;
        return must(project == "p1" ? alice : bob, Submit{std::move(spec), "", ""})
            .answer["job"]
            .get<std::string>();
    }
    // At one site, all of it, to the end.
    void run_to_end(const std::string& project) {
        const std::string id = submit_for(project, whole_site());
        plan();
        const std::string one = claim(id).id;
        report("fi", {});
        report("fi", {{one, "ended", now_ms, now_ms + 3'600'000, 0, 0, ""}});
        REQUIRE(job(id).state == "completed");
    }
    static contract::JobSpec whole_site() {
        contract::JobSpec one = spec(16, 3600);
        one.preferred_sites = {"fi"};
        return one;
    }
    std::int64_t placed_of(const std::string& project) const {
        std::int64_t placed = 0;
        core.tables().jobs().for_each([&](const std::string&, const JobRecord& job) {
            placed += job.project == project && job.state == "placed" ? 1 : 0;
        });
        return placed;
    }
};

TEST_CASE("a site belongs to whom its admission says, else in equal parts to whom it names") {
    SiteRecord site;
    site.country = "FI";
    const auto told = [&] {
        std::string all;
        for (const OwnedShare& share : shares_of(site))
            all += fmt::format("{}:{} ", share.owner, share.permille);
        return all;
    };
    CHECK(told() == "FI:1000 ");
    site.hosting = "ju";
    CHECK(told() == "ju:1000 ");
    site.owners = {"FI", "EE", "FI"};
    CHECK(told() == "EE:333 FI:333 ju:333 ");
    site.shares = {{"ju", 500}, {"FI", 250}};
    CHECK(told() == "FI:250 ju:500 ");
    site.shares = {};
    site.hosting = "private";
    CHECK(told().empty());
    TestFederation f;
    CHECK(
        f.error(f.admin, AdmitSite{"x", std::string(64, 'a'), "FI", "", "ju", {}, {{"ju", 600}, {"FI", 401}}})
            .find("at most 1000 together") != std::string::npos);
}

TEST_CASE("two projects with equal grants take turns, however many jobs one of them handed in before") {
    Two f;
    for (int i = 0; i < 20; ++i) f.submit_for("p1", f.spec(8, 3600));
    for (int i = 0; i < 5; ++i) f.submit_for("p2", f.spec(8, 3600));
    f.plan();
    CHECK(f.placed_of("p1") == 3);
    CHECK(f.placed_of("p2") == 3);
}

TEST_CASE("what a project holds counts against it in the next round, before anything has ended") {
    Two f;
    for (int i = 0; i < 4; ++i) f.submit_for("p1", f.spec(8, 3600));
    f.plan();
    REQUIRE(f.placed_of("p1") == 4);
    for (int i = 0; i < 4; ++i) f.submit_for("p1", f.spec(8, 3600));
    for (int i = 0; i < 4; ++i) f.submit_for("p2", f.spec(8, 3600));
    f.plan();
    CHECK(f.placed_of("p2") == 2);
}

TEST_CASE("who used little goes first, and old use is forgotten") {
    Two f;
    f.run_to_end("p1");
    CHECK(f.core.tables().use_of_projects().use_of("p1", f.now_ms) == 16'000);
    CHECK(f.core.tables().use_of_owners().use_of("ju", f.now_ms) == 16'000);
    const std::string first = f.submit_for("p1", f.whole_site());
    const std::string second = f.submit_for("p2", f.whole_site());
    f.plan();
    CHECK(f.job(second).state == "placed");
    CHECK(f.job(first).state == "waiting");
    f.must(f.bob, Cancel{second, ""});
    f.must(f.alice, Cancel{first, ""});
    f.now_ms += 500 * day_ms;
    f.must(f.coordinator, Expire{});
    CHECK(f.core.tables().use_of_projects().entries().empty());
    const std::string third = f.submit_for("p1", f.whole_site());
    const std::string fourth = f.submit_for("p2", f.whole_site());
    f.plan();
    CHECK(f.job(third).state == "placed");
    CHECK(f.job(fourth).state == "waiting");
}

TEST_CASE("use is in snapshots and comes back by replay") {
    Two f;
    f.run_to_end("p1");
    const std::string snapshot = f.core.snapshot();
    CHECK(snapshot.find(R"(["project-use",{"owner":"p1","site":"fi","mgh":16000)") != std::string::npos);
    auto restored = Core::restore(snapshot);
    REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().message));
    CHECK(restored->digest() == f.core.digest());
    CHECK(restored->tables().use_of_projects().use_of("p1", f.now_ms) == 16'000);
    Core again;
    for (const std::string& entry : f.log) REQUIRE(again.replay(entry));
    CHECK(again.digest() == f.core.digest());
}

TEST_CASE("a round looks at every project's first jobs, and only at so many") {
    Two f;
    for (int i = 0; i < 30; ++i) f.submit_for("p1", f.spec(1, 3600));
    const std::string late = f.submit_for("p2", f.spec(1, 3600));
    auto urgent = f.spec(1, 3600);
    urgent.job_class = "service";
    const std::string service = f.submit_for("p1", urgent);
    const auto numbers = next_jobs(f.core.tables(), f.now_ms, 4);
    REQUIRE(numbers.size() == 4);
    CHECK(numbers[0] == f.job(service).number);
    CHECK(std::find(numbers.begin(), numbers.end(), f.job(late).number) != numbers.end());
    CHECK(next_jobs(f.core.tables(), f.now_ms, 1000).size() == 32);
}

// A federation of national sites, each with its owner's projects.
struct Owned : TestFederation {
    static constexpr int owners = 4;
    static constexpr const char* countries[owners] = {"FI", "IT", "ES", "SI"};
    explicit Owned(int only = -1) : TestFederation(0) {
        for (const char* site : {"fi", "it", "ch"}) must(admin, SetSiteState{site, "left", ""});
        for (int i = 0; i < owners; ++i) {
            if (only >= 0 && only != i) continue;
            const std::string id = fmt::format("n{}", i);
            must(admin, AdmitSite{id, std::string(64, 'a'), countries[i], "op", "national", {}});
            auto document = TestFederation::document(countries[i]);
            document.hosting = "national";
            must(agent(id), DescribeSite{document});
            ProjectRecord project = *core.tables().project("p1");
            project.id = id;
            must(admin, SetProject{project});
            must(admin, Grant{id, "large", "national", countries[i], 1'000'000, 0, 0});
        }
    }
    void hand_in(int owner, std::uint64_t seed) {
        Random random(derive_seed(seed, static_cast<std::uint64_t>(owner)));
        const std::uint64_t jobs = random.below(8);
        for (std::uint64_t i = 0; i < jobs; ++i) {
            contract::JobSpec one = spec(std::int64_t{1} << random.below(4), 3600);
            one.project = fmt::format("n{}", owner);
            submit(one);
        }
    }
    std::int64_t gpus_of(int owner) const {
        std::int64_t gpus = 0;
        core.tables().claims().for_each([&](const std::string&, const ClaimRecord& claim) {
            if (core.tables().job(claim.job)->project == fmt::format("n{}", owner)) gpus += claim.gpus;
        });
        return gpus;
    }
};

TEST_CASE("no owner of a site is worse off in the federation than alone with its site") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Owned all;
        for (int i = 0; i < Owned::owners; ++i) all.hand_in(i, seed);
        all.plan();
        for (int i = 0; i < Owned::owners; ++i) {
            Owned alone(i);
            alone.hand_in(i, seed);
            alone.plan();
            CHECK_MESSAGE(all.gpus_of(i) >= alone.gpus_of(i), "seed ", seed, ", owner ", i);
        }
    }
}

TEST_CASE("what an owner leaves free others use, and its own work goes before theirs") {
    Owned f;
    for (int i = 0; i < 10; ++i) {
        contract::JobSpec one = f.spec(8, 3600);
        one.project = "n0";
        one.preferred_sites = {"n1"};
        f.submit(one);
    }
    contract::JobSpec own = f.spec(8, 3600);
    own.project = "n1";
    own.preferred_sites = {"n1"};
    const std::string late = f.submit(own);
    f.plan();
    CHECK(f.job(late).state == "placed");
    CHECK(f.gpus_of(0) == 8);
}

}  // namespace
}  // namespace euromesh::federation

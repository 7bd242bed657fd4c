#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a decision keeps what it was made from: digests, place in the log, a row for every partition") {
    TestFederation f;
    const std::string id = f.submit(f.spec());
    const auto outcome = f.must(f.coordinator, Plan{});
    REQUIRE(outcome.events.size() == 1);
    const auto& decision = std::get<JobDecided>(outcome.events[0].data);
    CHECK(decision.job == id);
    CHECK(decision.job_digest == f.job(id).digest);
    CHECK(decision.rules_digest == f.core.tables().federation().rules_digest);
    CHECK(decision.inputs_at == outcome.events[0].seq);
    CHECK(decision.table.size() == 6);
    CHECK(f.job(id).decided_seq == outcome.events[0].seq);
    CHECK(f.must(f.coordinator, Plan{}).events.empty());
}

TEST_CASE("no round gives more GPUs than a site has, nor more than is left to spend") {
    TestFederation f(20'000);
    for (int i = 0; i < 20; ++i) f.submit(f.spec(8, 3600));
    for (int i = 0; i < 3; ++i) f.plan();
    CHECK(f.allocation().held == 16'000);
    TestFederation g(1'000'000);
    for (int i = 0; i < 20; ++i) g.submit(g.spec(8, 3600));
    for (int i = 0; i < 3; ++i) g.plan();
    std::map<std::string, std::int64_t> gpus;
    g.core.tables().claims().for_each(
        [&](const std::string&, const ClaimRecord& claim) { gpus[claim.site] += claim.gpus; });
    CHECK(gpus == std::map<std::string, std::int64_t>{{"ch", 16}, {"fi", 16}, {"it", 16}});
}

TEST_CASE("data that is bound to the EU goes to no site outside, by the rule's name") {
    TestFederation f;
    f.must(f.alice, RegisterData{{"votes", "p1", "eu", "", "", 0, false}});
    auto spec = f.spec();
    spec.data = {"votes"};
    spec.preferred_sites = {"ch"};
    const std::string id = f.submit(spec);
    f.plan();
    CHECK(f.job(id).state == "waiting");
    spec.preferred_sites = {};
    spec.preferred_countries = {"FI"};
    const std::string inside = f.submit(spec);
    f.plan();
    CHECK(f.claim(inside).site == "fi");
}

TEST_CASE("work without GPUs costs nothing and takes a slot") {
    TestFederation f;
    const std::string id = f.submit(f.spec(0, 60));
    f.plan();
    CHECK(f.claim(id).gpus == 0);
    CHECK(f.claim(id).partition == "gpu");
    CHECK(f.allocation().held == 0);
}

}  // namespace
}  // namespace euromesh::federation

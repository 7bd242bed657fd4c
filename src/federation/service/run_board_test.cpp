#include "federation/service/run_board.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

ClaimReport told(const std::string& claim, const std::string& address, std::int64_t rounds) {
    ClaimReport report;
    report.claim = claim;
    report.state = "running";
    report.started_ms = 5;
    report.run.address = address;
    report.run.rounds = rounds;
    return report;
}

contract::JobSpec run_spec() {
    contract::JobSpec run = TestFederation::spec();
    run.executable.clear();
    run.template_name = "train";
    run.files = {{"run.toml", "x"}};
    run.kind = "federated-training";
    run.sites = run.quorum = 2;
    return run;
}

TEST_CASE("sites of one run learn each other's addresses, and nobody else does") {
    TestFederation f;
    const std::string id = f.placed(run_spec());
    const JobRecord& job = f.job(id);
    REQUIRE(job.claims.size() == 2);
    const ClaimRecord& a = *f.core.tables().claim(job.claims[0]);
    const ClaimRecord& b = *f.core.tables().claim(job.claims[1]);
    RunBoard board;
    CHECK(board.peers_of(f.core.tables(), a.site).empty());
    board.note(b.site, {"x", 0, {told(b.id, "node-7:4000", 3)}});
    const Json peers = board.peers_of(f.core.tables(), a.site);
    CHECK(peers == Json{{a.id, {{b.site, "node-7:4000"}}}});
    CHECK(board.peers_of(f.core.tables(), b.site).empty());
    const std::string third = a.site != "fi" && b.site != "fi"   ? "fi"
                              : a.site != "it" && b.site != "it" ? "it"
                                                                 : "ch";
    CHECK(board.peers_of(f.core.tables(), third).empty());
    board.note(b.site, {"x", 0, {}});
    CHECK(board.peers_of(f.core.tables(), a.site).empty());
}

TEST_CASE("what an ended claim had told is in the ledger; addresses are not") {
    TestFederation f;
    const std::string id = f.placed(run_spec());
    RunBoard board;
    for (const std::string& claim : f.job(id).claims) {
        ClaimReport report = told(claim, "node:1", 8);
        report.state = "ended";
        report.ended_ms = 10;
        report.run.outer_digest = "abcd";
        f.report(f.core.tables().claim(claim)->site, {report});
    }
    CHECK(f.job(id).state == "completed");
    const Json document = board.document(f.core.tables(), f.job(id));
    REQUIRE(document["sites"].size() == 2);
    for (const Json& site : document["sites"]) {
        CHECK(site["run"]["rounds"] == 8);
        CHECK(site["run"]["outer_digest"] == "abcd");
        CHECK_FALSE(site["run"].contains("address"));
    }
    CHECK(f.log.back().find("\"outer_digest\":\"abcd\"") != std::string::npos);
    CHECK(f.log.back().find("node:1") == std::string::npos);
    Core again;
    for (const std::string& entry : f.log) REQUIRE(again.replay(entry));
    CHECK(again.digest() == f.core.digest());
}

TEST_CASE("when a site took no new work is told from the ledger, for claims that were open then") {
    TestFederation f;
    const std::string id = f.placed(run_spec());
    const std::string site = f.core.tables().claim(f.job(id).claims[0])->site;
    f.must(f.agent(site), SetSiteState{site, "draining", "power"});
    f.must(f.agent(site), SetSiteState{site, "active", ""});
    const Json document = RunBoard().document(f.core.tables(), f.job(id));
    for (const Json& one : document["sites"]) {
        const bool drained = one["site"] == site;
        REQUIRE(one["happenings"].size() == (drained ? 1 : 0));
        if (!drained) continue;
        CHECK(one["happenings"][0]["kind"] == "site-draining");
        CHECK(one["happenings"][0]["words"] == "power");
        CHECK(one["happenings"][0]["until_ms"] == one["happenings"][0]["from_ms"].get<std::int64_t>() + 1000);
    }
    // A later claim of the site has nothing to do with it.
    const Json later = RunBoard().document(f.core.tables(), f.job(f.placed(run_spec())));
    for (const Json& one : later["sites"]) CHECK(one["happenings"].empty());
    Core again;
    for (const std::string& entry : f.log) REQUIRE(again.replay(entry));
    CHECK(again.digest() == f.core.digest());
}

}  // namespace
}  // namespace euromesh::federation

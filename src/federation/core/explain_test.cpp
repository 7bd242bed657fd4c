#include "federation/core/explain.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a dry run tells for every site the rule that rules it out, or its score") {
    TestFederation f;
    f.must(f.alice, RegisterData{{"votes", "p1", "eu", "", "", 0, false}});
    auto spec = f.spec();
    spec.data = {"votes"};
    const std::string id = f.submit(spec);
    const auto table = dry_run(f.core.tables(), f.core.law(), id, f.now_ms);
    REQUIRE_MESSAGE(table, (table ? "" : table.error().message));
    CHECK(table->size() == 6);
    CHECK(table->dump().find("eu-only") != std::string::npos);
    CHECK(dry_run(f.core.tables(), f.core.law(), "j0", f.now_ms).error().code == Code::not_found);
}

TEST_CASE("text that is bound to a country rules out only the site that would read it elsewhere") {
    TestFederation f;
    f.must(f.alice, RegisterData{{"it-text", "p1", "eu", "IT", "it", 0, false}});
    contract::JobSpec run = f.spec();
    run.sites = 3;
    run.quorum = 2;
    run.data = {"it-text"};
    const auto ruled_out = [&](const std::string& reader) {
        run.data_sites = {{"it-text", reader}};
        const auto table = dry_run(f.core.tables(), f.core.law(), f.submit(run), f.now_ms);
        REQUIRE_MESSAGE(table, (table ? "" : table.error().message));
        std::string sites;
        for (const Json& row : *table)
            if (row.dump().find("eu-only") != std::string::npos) sites = row["site"];
        return sites;
    };
    CHECK(ruled_out("it").empty());
    CHECK(ruled_out("ch") == "ch");
    run.data_sites.clear();
    run.data = {};
    CHECK(ruled_out("nowhere").empty());
}

TEST_CASE("a run over three sites keeps apart what one centre's rule keeps apart, and says so") {
    TestFederation f;
    auto own = f.document("FI");
    own.rules =
        "rule gradients-stay\n  \"No pseudo-gradients to sites outside the EU\"\n  source \"the "
        "centre\"\nforbid exchange when not peer.eu;\n";
    f.must(f.agent("fi"), DescribeSite{own});
    contract::JobSpec run = f.spec();
    run.sites = 3;
    run.quorum = 2;
    run.kind = "federated-training";
    const std::string id = f.submit(run);
    const auto table = dry_run(f.core.tables(), f.core.law(), id, f.now_ms);
    REQUIRE_MESSAGE(table, (table ? "" : table.error().message));
    for (const Json& row : *table) {
        const std::string site = row["site"];
        CHECK(row.contains("no_exchange") == (site != "it"));
        if (site == "it") continue;
        CHECK(row["no_exchange"][0]["with"] == (site == "fi" ? "ch" : "fi"));
        CHECK(row["no_exchange"][0]["rule"] == "gradients-stay (fi)");
    }
    const auto outcome = f.must(f.coordinator, Plan{});
    const auto& decision = std::get<JobDecided>(outcome.events.at(0).data);
    REQUIRE(decision.claims.size() == 2);
    std::set<std::string> sites;
    for (const ClaimDecided& claim : decision.claims) sites.insert(claim.site);
    CHECK(sites.count("it") == 1);
    CHECK(decision.table.dump().find("gradients-stay (fi)") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

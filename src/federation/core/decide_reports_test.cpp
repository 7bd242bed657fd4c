#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a site's refusal sends the job elsewhere and keeps the site's words") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    const std::string site = f.claim(id).site;
    f.report(site, {{f.claim(id).id, "refused", 0, 0, 0, 0, "QOSMaxGRESPerUser"}});
    CHECK(f.job(id).state == "waiting");
    CHECK(f.job(id).refusals.at(0).words == "QOSMaxGRESPerUser");
    CHECK(f.allocation().held == 0);
    f.plan();
    CHECK(f.job(id).claims.size() == 2);
    CHECK(f.claim(id).site != site);
}

TEST_CASE("reports that come late, doubled or out of order change nothing more") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    const std::string site = f.claim(id).site, claim = f.claim(id).id;
    f.report(site, {{claim, "ended", f.now_ms, f.now_ms + 3600, 0, 3, ""}, {claim, "ended", 1, 9, 0, 0, ""}});
    CHECK(f.job(id).state == "failed");
    const std::string digest = f.core.digest();
    f.report(site, {{claim, "running", f.now_ms, 0, 0, 0, ""}});
    f.report(site, {{claim, "accepted", 0, 0, 0, 0, ""}, {"c1-1", "running", 0, 0, 0, 0, ""}});
    CHECK(f.core.digest() == digest);
    const Orders orders = f.core.orders_for(site, {"x", 0, {{"c1-1", "running", 0, 0, 0, 0, ""}}});
    CHECK(orders.cancel == std::vector<std::string>{"c1-1"});
}

TEST_CASE("another site cannot speak for a claim") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    const std::string other = f.claim(id).site == "fi" ? "it" : "fi";
    f.report(other, {{f.claim(id).id, "ended", 5, 9, 0, 0, ""}});
    CHECK(f.claim(id).state == "offered");
}

TEST_CASE("a claim that the agent has seen and knows no more is lost; one that it has not seen yet is not") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    const std::string site = f.claim(id).site;
    f.report(site, {}, f.claim(id).offered_seq);
    CHECK(f.claim(id).state == "offered");
    f.report(site, {}, f.claim(id).offered_seq + 1);
    CHECK(f.claim(id).state == "lost");
    CHECK(f.job(id).state == "lost");
}

TEST_CASE(
    "an agent with an empty new journal has lost what it was offered, and the old one may not come back") {
    TestFederation f;
    const std::string id = f.placed(f.spec());
    const std::string site = f.claim(id).site;
    CHECK(f.must(f.agent(site), SiteReport{"new", -1, {}}).answer["again"] == true);
    CHECK(f.job(id).state == "lost");
    CHECK(f.error(f.agent(site), SiteReport{site + "-journal", -1, {}}).find("replaced by a newer one") !=
          std::string::npos);
    CHECK(f.error(f.agent("nowhere"), SiteReport{"x", -1, {}}) ==
          "only the agent of an admitted site reports");
}

TEST_CASE("a draining site gives back what it was not yet offered") {
    TestFederation f;
    const std::string id = f.submit(f.spec());
    f.plan();
    const std::string site = f.claim(id).site;
    f.must(f.agent(site), SetSiteState{site, "draining", ""});
    CHECK(f.job(id).state == "waiting");
    CHECK(f.allocation().held == 0);
    f.plan();
    CHECK(f.claim(id).site != site);
}

}  // namespace
}  // namespace euromesh::federation

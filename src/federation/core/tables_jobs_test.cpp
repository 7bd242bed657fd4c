#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

contract::JobSpec multi(std::int64_t sites, std::int64_t quorum) {
    contract::JobSpec spec = TestFederation::spec(4, 3600);
    spec.sites = sites;
    spec.quorum = quorum;
    return spec;
}

ClaimReport told(const std::string& claim, const char* state, std::int64_t ran_ms = 0,
                 std::int64_t exit = 0) {
    const std::int64_t start = ran_ms > 0 ? 1'000'000'100'000 : 0;
    return {claim, state, start, start + ran_ms, 0, exit, ""};
}

struct Multi : TestFederation {
    std::string id;
    std::vector<std::string> claims;
    Multi(std::int64_t sites, std::int64_t quorum) {
        id = placed(multi(sites, quorum));
        claims = job(id).claims;
    }
    void tell(std::size_t i, const char* state, std::int64_t ran_ms = 0, std::int64_t exit = 0) {
        report(core.tables().claim(claims.at(i))->site, {told(claims[i], state, ran_ms, exit)});
    }
    std::string state(std::size_t i) const { return core.tables().claim(claims.at(i))->state; }
};

TEST_CASE("a run over three sites has one claim at each, and goes on while its quorum does") {
    Multi f(3, 2);
    REQUIRE(f.claims.size() == 3);
    CHECK(f.allocation().held == 12'000);
    f.tell(0, "refused");
    CHECK(f.job(f.id).state == "placed");
    f.tell(1, "ended", 3600);
    f.tell(2, "running");
    CHECK(f.job(f.id).state == "running");
    f.tell(2, "ended", 3600);
    CHECK(f.job(f.id).state == "completed");
    CHECK(f.allocation().used == 8);
}

TEST_CASE("without its quorum the rest of a run is called off, and what never ran waits again") {
    Multi f(3, 2);
    REQUIRE(f.claims.size() == 3);
    f.tell(0, "refused");
    f.tell(1, "refused");
    CHECK(f.job(f.id).state == "placed");
    CHECK(f.core.tables().claim(f.claims[2])->cancelling);
    f.tell(2, "cancelled");
    CHECK(f.job(f.id).state == "waiting");
    CHECK(f.job(f.id).refusals.size() == 2);
    CHECK(f.allocation().held == 0);
}

TEST_CASE("what ran and lost its quorum has failed; what a site lost is lost") {
    Multi f(2, 2);
    f.tell(0, "ended", 3600, 1);
    CHECK(f.core.tables().claim(f.claims[1])->cancelling);
    f.tell(1, "cancelled");
    CHECK(f.job(f.id).state == "failed");
    Multi g(2, 2);
    g.tell(0, "lost");
    g.tell(1, "cancelled");
    CHECK(g.job(g.id).state == "lost");
}

}  // namespace
}  // namespace euromesh::federation

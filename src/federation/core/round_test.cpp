#include "federation/core/round.hpp"

#include "federation/core/core_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("equal jobs share a law class, and open claims take their capacity until they end") {
    TestFederation f;
    const std::string placed = f.placed(f.spec(8, 3600));
    const std::string one = f.submit(f.spec()), two = f.submit(f.spec()), other = f.submit(f.spec(2));
    RoundBuilder builder(f.core.tables(), f.core.law(), f.now_ms);
    for (const std::string& id : {one, two, other}) builder.add(f.job(id));
    const PlacementRound& round = builder.round();
    REQUIRE_MESSAGE(check(round), "the round is sound");
    CHECK(round.law.size() == 2);
    CHECK(builder.asked() == 6);
    CHECK(round.budgets.size() == 1);
    CHECK(builder.payer(one) == &f.allocation());
    for (const PlacementSite& site : round.sites) {
        const auto& capacity = site.partitions.at(0).capacity;
        const bool taken = site.id == f.claim(placed).site;
        CHECK(capacity.front().gpus_free == (taken ? 8 : 16));
        CHECK(capacity.back().gpus_free == 16);
        CHECK(site.partitions.at(1).id == "gpu:cpu");
    }
}

TEST_CASE("a site's refusal and its quota are told as such") {
    TestFederation f;
    auto document = f.document("FI");
    document.quota_mgh = 100;
    f.must(f.agent("fi"), DescribeSite{document});
    const std::string id = f.submit(f.spec());
    RoundBuilder builder(f.core.tables(), f.core.law(), f.now_ms);
    builder.add(f.job(id));
    const auto& verdicts = builder.round().law.at(0).verdicts;
    const auto fi = std::find_if(verdicts.begin(), verdicts.end(), [](auto& v) { return v.site == "fi"; });
    CHECK(fi->rule == "quota-of-the-site");
}

}  // namespace
}  // namespace euromesh::federation

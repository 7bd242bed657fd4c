// Whole stories: what the coordinator writes holds, whatever happens in it.
#include "apps/verify/replay.hpp"

#include "apps/verify/stories_for_test.hpp"
#include "base/random.hpp"

namespace euromesh::verify {
namespace {

contract::JobSpec random_spec(Random& random) {
    constexpr const char* kinds[] = {"batch", "training", "inference"};
    contract::JobSpec spec = Story::spec(static_cast<std::int64_t>(random.below(4)) * 3,
                                         600 + static_cast<std::int64_t>(random.below(9)) * 1800);
    constexpr const char* classes[] = {"scavenger", "scavenger", "production", "service"};
    spec.kind = kinds[random.below(3)];
    spec.job_class = classes[random.below(4)];
    if (random.below(4) == 0) spec.data = {random.below(2) == 0 ? "open" : "bound"};
    if (random.below(5) == 0) spec.preferred_sites = {"it", "ch"};
    if (random.below(6) == 0) spec.preferred_countries = {"IT"};
    if (random.below(6) == 0) spec.memory_mib = 80'000;
    if (random.below(6) == 0) spec.runtimes = {random.below(2) == 0 ? "apptainer" : "charliecloud"};
    if (random.below(5) == 0) spec.sites = 3, spec.quorum = 2, spec.kind = "federated-training";
    if (random.below(6) == 0) spec.accelerators = {{"a100", 800}, {"h100", 1000}};
    return spec;
}

const char* word_of(Random& random) {
    constexpr const char* words[] = {"accepted", "running", "running", "ended",
                                     "ended",    "refused", "lost",    "cancelled"};
    return words[random.below(8)];
}

TEST_CASE("stories at random hold: every decision in them is evaluated again") {
    std::size_t decisions = 0, displaced = 0, credited = 0, given = 0;
    const auto has = [](const std::string& entry, const char* what) {
        return entry.find(what) == std::string::npos ? 0u : 1u;
    };
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Random random(seed);
        Story story(400'000);
        for (int turn = 0; turn < 40; ++turn) {
            for (std::uint64_t i = random.below(4); i > 0; --i) story.submit(random_spec(random));
            story.plan();
            for (const char* site : {"fi", "it", "ch"}) {
                std::vector<fed::ClaimReport> claims;
                for (const std::string& id : story.core.tables().open_claims(site)) {
                    if (random.below(2) == 0) continue;
                    const char* word = word_of(random);
                    const auto ran = static_cast<std::int64_t>(random.below(4'000'000));
                    claims.push_back({id, word, story.now_ms, story.now_ms + ran, 0,
                                      static_cast<std::int64_t>(random.below(2)), "words"});
                }
                story.report(site, claims);
            }
            story.now_ms += static_cast<std::int64_t>(random.below(4)) * 600'000;
            if (random.below(8) == 0) story.must(story.admin, fed::SetSiteState{"it", "draining", ""});
            if (random.below(4) == 0) story.must(story.admin, fed::SetSiteState{"it", "active", ""});
        }
        CAPTURE(seed);
        REQUIRE(difference_of(story.log) == "");
        for (const std::string& entry : story.log) {
            decisions += has(entry, "\"type\":\"job.decided\"");
            displaced += has(entry, "\"type\":\"claim.displaced\"");
            credited += has(entry, "\"type\":\"allocation.credited\"");
            given += has(entry, "\"given_to\":");
        }
    }
    MESSAGE(decisions << " decisions, " << displaced << " displaced, " << credited << " credited, " << given
                      << " that passed over something better");
    CHECK(decisions > 200);
    CHECK(displaced > 5);
    CHECK(credited > 0);
    CHECK(given > 2);
}

TEST_CASE("nothing comes before the founding, and types that no check knows pass") {
    Replay replay;
    const Json none = Json::object();
    CHECK_FALSE(replay.apply({0, 1, "account.seen", "x", &none}));
    const Story story;
    const Json first = parse_json(story.log[0]).value();
    REQUIRE(replay.apply({0, 1, "federation.founded", "x", &first["data"]}));
    CHECK(replay.apply({1, 2, "of.another.time", "x", &none}));
    CHECK_FALSE(replay.apply({1, 2, "federation.founded", "x", &first["data"]}));
}

TEST_CASE("entries that lack what they must have are found") {
    const Story story;
    for (const char* type :
         {"job.decided", "claim.ended", "claim.offered", "allocation.granted", "job.submitted",
          "site.described", "application.made", "rules.changed", "data.registered", "claim.lost",
          "job.cancel_asked", "application.reviewed", "allocation.clawed_back", "site.state_set", "mode.set",
          "claim.started", "claim.used", "claim.refused"}) {
        std::vector<std::string> log = story.log;
        log.push_back(fmt::format(R"({{"v":1,"seq":{},"time":{},"type":"{}","by":"x","data":{{}}}})",
                                  log.size(), story.now_ms, type));
        CAPTURE(type);
        CHECK(difference_of(log).starts_with(fmt::format("entry {}: ", log.size() - 1)));
    }
}

}  // namespace
}  // namespace euromesh::verify

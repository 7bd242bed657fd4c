// Decisions in which exactly one thing is wrong, in ledgers that are well signed.
#include "apps/verify/rule_text.hpp"
#include "apps/verify/stories_for_test.hpp"

namespace euromesh::verify {
namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// One job with data of the EU and rules of a site in the way: rows of every kind.
struct Decided : Story {
    Decided() {
        contract::JobSpec asked = spec(4, 3600);
        asked.data = {"bound"};
        job = placed(asked);
        where = at("job.decided");
    }
    std::string said(const Edit& edit) { return forged(*this, where, edit); }
    // Of the row of a partition.
    std::string row(const char* site, const char* partition, const Edit& edit) {
        return said([&](Json& entry) { edit(find(entry, site, partition)); });
    }
    static Json& find(Json& entry, const char* site, const char* partition) {
        for (Json& one : entry["data"]["table"])
            if (one["site"] == site && one["partition"] == partition) return one;
        FAIL("no such row");
        return entry;
    }
    std::string job;
    std::size_t where = 0;
};

TEST_CASE("a decision as it was made holds") {
    const Decided story;
    CHECK(difference_of(story.log).empty());
    CHECK(story.claim(story.job).site == "fi");
}

TEST_CASE("another job, other rules or another moment than those in force are found") {
    Decided story;
    const auto digest = [&](const char* name) {
        return story.said([&](Json& e) { e["data"][name] = std::string(64, 'a'); });
    };
    CHECK(contains(digest("job_digest"), "was handed in with digest"));
    CHECK(contains(digest("rules_digest"), "is decided by rules 'aaaa"));
    CHECK(contains(story.said([](Json& e) { e["data"]["inputs_at"] = 3; }), "is decided on 3 events"));
    CHECK(
        contains(story.said([](Json& e) { e["data"]["job"] = "j1"; }), "job 'j1' is decided, but does not"));
    CHECK(contains(story.said([](Json& e) {
        e["data"]["site_rules"] = Json::array({{{"site", "fi"}, {"digest", std::string(64, 'b')}}});
    }),
                   "is decided by rules of sites"));
}

TEST_CASE("a rule that did not rule out, and one that did and is not told, are found") {
    Decided story;
    CHECK(contains(story.row("ch", "gpu", [](Json& row) { row["rule"] = "small-only"; }),
                   "eu-only rules it out (law), the record says 'small-only' (law)"));
    CHECK(contains(story.row("ch", "gpu", [](Json& row) { row["rejected_by"] = "memory"; }),
                   "eu-only rules it out"));
    CHECK(contains(story.row("fi", "gpu:cpu",
                             [](Json& row) {
                                 row["rejected_by"] = "law";
                                 row["rule"] = "eu-only";
                             }),
                   "is ruled out by law 'eu-only', and nothing forbids it"));
    CHECK(contains(story.row("it", "gpu",
                             [](Json& row) {
                                 row = {{"site", "it"},
                                        {"partition", "gpu"},
                                        {"rejected_by", "eligibility"},
                                        {"rule", "quota-of-the-site"}};
                             }),
                   "residency"));
}

TEST_CASE("data that may not move is not moved") {
    Decided story;
    CHECK(contains(story.row("it", "gpu", [](Json& row) { row["rule"] = "eu-only"; }),
                   "no-permit-to-move rules it out (residency)"));
    // The data set is registered as open: then nothing rules the other site out.
    const std::string said = forged(story, story.at("data.registered", 1),
                                    [](Json& e) { e["data"]["data"]["residency"] = "none"; });
    CHECK(contains(said, fmt::format("entry {}: ", story.where)));
    CHECK(contains(said, "and nothing forbids it"));
}

TEST_CASE("needs that are met, and needs that are not, are told as they are") {
    Decided story;
    CHECK(contains(story.row("fi", "gpu:cpu", [](Json& row) { row["rejected_by"] = "duration"; }),
                   "is ruled out by hardware, the record says duration"));
    CHECK(contains(story.row("fi", "gpu:cpu", [](Json& row) { row.erase("rejected_by"); }),
                   "the record says nothing"));
    contract::JobSpec picky = Story::spec();
    picky.preferred_sites = {"it"};
    Story other;
    other.placed(picky);
    const std::string said = forged(other, other.at("job.decided"),
                                    [](Json& e) { Decided::find(e, "fi", "gpu")["rejected_by"] = "memory"; });
    CHECK(contains(said, "is ruled out by preference, the record says memory"));
}

TEST_CASE("scores are the sums of their terms, and terms are what the site said of itself") {
    Decided story;
    const auto term = [&](std::size_t number, const char* field, std::int64_t more) {
        return story.row("fi", "gpu", [&](Json& row) {
            Json& one = row["terms"][number];
            one[field] = one[field].get<std::int64_t>() + more;
        });
    };
    CHECK(contains(story.row("fi", "gpu", [](Json& row) { row["score_ms"] = 1; }), "its terms add up to"));
    CHECK(contains(term(0, "cost_ms", 1), "its term 'start' costs"));
    CHECK(contains(term(2, "value", 5'000'000), "its term 'run' costs"));
    CHECK(contains(story.row("fi", "gpu", [](Json& row) { row["run_ms"] = 7; }), "it runs 3600000 ms there"));
    CHECK(contains(story.row("fi", "gpu", [](Json& row) { row["start_p90_ms"] = 7; }), "as wide as"));
    // Value, cost and sum fit each other, and not the watts of the site.
    CHECK(contains(story.row("fi", "gpu",
                             [](Json& row) {
                                 for (Json& one : row["terms"]) {
                                     if (one["term"] != "energy") continue;
                                     const std::int64_t cost = one["cost_ms"];
                                     one["value"] = 0, one["cost_ms"] = 0;
                                     row["score_ms"] = row["score_ms"].get<std::int64_t>() - cost;
                                 }
                             }),
                   "its term 'energy' is 0, 400 is right"));
}

TEST_CASE("what is chosen passed, has a claim, and the claim costs what it is") {
    Decided story;
    CHECK(contains(story.row("fi", "gpu", [](Json& row) { row["chosen"] = false; }),
                   "has a claim, and is not chosen"));
    CHECK(contains(story.row("ch", "gpu", [](Json& row) { row["chosen"] = true; }),
                   "is chosen, and there is no claim"));
    const auto claim = [&](const char* field, const Json& value) {
        return story.said([&](Json& e) { e["data"]["claims"][0][field] = value; });
    };
    CHECK(contains(claim("held", 1), "4 GPUs for 3600000 ms are 4000"));
    CHECK(contains(claim("gpus", 8), "is of 8 GPUs"));
    CHECK(contains(claim("limit_ms", 9), "is of 4 GPUs for 9 ms, 4 for 3600000 ms are right"));
    CHECK(contains(claim("claim", "c1-0"), "must be c"));
    CHECK(contains(claim("partition", "other"), "has no partition 'other'"));
    CHECK(contains(claim("start_ms", 5), "its claim says 5"));
    CHECK(contains(claim("site", "ch"), "is decided by rules of sites"));
    CHECK(contains(story.said([](Json& e) { e["data"]["claims"] = Json::array(); }), "wants 1 to 1 sites"));
    CHECK(contains(story.said([](Json& e) { e["data"]["table"].erase(0); }), "without a word about"));
    CHECK(contains(story.said([](Json& e) { e["data"]["table"].push_back(e["data"]["table"][0]); }),
                   "is there twice"));
}

TEST_CASE("only an allocation of the project, in its time and with enough left, pays") {
    Decided story;
    CHECK(contains(story.said([](Json& e) { e["data"]["allocation"] = "a1"; }), "was never granted"));
    CHECK(contains(story.said([](Json& e) { e["data"]["allocation"] = ""; }), "nothing pays for them"));
    CHECK(contains(story.said([](Json& e) { e["data"]["share"] = "national"; }), "from share 'ju'"));
    const std::string early = forged(story, story.at("allocation.granted"), [](Json& e) {
        Json& allocation = e["data"]["allocation"];
        allocation["end_ms"] = allocation["begin_ms"].get<std::int64_t>() + 1;
    });
    CHECK(contains(early, "there is no allocation to pay with"));
    Story poor(4000);
    poor.placed(Story::spec(4, 3600));
    CHECK(difference_of(poor.log).empty());
    const std::string said = forged(poor, poor.at("allocation.granted"), [](Json& e) {
        e["data"]["allocation"]["granted"] = 3999;
        e["data"]["allocation"]["left"] = 3999;
    });
    CHECK(contains(said, "allocation"));
}

TEST_CASE("sites that were not admitted, have left or drain take no work") {
    Decided story;
    CHECK(contains(story.said([](Json& e) { e["data"]["table"][0]["site"] = "de"; }),
                   "site 'de' is not admitted, described and active"));
    // The state of a site is set before the decision, in the place of an entry that changes nothing else.
    const std::string said = forged(story, story.at("site.journal_opened"), [](Json& e) {
        e["type"] = "site.state_set";
        e["data"] = {{"site", "fi"}, {"state", "draining"}};
    });
    CHECK(contains(said, "site 'fi' is not admitted, described and active"));
}

TEST_CASE("data that a run reads at one of its sites rules out no other") {
    Story story;
    contract::JobSpec run = Story::spec(4, 3600);
    run.sites = 2, run.quorum = 2, run.kind = "federated-training";
    run.data = {"bound"};
    run.data_sites = {{"bound", "fi"}};
    story.placed(run);
    CHECK(difference_of(story.log).empty());
    const std::string said =
        forged(story, story.at("job.submitted"), [](Json& e) { e["data"]["spec"]["data"][0].erase("site"); });
    CHECK_FALSE(said.empty());
}

TEST_CASE("sites of one run may exchange what they must exchange") {
    Story story;
    contract::JobSpec run = Story::spec(4, 3600);
    run.sites = 2, run.quorum = 2, run.kind = "federated-training";
    story.placed(run);
    CHECK(difference_of(story.log).empty());
    const std::size_t at = story.at("job.decided");
    CHECK(contains(forged(story, at, [](Json& e) { e["data"]["claims"].erase(1); }), "wants 2 to 2 sites"));
    CHECK(contains(forged(story, at, [](Json& e) { e["data"]["claims"][1] = e["data"]["claims"][0]; }),
                   "must be c"));
    // Rules without the permit to exchange: the decision and all before it are the same.
    std::vector<std::string> log = story.log;
    std::string rules(story_rules);
    rules.replace(rules.find(", exchange"), 10, "");
    const auto set = RuleTexts::read("federation", {{"test.rules", rules}});
    for (std::size_t i : {std::size_t{0}, at}) {
        Json entry = parse_json(log[i]).value();
        if (i == 0) entry["data"]["federation"]["rules"][0]["text"] = rules;
        (i == 0 ? entry["data"]["federation"] : entry["data"])["rules_digest"] = set->digest();
        log[i] = entry.dump();
    }
    CHECK(contains(difference_of(log), "between which the rules let nothing travel"));
}

}  // namespace
}  // namespace euromesh::verify

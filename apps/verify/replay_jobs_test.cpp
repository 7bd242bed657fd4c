// Jobs and claims in ledgers that are well signed and in which one step is wrong.
#include "apps/verify/stories_for_test.hpp"

namespace euromesh::verify {
namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

struct Ran : Story {
    Ran() { job = ended(spec(4, 3600), 1'800'000); }
    std::string field(const char* type, const char* name, const Json& value) const {
        return forged(*this, at(type), [&](Json& e) { e["data"][name] = value; });
    }
    std::string by(const char* type, const char* who) const {
        return forged(*this, at(type), [&](Json& e) { e["by"] = who; });
    }
    std::string as(const char* type, const char* other) const {
        return forged(*this, at(type), [&](Json& e) { e["type"] = other; });
    }
    std::string job;
};

TEST_CASE("a job from its submission to its end holds, and what it did not use comes back") {
    Ran story;
    REQUIRE(difference_of(story.log).empty());
    CHECK(story.core.tables().allocations().begin()->second.used == 2000);
    // All of the rest can be held again.
    for (int i = 0; i < 20; ++i) story.ended(Story::spec(4, 3600), 3'600'000);
    CHECK(difference_of(story.log).empty());
}

TEST_CASE("a submission is of whom it says, with the digest of what was handed in, as the rules allow") {
    const Ran story;
    CHECK(contains(story.field("job.submitted", "digest", std::string(64, 'c')), "the digest of job"));
    CHECK(contains(story.field("job.submitted", "job", "j5"), "its id is 'j5'"));
    CHECK(contains(story.by("job.submitted", "https://issuer|mallory"), "is handed in by"));
    CHECK(contains(story.field("job.submitted", "project", "p2"), "of project 'p2', which there is not"));
    const std::string stranger = forged(story, story.at("job.submitted"), [](Json& e) {
        e["by"] = "https://issuer|mallory";
        e["data"]["account"] = "https://issuer|mallory";
        e["data"]["groups"] = {"fusion"};
    });
    CHECK(contains(stranger, "is taken, which the rules refuse: no rule permits it"));
}

TEST_CASE("only the site tells what only the site knows") {
    const Ran story;
    for (const char* type : {"claim.offered", "claim.accepted", "claim.started", "claim.ended"}) {
        CAPTURE(type);
        CHECK(contains(story.by(type, "it"), "is told by 'it'"));
        CHECK(contains(story.by(type, "https://issuer|admin"), "is told by"));
    }
}

TEST_CASE("steps come in their order, each once") {
    const Ran story;
    CHECK(contains(story.as("claim.accepted", "claim.offered"), "which is offered"));
    CHECK(contains(story.as("claim.offered", "claim.accepted"), "which is held"));
    CHECK(contains(story.as("claim.offered", "claim.started"), "which is held"));
    CHECK(contains(story.as("claim.started", "claim.used"), "which is accepted"));
    CHECK(contains(story.field("claim.started", "claim", "c1-0"), "claim 'c1-0' is not open"));
    std::vector<std::string> log = story.log;
    Json again = parse_json(log.back()).value();
    again["seq"] = log.size();
    log.push_back(again.dump());
    CHECK(contains(difference_of(log), "is not open (claim.ended)"));
    Json cancel = {
        {"v", 1},        {"seq", log.size() - 1},       {"time", again["time"]}, {"type", "job.cancel_asked"},
        {"by", "alice"}, {"data", {{"job", story.job}}}};
    log.back() = cancel.dump();
    CHECK(contains(difference_of(log), "is called off, but is not open"));
}

TEST_CASE("a claim costs what it ran, at most what was held") {
    const Ran story;
    CHECK(contains(story.field("claim.ended", "charged", 1999), "costs 2000, and is charged 1999"));
    CHECK(contains(story.field("claim.ended", "charged", 4001), "and is charged 4001"));
    CHECK(contains(story.field("claim.ended", "charged", -1), "which is no amount"));
    CHECK(contains(story.field("claim.ended", "ended_ms", 1), "costs 0, and is charged 2000"));
    CHECK(contains(story.field("claim.ended", "state", "lost"), "ends as 'lost'"));
}

TEST_CASE(
    "a job that is over is not decided on again; one whose site refused waits again, without that site") {
    Story story;
    const std::string job = story.placed(Story::spec());
    const std::string site = story.claim(job).site;
    story.report(site, {story.told(job, "refused")});
    story.plan();
    REQUIRE(story.claim(job).site != site);
    CHECK(difference_of(story.log).empty());
    const std::string forgotten = forged(story, story.at("claim.refused"), [](Json& e) {
        e["type"] = "claim.ended";
        e["data"]["state"] = "cancelled";
    });
    CHECK(contains(forgotten, "refused-by-the-site"));
    const std::string lost =
        forged(story, story.at("claim.refused"), [](Json& e) { e["type"] = "claim.lost"; });
    CHECK(contains(lost, "is decided, but does not wait"));
    CHECK(contains(forged(story, story.at("claim.refused"),
                          [](Json& e) { e["type"] = "claim.lost", e["by"] = "coordinator"; }),
                   "is given up by 'coordinator'"));
}

}  // namespace
}  // namespace euromesh::verify

// Who changes rules, modes, sites and projects, in ledgers that are well signed.
#include "apps/verify/stories_for_test.hpp"

namespace euromesh::verify {
namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

fed::SignedBy by(const char* holder, std::uint8_t key, const std::string& message) {
    return {holder, to_hex(fed::test_key(key).sign(message))};
}

struct Governed : Story {
    Governed() {
        const auto& federation = core.tables().federation();
        fed::ChangeRules change{{{"test.rules", std::string(story_rules) + "# more\n"}}, {}};
        const std::string digest = fed::rules_digest("federation", change.rules).value();
        change.signatures = {by("one", 2, fed::rules_message(federation, digest))};
        must(admin, change);
        fed::SetMode mode{"emergency", now_ms + 3'600'000, "flood", {}};
        const std::string message = fed::mode_message(federation, mode);
        mode.signatures = {by("one", 2, message), by("two", 3, message)};
        must(admin, mode);
        now_ms += 7'200'000;
        must(coordinator, fed::Expire{});
    }
    std::string field(const char* type, const char* name, const Json& value, std::size_t n = 0) const {
        return forged(*this, at(type, n), [&](Json& e) { e["data"][name] = value; });
    }
    std::string by_whom(const char* type, const char* who) const {
        return forged(*this, at(type), [&](Json& e) { e["by"] = who; });
    }
};

TEST_CASE("new rules stand under the board's signatures, over exactly these texts") {
    const Governed story;
    REQUIRE(difference_of(story.log).empty());
    CHECK(
        contains(story.field("rules.changed", "signatures", Json::array()), "has 0 signatures of the board"));
    CHECK(contains(story.field("rules.changed", "before", std::string(64, 'a')),
                   "it replaces rules of digest"));
    CHECK(contains(story.field("rules.changed", "digest", std::string(64, 'a')),
                   "signature of 'one' does not"));
    CHECK(contains(forged(story, story.at("rules.changed"),
                          [](Json& e) { e["data"]["rules"][0]["text"] = story_rules; }),
                   "the digest of its rules is"));
    CHECK(contains(story.by_whom("rules.changed", "https://issuer|alice"), "is no administrator"));
    CHECK(contains(forged(story, 0, [](Json& e) { e["data"]["federation"]["rules_digest"] = ""; }),
                   "the digest of its rules"));
}

TEST_CASE("an emergency stands under as many signatures as it needs, for a time, and ends by itself") {
    const Governed story;
    const auto one = [](Json& e) { e["data"]["signatures"].erase(1); };
    CHECK(
        contains(forged(story, story.at("mode.set"), one), "it has 1 signatures of the board, 2 are needed"));
    const auto doubled = [](Json& e) { e["data"]["signatures"][1] = e["data"]["signatures"][0]; };
    CHECK(contains(forged(story, story.at("mode.set"), doubled), "it has 1 signatures"));
    CHECK(contains(story.field("mode.set", "reason", "war"), "signature of 'one' does not hold"));
    CHECK(contains(story.field("mode.set", "until_ms", 1), "does not hold"));
    CHECK(contains(story.by_whom("mode.set", "https://issuer|alice"), "is no administrator"));
    const auto early = [&](Json& e) { e["by"] = "https://issuer|admin"; };
    CHECK(contains(forged(story, story.at("mode.set", 1), early), "it has 0 signatures"));
    CHECK(contains(story.field("mode.set", "mode", "emergency", 1), "it has 0 signatures"));
}

TEST_CASE("sites are admitted by who may, and describe themselves as they were admitted") {
    const Governed story;
    CHECK(contains(story.by_whom("site.admitted", "https://issuer|alice"), "which the rules refuse"));
    CHECK(contains(story.by_whom("site.described", "it"), "site 'fi' is described by 'it'"));
    CHECK(contains(story.field("site.described", "rules_digest", std::string(64, 'a')), "site's rules"));
    CHECK(contains(
        forged(story, story.at("site.described"), [](Json& e) { e["data"]["document"]["country"] = "SE"; }),
        "says country 'SE' and was admitted with 'FI'"));
    CHECK(contains(story.by_whom("site.journal_opened", "it"), "is opened by 'it'"));
    CHECK(contains(story.field("site.described", "site", "de"), "was never admitted"));
    Story left;
    left.must(Story::agent("fi"), fed::SetSiteState{"fi", "left", ""});
    left.must(left.admin, fed::SetSiteState{"fi", "active", ""});
    REQUIRE(difference_of(left.log).empty());
    const std::size_t back = left.at("site.state_set", 1);
    CHECK(contains(forged(left, back, [](Json& e) { e["by"] = "fi"; }), "takes itself back"));
    CHECK(contains(forged(left, back, [](Json& e) { e["by"] = "it"; }), "is set by 'it'"));
    CHECK(contains(forged(left, back, [](Json& e) { e["data"]["state"] = "gone"; }), "has no state"));
}

TEST_CASE("projects and data are changed by who manages them, and what is law by administrators") {
    Governed story;
    fed::ProjectRecord project = *story.core.tables().project("p1");
    project.title = "New";
    story.must(story.alice, fed::SetProject{project});
    REQUIRE(difference_of(story.log).empty());
    const std::size_t again = story.at("project.set", 1);
    const auto law = [](Json& e) { e["data"]["project"]["country"] = "SE"; };
    CHECK(contains(forged(story, again, law), "'country' of project 'p1' is changed by"));
    CHECK(contains(forged(story, again, [](Json& e) { e["by"] = "x|mallory"; }), "who does not manage it"));
    CHECK(contains(forged(story, story.at("project.set"),
                          [](Json& e) { e["data"]["project"]["export_authorised"] = true; }),
                   "'export_authorised' of project"));
    CHECK(contains(story.by_whom("data.registered", "x|mallory"), "is registered by 'x|mallory'"));
    const auto data = [&](const char* name, const char* value) {
        return forged(story, story.at("data.registered"), [&](Json& e) { e["data"]["data"][name] = value; });
    };
    CHECK(contains(data("project", "p2"), "of project 'p2', which there is not"));
    CHECK(contains(data("site", "de"), "lies at site 'de'"));
}

}  // namespace
}  // namespace euromesh::verify

// Applications, reviews and grants in ledgers that are well signed.
#include "apps/verify/stories_for_test.hpp"

namespace euromesh::verify {
namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

struct Applied : Story {
    Applied() : Story(0) {
        must(alice, fed::Apply{"p1", "small", "ju", 1000, "one page"});
        const auto answer = must(alice, fed::Apply{"p1", "large", "ju", 4'000'000, "more"}).answer;
        must(reviewer, fed::Review{answer["application"], true, ""});
        must(alice, fed::Apply{"p1", "large", "ju", 4'000'001, "too much"});
    }
    std::string field(const char* type, const char* part, const char* name, const Json& value,
                      std::size_t n = 0) const {
        return forged(*this, at(type, n),
                      [&](Json& e) { (*part == '\0' ? e["data"] : e["data"][part])[name] = value; });
    }
    std::string by(const char* type, const char* who, std::size_t n = 0) const {
        return forged(*this, at(type, n), [&](Json& e) { e["by"] = who; });
    }
};

TEST_CASE("an instant tier, a review and a refusal by a rule hold") {
    const Applied story;
    CHECK(difference_of(story.log).empty());
    CHECK(story.core.tables().allocations().size() == 2);
}

TEST_CASE("an application asks for what its tier gives, in the name of who makes it") {
    const Applied story;
    const char* type = "application.made";
    CHECK(contains(story.field(type, "application", "amount", 5'000'001),
                   "tier 'small' gives at most 5000000"));
    CHECK(contains(story.field(type, "application", "tier", "huge"), "is for no tier: 'huge'"));
    CHECK(contains(story.field(type, "application", "id", "p1"), "its id is 'p1'"));
    CHECK(contains(story.field(type, "application", "due_ms", 1), "is due at 1 ms"));
    CHECK(contains(story.by(type, "x|mallory"), "is made by 'x|mallory'"));
}

TEST_CASE("only the rules alone and reviewers decide, each application once") {
    const Applied story;
    const char* type = "application.reviewed";
    CHECK(contains(story.by(type, "https://issuer|alice", 1), "is granted at once, and tier 'large'"));
    CHECK(
        contains(story.by(type, "https://issuer|admin", 1), "is reviewed by 'https://issuer|admin', which"));
    CHECK(contains(story.field(type, "", "application", "p1"), "does not wait for it"));
    CHECK(contains(story.field(type, "", "state", "maybe"), "has no state 'maybe'"));
    // Refused by a rule, and granted all the same.
    CHECK(contains(story.field(type, "", "state", "granted", 2), "which the rules refuse: small-only"));
    // The tier of the instant one is a reviewed one.
    const std::string said = forged(story, story.at("application.made"), [](Json& e) {
        e["data"]["application"]["tier"] = "large";
        e["data"]["application"]["due_ms"] = e["time"].get<std::int64_t>() + 14ll * 86400 * 1000;
    });
    CHECK(contains(said, "is granted at once, and tier 'large' is reviewed"));
}

TEST_CASE("what is granted is what was asked for, or comes from an administrator") {
    const Applied story;
    const char* type = "allocation.granted";
    CHECK(contains(story.field(type, "allocation", "granted", 999), "left 1000 are not the 999 granted"));
    const std::string more = forged(story, story.at(type), [](Json& e) {
        e["data"]["allocation"]["granted"] = 2000;
        e["data"]["allocation"]["left"] = 2000;
    });
    CHECK(contains(more, "asks for 1000, 2000 are given"));
    CHECK(contains(story.field(type, "allocation", "tier", "large"),
                   "asks for tier 'small', 'large' is given"));
    CHECK(contains(story.field(type, "", "application", "", 1), "who is no administrator"));
    CHECK(contains(story.field(type, "", "application", "p1"), "which is not open"));
    CHECK(contains(story.field(type, "allocation", "id", "a1"), "its id is 'a1'"));
    CHECK(contains(story.field(type, "allocation", "begin_ms", 9'000'000'000'000), "ends before it begins"));
}

TEST_CASE("what is taken back is left, at checkpoints in their order") {
    Story story(1'000'000);
    story.now_ms += 50ll * 86400 * 1000;
    story.must(story.coordinator, fed::Expire{});
    story.now_ms += 20ll * 86400 * 1000;
    story.must(story.coordinator, fed::Expire{});
    REQUIRE(difference_of(story.log).empty());
    const std::size_t first = story.at("allocation.clawed_back");
    const auto field = [&](std::size_t at, const char* name, std::int64_t value) {
        return forged(story, at, [&](Json& e) { e["data"][name] = value; });
    };
    CHECK(contains(field(first, "amount", 1'000'001), "of which 1000000 are left"));
    CHECK(contains(field(first, "checkpoint", 2), "checkpoint 2 of allocation"));
    CHECK(contains(field(story.at("allocation.clawed_back", 1), "checkpoint", 3), "comes after 1 of 2"));
    CHECK(contains(field(first, "amount", -1), "which is no amount"));
    const std::string early = forged(story, story.at("allocation.granted"),
                                     [](Json& e) { e["data"]["allocation"]["end_ms"] = 9'000'000'000'000; });
    CHECK(contains(early, "is not reached yet"));
}

}  // namespace
}  // namespace euromesh::verify

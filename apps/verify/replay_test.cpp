#include "apps/verify/replay.hpp"

#include <doctest/doctest.h>

namespace euromesh::verify {
namespace {

class Story {
  public:
    Story() { REQUIRE(tell("allocation.granted", R"({"allocation":{"id":"al","granted":100}})")); }
    Status tell(const char* type, const std::string& data) {
        return replay_.apply(type, parse_json(data).value());
    }
    Status decide(const std::string& claim, int held, const std::string& site = "a") {
        return tell("job.decided",
                    fmt::format(R"({{"job":"j","allocation":"al","claims":[{{"claim":"{}","site":"{}",)"
                                R"("held":{}}}]}})",
                                claim, site, held));
    }
    Status offer(const std::string& claim) { return tell("claim.offered", R"({"claim":")" + claim + "\"}"); }
    Status end(const std::string& claim, int charged) {
        return tell("claim.ended", fmt::format(R"({{"claim":"{}","charged":{}}})", claim, charged));
    }
    Status refuse(const std::string& claim) { return tell("claim.refused", R"({"claim":")" + claim + "\"}"); }
    void hold(const std::string& claim, int held) {
        REQUIRE(decide(claim, held));
        REQUIRE(offer(claim));
    }

  private:
    Replay replay_;
};

std::string said(const Status& status) {
    return status ? "" : status.error().message;
}

TEST_CASE("what is held and not used comes back") {
    Story story;
    story.hold("c1", 60);
    story.hold("c2", 40);
    REQUIRE(story.end("c1", 50));
    REQUIRE(story.refuse("c2"));
    story.hold("c3", 50);
    REQUIRE(story.end("c3", 50));
    CHECK(story.decide("c4", 1).has_value());
    CHECK(said(story.offer("c4")) == "allocation 'al': used 100 and held 1 are more than the 100 granted");
}

TEST_CASE("more than was granted is found when it is held, also after a claw-back") {
    Story story;
    story.hold("c1", 60);
    REQUIRE(story.decide("c2", 41));
    CHECK(said(story.offer("c2")).find("used 0 and held 101") != std::string::npos);
    Story other;
    REQUIRE(other.tell("allocation.clawed_back", R"({"allocation":"al","amount":50})"));
    REQUIRE(other.decide("c1", 60));
    CHECK_FALSE(other.offer("c1").has_value());
    CHECK_FALSE(other.tell("allocation.clawed_back", R"({"allocation":"al","amount":51})").has_value());
}

TEST_CASE("a claim is decided once, ends once, and costs no more than was held") {
    Story story;
    story.hold("c1", 10);
    CHECK(said(story.decide("c1", 10)) == "claim 'c1' is decided twice");
    CHECK_FALSE(story.offer("c1").has_value());
    CHECK(said(story.end("c1", 11)) == "claim 'c1' costs 11, for which 10 was held");
    CHECK(story.end("c1", 10).has_value());
    CHECK(said(story.end("c1", 10)) == "claim 'c1' ends, but is not open");
    CHECK_FALSE(story.refuse("c2").has_value());
    REQUIRE(story.decide("c3", 5));
    CHECK_FALSE(story.end("c3", 1).has_value());
}

TEST_CASE("a site that gives up returns what it held") {
    Story story;
    story.hold("c1", 100);
    REQUIRE(story.decide("c2", 100));
    REQUIRE(story.tell("site.state_set", R"({"site":"a","state":"draining"})"));
    CHECK_FALSE(story.offer("c2").has_value());
    REQUIRE(story.tell("site.journal_opened", R"({"site":"b","journal":"x"})"));
    REQUIRE(story.decide("c3", 100, "b"));
    CHECK_FALSE(story.offer("c3").has_value());
    Story other;
    other.hold("c1", 100);
    REQUIRE(other.tell("site.state_set", R"({"site":"a","state":"left"})"));
    other.hold("c2", 100);
    REQUIRE(other.tell("site.journal_opened", R"({"site":"a","journal":"x"})"));
    other.hold("c3", 100);
}

TEST_CASE("entries that lack what they must have are refused; other types are passed over") {
    Story story;
    CHECK(story.tell("account.seen", "3").has_value());
    CHECK_FALSE(story.tell("job.decided", "{}").has_value());
    CHECK_FALSE(story.tell("claim.ended", "[]").has_value());
    CHECK_FALSE(story.tell("allocation.granted", R"({"allocation":{"id":"al","granted":1}})").has_value());
    CHECK_FALSE(story.tell("allocation.granted", R"({"allocation":{"id":"b","granted":-1}})").has_value());
    CHECK_FALSE(story.tell("allocation.clawed_back", R"({"allocation":"none","amount":0})").has_value());
    CHECK_FALSE(story.tell("job.decided", R"({"claims":[{"claim":"x","site":"a","held":1}]})").has_value());
}

}  // namespace
}  // namespace euromesh::verify

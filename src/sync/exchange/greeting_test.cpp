#include "sync/exchange/greeting.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::sync;

namespace {

Greeting greeting(const char* site) {
    Greeting made;
    made.run = "run-1";
    made.site = site;
    made.sites = {"jupiter", "leonardo", "mn5"};
    made.layout = "aaaa";
    made.session = Json{{"round", 7}};
    return made;
}

std::string refusal(const Greeting& theirs, const GreetingContext& context = {}) {
    const auto rank = check_greeting(greeting("leonardo"), theirs, context);
    REQUIRE(!rank);
    CHECK(rank.error().code == Code::refused);
    CHECK(rank.error().message.find(theirs.site) != std::string::npos);
    return rank.error().message;
}

bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

Result<Greeting> parse(const std::string& text) {
    return parse_greeting(std::as_bytes(std::span(text)));
}

}  // namespace

TEST_CASE("a greeting survives the wire") {
    const Greeting read = parse(greeting_text(greeting("mn5"))).value();
    CHECK(read.run == "run-1");
    CHECK(read.site == "mn5");
    CHECK(read.sites == greeting("mn5").sites);
    CHECK(read.layout == "aaaa");
    CHECK(read.session["round"] == 7);
}

TEST_CASE("sites that fit know each other's rank, whoever dialled") {
    CHECK(check_greeting(greeting("leonardo"), greeting("mn5"), {}).value() == 2);
    CHECK(check_greeting(greeting("leonardo"), greeting("jupiter"), {std::nullopt, Rank{0}}).value() == 0);
    CHECK(check_greeting(greeting("leonardo"), greeting("mn5"),
                         {os::PeerIdentity{"mn5", "run-1"}, std::nullopt})
              .value() == 2);
}

TEST_CASE("each difference is refused in its own words") {
    Greeting theirs = greeting("mn5");
    theirs.protocol = 2;
    CHECK(has(refusal(theirs), "protocol 2, expected 1"));
    theirs = greeting("mn5");
    theirs.run = "run-2";
    CHECK(has(refusal(theirs), "run 'run-2', expected 'run-1'"));
    theirs = greeting("mn5");
    theirs.layout = "bbbb";
    CHECK(has(refusal(theirs), "another model shape: layout bbbb at mn5, aaaa at leonardo"));
    theirs = greeting("mn5");
    theirs.sites = {"jupiter", "mn5", "leonardo"};
    CHECK(has(refusal(theirs), "another list of sites"));
    CHECK(has(refusal(greeting("stranger")), "unknown to run 'run-1'"));
    CHECK(has(refusal(greeting("leonardo")), "started twice"));
    CHECK(has(refusal(greeting("jupiter")), "comes after it"));
    CHECK(has(refusal(greeting("mn5"), {std::nullopt, Rank{0}}), "answers at the endpoint of site jupiter"));
    CHECK(has(refusal(greeting("mn5"), {os::PeerIdentity{"jupiter", "run-1"}, std::nullopt}),
              "certificate is for site 'jupiter'"));
    CHECK(has(refusal(greeting("mn5"), {os::PeerIdentity{"mn5", "run-2"}, std::nullopt}),
              "certificate is for run 'run-2'"));
}

TEST_CASE("a newer protocol is understood as far as its number, garbage is not") {
    CHECK(parse(R"({"protocol":9,"site":"mn5"})").value().protocol == 9);
    for (const char* wrong :
         {"", "{", "[]", "7", "{}", R"({"protocol":1,"site":"mn5"})", R"({"protocol":"x","site":"mn5"})",
          R"({"protocol":1,"site":"a b","run":"r","layout":"","sites":[]})",
          R"({"protocol":1,"site":"a","run":"r","layout":"","sites":[1]})",
          R"({"protocol":1,"site":"a","run":"r","layout":"","sites":7})"}) {
        CAPTURE(wrong);
        CHECK(!parse(wrong));
    }
}

TEST_CASE("text of others becomes one printable line") {
    const std::string text = "a\nb\x1b[31m\xff";
    CHECK(one_line(std::as_bytes(std::span(text))) == "a?b?[31m?");
    const std::string endless(1000, 'x');
    CHECK(one_line(std::as_bytes(std::span(endless))).size() == 400);
}

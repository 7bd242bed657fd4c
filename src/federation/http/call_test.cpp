#include "federation/http/call.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("percent-encoding goes and comes back, and broken escapes are refused") {
    CHECK(percent_decoded("a%20b%C3%A9").value() == "a b\xc3\xa9");
    CHECK(percent_decoded("").value().empty());
    CHECK(percent_encoded("a b/\xc3\xa9") == "a%20b%2F%C3%A9");
    for (const char* const bad : {"%", "%4", "%zz", "x%2", "%4g"}) CHECK_FALSE(percent_decoded(bad));
    Random random(7);
    for (int i = 0; i < 200; ++i) {
        std::string text;
        for (std::uint64_t n = random.below(20); n > 0; --n) {
            text.push_back(static_cast<char>(0x20 + random.below(0x5f)));
        }
        CHECK(percent_decoded(percent_encoded(text)).value() == text);
    }
}

TEST_CASE("bytes that are no text are refused, also when they come encoded") {
    CHECK(is_plain_text("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"));
    // Too long a form, half a sequence, a surrogate, above the last character, a control character, DEL, C1.
    for (const char* const bad : {"\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "a\n",
                                  "\x7f", "\xc2\x85", "\xe0\x80\xaf"}) {
        CHECK_FALSE(is_plain_text(bad));
        CHECK_FALSE(percent_decoded(percent_encoded(bad)));
    }
    CHECK_FALSE(percent_decoded("a%00b"));
}

TEST_CASE("a query is read in order, with names that come twice and values that are missing") {
    const TextPairs pairs = parse_query("a=1&b=x+y%2B&a=2&flag&=v&&c==").value();
    const TextPairs expected = {{"a", "1"}, {"b", "x y+"}, {"a", "2"}, {"flag", ""}, {"", "v"}, {"c", "="}};
    CHECK(pairs == expected);
    CHECK(parse_query("").value().empty());
    CHECK(parse_query("a&b&c", 2).error().message.find("more than 2") != std::string::npos);
    CHECK(parse_query("a=%zz").error().message.find("'a'") != std::string::npos);
}

TEST_CASE("a call finds what it has by name") {
    HttpCall call;
    call.parameters = {{"id", "j-1"}};
    call.query = {{"a", "1"}, {"a", "2"}};
    call.headers = {{"accept", "x"}};
    CHECK(call.parameter("id") == "j-1");
    CHECK(call.query_value("a") == "1");
    CHECK_FALSE(call.query_value("b").has_value());
    CHECK(call.header("accept") == "x");
    CHECK(text_of(HttpMethod::del) == "DELETE");
}

TEST_CASE("answers carry their type, problems their headers") {
    CHECK(json_answer({{"a", 1}}, 201).body == R"({"a":1})");
    CHECK(json_answer({{"a", 1}}, 201).status == 201);
    CHECK_FALSE(json_answer({{"a", "\xff"}}).body.empty());
    const HttpAnswer answer = problem_answer(not_authenticated("no token"), "r");
    CHECK(answer.content_type == "application/problem+json");
    CHECK(answer.headers.size() == 1);
}

}  // namespace
}  // namespace euromesh::federation

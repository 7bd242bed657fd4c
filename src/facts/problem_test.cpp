#include "facts/problem.hpp"

#include <doctest/doctest.h>

namespace euromesh::facts {

TEST_CASE("a problem is told with its place; the first one stands for all") {
    Problems problems;
    CHECK(problems.none());
    CHECK(problems.status());
    problems.add({"s.csv", 7, 45, "status", "'opertional' is not one of operational"});
    CHECK(problems.status().error().message == "s.csv:7:45: status: 'opertional' is not one of operational");
    problems.add({"s.csv", 9, 1, "", "an empty line; remove it"});
    CHECK(in_words(problems.kept().back()) == "s.csv:9:1: an empty line; remove it");
    CHECK(problems.status().error().code == Code::bad_input);
    CHECK(problems.status().error().message.find("(and 1 more: euromesh facts check)") != std::string::npos);
}

TEST_CASE("only so many are kept, all are counted") {
    Problems problems;
    for (int i = 0; i < 700; ++i) problems.add({"s.csv", i + 1, 1, "", "x"});
    CHECK(problems.count() == 700);
    CHECK(problems.kept().size() == Problems::most_kept);
}

TEST_CASE("a quoted value stays on one line, short, and whole characters") {
    CHECK(shown("a\r\nb\x7F") == "a??b?");
    CHECK(shown(std::string(61, 'x')) == std::string(60, 'x') + "...");
    const std::string euros =
        "x\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC\u20AC"
        "\u20AC"
        "\u20AC\u20AC\u20AC\u20AC";
    CHECK(shown(euros) == euros.substr(0, 58) + "...");
}

}  // namespace euromesh::facts

#include "federation/rules/token.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

struct Lexed {
    std::vector<RuleToken> tokens;
    std::string problems;
};

Lexed lex(std::string_view text) {
    facts::Problems problems;
    Lexed lexed{rule_tokens(text, "t", problems), ""};
    for (const facts::Problem& problem : problems.kept()) lexed.problems += facts::in_words(problem) + "\n";
    return lexed;
}

std::string raws(std::string_view text) {
    std::string all;
    for (const RuleToken& token : lex(text).tokens) all += "[" + std::string(token.raw) + "]";
    return all;
}

TEST_CASE("a text falls into words, numbers, texts, marks and comments") {
    CHECK(raws("rule eu-1 a.b==\"x y\" # no\n-5,<=(3)") ==
          "[rule][eu-1][a][.][b][==][\"x y\"][# no][-5][,][<=][(][3][)][]");
    CHECK(raws("") == "[]");
    CHECK(lex("a\"x\"5#c").tokens[1].kind == TokenKind::text);
    CHECK(lex("a 5 # c").tokens[2].kind == TokenKind::comment);
}

TEST_CASE("every token knows its place in characters, its line's begin and the empty lines before it") {
    const auto tokens = lex("\n\"\xC3\xA9\" b\r\n\n\n  c").tokens;
    CHECK(tokens[0].line == 2);
    CHECK(tokens[0].first_in_line);
    CHECK(tokens[1].column == 5);
    CHECK(!tokens[1].first_in_line);
    CHECK(tokens[2].line == 5);
    CHECK(tokens[2].column == 3);
    CHECK(tokens[2].blank_lines == 2);
    CHECK(tokens[2].first_in_line);
}

TEST_CASE("quotes and backslashes in a text") {
    const auto lexed = lex(R"("say \"no\" to c:\\")");
    CHECK(lexed.problems.empty());
    CHECK(text_of(lexed.tokens[0]) == R"(say "no" to c:\)");
}

TEST_CASE("what is no token is told with its place, and the rest is read") {
    const auto lexed = lex("a = b\n  & c");
    CHECK(lexed.problems ==
          "t:1:3: '=' has no meaning here (equality is ==)\n"
          "t:2:3: '&' has no meaning here (write and, or)\n");
    CHECK(lexed.tokens.size() == 4);
    CHECK(lex("a \"open\nb").problems == "t:1:3: the quote opened here is not closed in this line\n");
    CHECK(lex("\"a\\n\"").problems.find("t:1:3: a backslash stands only before") == 0);
    CHECK(lex(std::string_view("\"a\tb\"")).problems.find("control character") != std::string::npos);
    CHECK(lex("# a\x01").problems.find("control character") != std::string::npos);
    CHECK(lex("a\n\xFF").problems == "t:2:1: this line is not UTF-8; save the file as UTF-8\n");
    CHECK(lex("\"a\\").problems.find("not closed") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

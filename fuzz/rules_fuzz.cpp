// Rule texts and cases: whatever is in one, reading it ends, every problem has its place and one line of
// words; what parses is laid out the same way twice, means the same afterwards, and what compiles decides
// every request.
#include "federation/rules/cases.hpp"
#include "federation/rules/dialect.hpp"
#include "federation/rules/explanation.hpp"
#include "federation/rules/format.hpp"
#include "federation/rules/random_rules.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

using namespace federation;

void check_problems(const facts::Problems& problems, std::string_view text) {
    const auto lines = 1 + std::ranges::count(text, '\n');
    for (const facts::Problem& problem : problems.kept()) {
        EM_ASSERT(problem.line >= 1 && problem.line <= lines && problem.column >= 1, "a place in the text");
        const std::string words = facts::in_words(problem);
        EM_ASSERT(words.size() < 3000, "a problem is told in short");
        EM_ASSERT(std::ranges::all_of(words, [](char c) { return static_cast<unsigned char>(c) >= ' '; }),
                  "a problem is told on one line");
    }
}

std::string written(std::string_view text) {
    facts::Problems problems;
    std::string all;
    for (const RuleSyntax& rule : parse_rules(text, "fuzz.rules", problems)) all += to_rule_text(rule);
    EM_ASSERT(problems.none(), "what was laid out parses");
    return all;
}

void check_layout(std::string_view text) {
    facts::Problems problems;
    const auto once = format_rules(text, "fuzz.rules", problems);
    EM_ASSERT(once.has_value() == problems.none(), "not laid out without a reason");
    if (!once) return;
    EM_ASSERT(format_rules(*once, "fuzz.rules", problems) == once, "laid out twice is laid out once");
    EM_ASSERT(written(*once) == written(text), "the same rules");
}

void decide_all(std::string_view text) {
    facts::Problems problems;
    const auto set = RuleSet::compile("federation", {{"fuzz.rules", std::string(text)}}, problems);
    EM_ASSERT((set != nullptr) == problems.none(), "no set without a reason");
    check_problems(problems, text);
    if (!set) return;
    RandomRules random(text.size());
    for (int i = 0; i < 20; ++i) {
        const RuleRequestDocument document = random.request(static_cast<std::size_t>(i) % 3);
        const RuleExplanation explanation = explain(*set, {}, document.request());
        EM_ASSERT(explanation.verdict.allowed == decide(*set, {}, document.request()).allowed, "one answer");
        EM_ASSERT(!in_words(explanation).empty() && !to_json(explanation).dump().empty(), "it can be told");
    }
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = input.text();
    check_layout(text);
    decide_all(text);
    facts::Problems problems;
    parse_rule_cases(text, "fuzz.cases", problems);
    check_problems(problems, text);
}

}  // namespace euromesh::fuzz

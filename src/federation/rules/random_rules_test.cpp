// What holds of every rule and every request, tried on thousands of them.
#include "federation/rules/random_rules.hpp"

#include <algorithm>

#include "federation/rules/dialect.hpp"
#include "federation/rules/explanation.hpp"
#include "federation/rules/format.hpp"
#include "federation/rules/records_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr int sets = 150;
constexpr int requests = 20;

std::string text_of(const std::vector<RuleSyntax>& rules) {
    std::string text;
    for (const RuleSyntax& rule : rules) text += to_rule_text(rule);
    return text;
}

// A second evaluator, straight from the syntax, which knows nothing of jumps.
class Naive {
  public:
    Naive(const RuleRequest& request, std::size_t round) : request_(request), round_(round) {}

    bool applies(const RuleSyntax& rule) const {
        const bool about =
            std::any_of(rule.actions.begin(), rule.actions.end(),
                        [&](const PlacedText& action) { return action.text == name_of(request_.action()); });
        return about && (!rule.when || holds(*rule.when)) && !(rule.unless && holds(*rule.unless));
    }

  private:
    Json value(const SyntaxOperand& operand) const {
        if (operand.kind == OperandKind::boolean) return operand.boolean;
        if (operand.kind == OperandKind::integer) return operand.integer;
        if (operand.kind == OperandKind::text) return operand.texts[0].text;
        if (operand.kind == OperandKind::attribute) {
            const RuleSubject subject = *rule_subject(operand.subject.text);
            return to_json(request_.record(subject, round_)
                               ->value(*rule_attribute(kind_of(subject), operand.attribute.text)));
        }
        std::vector<std::string> members;
        for (const PlacedText& member : operand.texts) members.push_back(member.text);
        std::sort(members.begin(), members.end());
        members.erase(std::unique(members.begin(), members.end()), members.end());
        return members;
    }

    static bool contains(const Json& set, const Json& member) {
        return std::find(set.begin(), set.end(), member) != set.end();
    }

    bool compare(const Condition& condition) const {
        const Json a = value(condition.operands[0]);
        const Json b = value(condition.operands[1]);
        const auto in_b = [&](const Json& member) { return contains(b, member); };
        switch (condition.comparison) {
            case Comparison::equal:
                return a == b;
            case Comparison::unequal:
                return a != b;
            case Comparison::less:
                return a.get<std::int64_t>() < b.get<std::int64_t>();
            case Comparison::at_most:
                return a.get<std::int64_t>() <= b.get<std::int64_t>();
            case Comparison::greater:
                return a.get<std::int64_t>() > b.get<std::int64_t>();
            case Comparison::at_least:
                return a.get<std::int64_t>() >= b.get<std::int64_t>();
            case Comparison::in:
                return contains(b, a);
            case Comparison::overlaps:
                return std::any_of(a.begin(), a.end(), in_b);
            case Comparison::within:
                return std::all_of(a.begin(), a.end(), in_b);
        }
        return false;
    }

    bool holds(const Condition& condition) const {
        const auto part_holds = [&](const Condition& part) { return holds(part); };
        const auto& parts = condition.parts;
        switch (condition.kind) {
            case Condition::Kind::all:
                return std::all_of(parts.begin(), parts.end(), part_holds);
            case Condition::Kind::any:
                return std::any_of(parts.begin(), parts.end(), part_holds);
            case Condition::Kind::negation:
                return !holds(parts[0]);
            case Condition::Kind::has:
                return !value(condition.operands[0]).is_null();
            case Condition::Kind::operand:
                return value(condition.operands[0]).get<bool>();
            case Condition::Kind::comparison:
                return compare(condition);
        }
        return false;
    }

    const RuleRequest& request_;
    std::size_t round_;
};

struct Answer {
    bool allowed = false;
    std::vector<std::string> deciding;
    bool operator==(const Answer&) const = default;
};

Answer answer(const RuleSet& set, const RuleRequest& request, std::span<const RuleSet* const> sites = {}) {
    const RuleVerdict verdict = decide(set, sites, request);
    CHECK(verdict.allowed == (verdict.ground == RuleGround::permitted));
    return {verdict.allowed, ids_of(verdict.deciding)};
}

Answer naive_answer(const std::vector<RuleSyntax>& rules, const RuleRequest& request) {
    std::vector<std::string> permits;
    std::vector<std::string> forbids;
    bool permitted = true;
    for (std::size_t round = 0; round < request.rounds(); ++round) {
        bool any = false;
        for (const RuleSyntax& rule : rules) {
            if (!Naive(request, round).applies(rule)) continue;
            (rule.permits ? permits : forbids).push_back(rule.id.text);
            any |= rule.permits;
        }
        permitted &= any;
    }
    auto& deciding = forbids.empty() ? permits : forbids;
    if (forbids.empty() && !permitted) return {false, {}};
    std::sort(deciding.begin(), deciding.end());
    deciding.erase(std::unique(deciding.begin(), deciding.end()), deciding.end());
    return {forbids.empty(), deciding};
}

TEST_CASE("compiled rules answer as the naive evaluator does, for any number of data sets") {
    RandomRules random(1);
    int allowed = 0;
    int forbidden = 0;
    for (int i = 0; i < sets; ++i) {
        const auto rules = random.rules(12);
        const auto set = rules_of(text_of(rules));
        for (int j = 0; j < requests; ++j) {
            const RuleRequestDocument document = random.request(static_cast<std::size_t>(j) % 4);
            const RuleRequest request = document.request();
            const Answer given = answer(*set, request);
            CHECK(given == naive_answer(rules, request));
            allowed += given.allowed ? 1 : 0;
            forbidden += !given.allowed && !given.deciding.empty() ? 1 : 0;
        }
    }
    CHECK(allowed > sets * requests / 20);  // the questions are worth asking
    CHECK(forbidden > sets * requests / 20);
}

TEST_CASE("the order of rules and of files never matters") {
    RandomRules random(2);
    for (int i = 0; i < sets; ++i) {
        auto rules = random.rules(8);
        const auto set = rules_of(text_of(rules));
        std::reverse(rules.begin(), rules.end());
        const std::vector<RuleSyntax> half(rules.begin() + 4, rules.end());
        rules.resize(4);
        const auto turned =
            RuleSet::compile("federation", {{"z", text_of(half)}, {"a", text_of(rules)}}).value();
        for (int j = 0; j < requests; ++j) {
            const RuleRequestDocument document = random.request();
            CHECK(answer(*set, document.request()) == answer(*turned, document.request()));
        }
    }
}

TEST_CASE(
    "forbid wins: another permit never refuses, another forbid never allows, both only where they apply") {
    RandomRules random(3);
    for (int i = 0; i < sets; ++i) {
        auto rules = random.rules(8);
        const auto set = rules_of(text_of(rules));
        rules.push_back(random.rule("more"));
        const auto more = rules_of(text_of(rules));
        for (int j = 0; j < requests; ++j) {
            const RuleRequestDocument document = random.request();
            const bool before = answer(*set, document.request()).allowed;
            const bool after = answer(*more, document.request()).allowed;
            if (rules.back().permits)
                CHECK(before <= after);
            else
                CHECK(before >= after);
        }
    }
}

TEST_CASE("sites only narrow") {
    RandomRules random(4);
    int narrowed = 0;
    for (int i = 0; i < sets; ++i) {
        const auto federation = rules_of(text_of(random.rules(8)));
        const auto one = rules_of(text_of(random.rules(4)), "one");
        const auto two = rules_of(text_of(random.rules(4)), "two");
        const std::array<const RuleSet*, 2> sites = {one.get(), two.get()};
        const std::array<const RuleSet*, 2> turned = {two.get(), one.get()};
        for (int j = 0; j < requests; ++j) {
            const RuleRequestDocument document = random.request();
            const RuleRequest request = document.request();
            const bool alone = answer(*federation, request).allowed;
            const bool with_one = answer(*federation, request, std::span(sites).first(1)).allowed;
            const bool with_both = answer(*federation, request, sites).allowed;
            CHECK(alone >= with_one);
            CHECK(with_one >= with_both);
            CHECK(answer(*federation, request, turned).allowed == with_both);
            narrowed += alone && !with_both ? 1 : 0;
        }
    }
    CHECK(narrowed > 0);
}

TEST_CASE("laid out anew, rules mean the same; written out again, too") {
    RandomRules random(5);
    for (int i = 0; i < sets; ++i) {
        const auto rules = random.rules(4);
        const std::string text = text_of(rules);
        facts::Problems problems;
        const std::string laid_out = format_rules(text, "t", problems).value();
        CHECK(format_rules(laid_out, "t", problems).value() == laid_out);
        CHECK(text_of(parse_rules(laid_out, "t", problems)) == text);
        CHECK(problems.none());
    }
}

TEST_CASE("an explanation has the verdict of the decision, and the rules that decided applied") {
    RandomRules random(6);
    for (int i = 0; i < sets; ++i) {
        const auto set = rules_of(text_of(random.rules(8)));
        const RuleRequestDocument document = random.request(2);
        const RuleRequest request = document.request();
        const RuleExplanation explanation = explain(*set, {}, request);
        const RuleVerdict verdict = decide(*set, {}, request);
        CHECK(to_json(explanation.verdict) == to_json(verdict));
        for (const Rule* rule : verdict.deciding) {
            CHECK(std::any_of(
                explanation.evaluated.begin(), explanation.evaluated.end(),
                [&](const RuleAccount& account) { return account.rule == rule && account.applied; }));
        }
        CHECK(!in_words(explanation).empty());
    }
}

TEST_CASE("the same seed gives the same rules and requests") {
    RandomRules a(7);
    RandomRules b(7);
    CHECK(text_of(a.rules(5)) == text_of(b.rules(5)));
    CHECK(a.request().to_json() == b.request().to_json());
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/rules/random_rules.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {

namespace {

// Few, so that they meet; some that are hard to write.
constexpr std::string_view pool[] = {"",  "FI",        "DE",          "a",
                                     "b", "say \"x\"", "back\\slash", "\xC3\xA9\xE2\x82\xAC"};

SyntaxOperand attribute_operand(RuleSubject subject, const RuleAttribute& attribute) {
    SyntaxOperand operand{.kind = OperandKind::attribute};
    operand.subject.text = name_of(subject);
    operand.attribute.text = attribute.name;
    return operand;
}

Condition of(Condition::Kind kind, std::vector<Condition> parts) {
    Condition whole{.kind = kind};
    whole.parts = std::move(parts);
    return whole;
}

Condition has(RuleSubject subject, const RuleAttribute& attribute) {
    return {.kind = Condition::Kind::has, .operands = {attribute_operand(subject, attribute)}};
}

}  // namespace

std::string RandomRules::text(const RuleAttribute& attribute) {
    const auto& from = attribute.allowed;
    if (!from.empty()) return std::string(from[random_.below(from.size())]);
    return std::string(pool[random_.below(std::size(pool))]);
}

RuleValue RandomRules::value(const RuleAttribute& attribute) {
    if (attribute.optional && chance(50)) return {};
    switch (attribute.type) {
        case RuleType::boolean:
            return chance(50);
        case RuleType::integer:
            return static_cast<std::int64_t>(random_.below(5)) - 2;
        case RuleType::text:
            return text(attribute);
        case RuleType::text_set:
            break;
    }
    std::vector<std::string> members;
    while (members.size() < 4 && chance(60)) members.push_back(text(attribute));
    return members;
}

RuleRecord RandomRules::record(RecordKind kind) {
    RuleRecord::Fields fields;
    for (const RuleAttribute& attribute : attributes_of(kind))
        fields.emplace_back(attribute.name, value(attribute));
    auto made = RuleRecord::make(kind, fields);
    EM_ASSERT(made, "values are made to fit the schema");
    return std::move(*made);
}

RuleRequestDocument RandomRules::request(std::size_t data_sets) {
    std::vector<RuleRecord> records;
    for (std::size_t i = 0; i < rule_subject_count; ++i)
        records.push_back(record(kind_of(static_cast<RuleSubject>(i))));
    std::vector<RuleRecord> data;
    for (std::size_t i = 0; i < data_sets; ++i) data.push_back(record(RecordKind::data));
    RuleSubjects subjects{&records[0], &records[1], {},          &records[3],
                          &records[4], &records[5], &records[6], &records[7]};
    for (const RuleRecord& one : data) subjects.data.push_back(&one);
    const auto action = static_cast<RuleAction>(random_.below(rule_action_count));
    auto made = RuleRequest::make(action, subjects);
    EM_ASSERT(made, "every subject is there");
    return RuleRequestDocument::copy_of(*made);
}

std::vector<RuleAction> RandomRules::actions() {
    std::vector<RuleAction> chosen;
    for (std::size_t i = 0; i < rule_action_count; ++i) {
        if (chance(25)) chosen.push_back(static_cast<RuleAction>(i));
    }
    if (chosen.empty()) chosen.push_back(static_cast<RuleAction>(random_.below(rule_action_count)));
    return chosen;
}

// One that all actions concern: there is always the context.
RuleSubject RandomRules::subject(const std::vector<RuleAction>& actions) {
    for (;;) {
        const auto subject = static_cast<RuleSubject>(random_.below(rule_subject_count));
        const auto fits = [&](RuleAction action) { return concerns(action, subject); };
        if (std::all_of(actions.begin(), actions.end(), fits)) return subject;
    }
}

SyntaxOperand RandomRules::other_side(const RuleAttribute& attribute, RuleType type,
                                      const std::vector<RuleAction>& actions) {
    if (attribute.allowed.empty() && chance(40)) {
        const RuleSubject subject = this->subject(actions);
        for (const RuleAttribute& other : attributes_of(kind_of(subject))) {
            if (other.type == type && !other.optional && other.allowed.empty() && chance(50))
                return attribute_operand(subject, other);
        }
    }
    SyntaxOperand operand;
    operand.boolean = chance(50);
    operand.integer = static_cast<std::int64_t>(random_.below(5)) - 2;
    operand.kind = static_cast<OperandKind>(static_cast<int>(type) + 1);
    if (type == RuleType::text) operand.texts.push_back({text(attribute)});
    while (type == RuleType::text_set && operand.texts.size() < 4 && chance(70))
        operand.texts.push_back({text(attribute)});
    return operand;
}

Condition RandomRules::about(RuleSubject subject, std::size_t index, const std::vector<RuleAction>& actions) {
    const RuleAttribute& attribute = attributes_of(kind_of(subject))[index];
    const SyntaxOperand left = attribute_operand(subject, attribute);
    if (attribute.type == RuleType::boolean && chance(60)) return {.operands = {left}};
    Condition condition{.kind = Condition::Kind::comparison};
    RuleType right = attribute.type;
    if (attribute.type == RuleType::integer) {
        condition.comparison = static_cast<Comparison>(random_.below(6));
    } else if (attribute.type == RuleType::text && chance(40)) {
        condition.comparison = Comparison::in;
        right = RuleType::text_set;
    } else if (attribute.type == RuleType::text_set) {
        constexpr Comparison some[] = {Comparison::equal, Comparison::unequal, Comparison::overlaps,
                                       Comparison::within};
        condition.comparison = some[random_.below(std::size(some))];
    } else {
        condition.comparison = chance(60) ? Comparison::equal : Comparison::unequal;
    }
    SyntaxOperand other = other_side(attribute, right, actions);
    const bool turned = condition.comparison != Comparison::in && chance(20);
    condition.operands = turned ? std::vector{std::move(other), left} : std::vector{left, std::move(other)};
    return condition;
}

Condition RandomRules::test(const std::vector<RuleAction>& actions) {
    const RuleSubject subject = this->subject(actions);
    const auto attributes = attributes_of(kind_of(subject));
    const std::size_t index = random_.below(attributes.size());
    Condition about_it = about(subject, index, actions);
    if (!attributes[index].optional) return about_it;
    Condition asked = has(subject, attributes[index]);
    if (chance(20)) return asked;
    if (chance(60)) return of(Condition::Kind::all, {std::move(asked), std::move(about_it)});
    return of(Condition::Kind::any, {of(Condition::Kind::negation, {std::move(asked)}), std::move(about_it)});
}

Condition RandomRules::condition(const std::vector<RuleAction>& actions, int depth) {
    if (depth == 0 || chance(30)) return test(actions);
    if (chance(20)) return of(Condition::Kind::negation, {condition(actions, depth - 1)});
    std::vector<Condition> parts;
    do parts.push_back(condition(actions, depth - 1));
    while (parts.size() < 2 || (parts.size() < 4 && chance(30)));
    return of(chance(50) ? Condition::Kind::all : Condition::Kind::any, std::move(parts));
}

RuleSyntax RandomRules::rule(const std::string& id) {
    RuleSyntax rule;
    rule.id.text = id;
    rule.reason = "made at random";
    rule.source = "a seed";
    rule.permits = chance(60);
    const std::vector<RuleAction> chosen = actions();
    for (const RuleAction action : chosen) rule.actions.push_back({std::string(name_of(action))});
    if (chance(90)) rule.when = condition(chosen, 3);
    if (chance(30)) rule.unless = condition(chosen, 2);
    return rule;
}

std::vector<RuleSyntax> RandomRules::rules(std::size_t count) {
    std::vector<RuleSyntax> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(rule("r" + std::to_string(i)));
    return all;
}

}  // namespace euromesh::federation

#include "federation/rules/dialect.hpp"

#include <fmt/format.h>

#include <array>

namespace euromesh::federation {

namespace {

std::string in_quotes(std::string_view text) {
    std::string all = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') all += '\\';
        all += c;
    }
    return all + '"';
}

// What the two languages write differently.
struct Dialect {
    std::string_view all;
    std::string_view any;
    std::string_view negation;
    std::string_view subject_prefix;
    bool has_set_methods;
};
constexpr Dialect ours{" and ", " or ", "not ", "", false};
constexpr Dialect cedar{" && ", " || ", "!", "context.", true};

std::string write(const SyntaxOperand& operand, const Dialect& dialect) {
    switch (operand.kind) {
        case OperandKind::attribute:
            return fmt::format("{}{}.{}", dialect.subject_prefix, operand.subject.text,
                               operand.attribute.text);
        case OperandKind::boolean:
            return operand.boolean ? "true" : "false";
        case OperandKind::integer:
            return fmt::format("{}", operand.integer);
        case OperandKind::text:
            return in_quotes(operand.texts[0].text);
        case OperandKind::text_set:
            break;
    }
    std::string members;
    for (const PlacedText& member : operand.texts)
        members += (members.empty() ? "" : ", ") + in_quotes(member.text);
    return fmt::format("[{}]", members);
}

std::string write_comparison(const Condition& condition, const Dialect& dialect) {
    const std::string left = write(condition.operands[0], dialect);
    const std::string right = write(condition.operands[1], dialect);
    if (dialect.has_set_methods && condition.comparison == Comparison::in)
        return fmt::format("{}.contains({})", right, left);
    if (dialect.has_set_methods && condition.comparison == Comparison::overlaps)
        return fmt::format("{}.containsAny({})", left, right);
    if (dialect.has_set_methods && condition.comparison == Comparison::within)
        return fmt::format("{}.containsAll({})", right, left);
    return fmt::format("{} {} {}", left, symbol_of(condition.comparison), right);
}

std::string write(const Condition& condition, const Dialect& dialect) {
    switch (condition.kind) {
        case Condition::Kind::operand:
            return write(condition.operands[0], dialect);
        case Condition::Kind::comparison:
            return write_comparison(condition, dialect);
        case Condition::Kind::negation:
            return fmt::format("{}({})", dialect.negation, write(condition.parts[0], dialect));
        case Condition::Kind::has:
            return fmt::format("{}{} has {}", dialect.subject_prefix, condition.operands[0].subject.text,
                               condition.operands[0].attribute.text);
        case Condition::Kind::all:
        case Condition::Kind::any:
            break;
    }
    std::string text;
    for (const Condition& part : condition.parts) {
        if (!text.empty()) text += condition.kind == Condition::Kind::all ? dialect.all : dialect.any;
        text += fmt::format("({})", write(part, dialect));
    }
    return text;
}

std::string actions_of(const RuleSyntax& rule, std::string_view before, std::string_view after) {
    std::string text;
    for (const PlacedText& action : rule.actions)
        text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", before, action.text, after);
    return text;
}

}  // namespace

std::string to_rule_text(const RuleSyntax& rule) {
    std::string text =
        fmt::format("rule {}\n  {}\n  source {}\n{} {}", rule.id.text, in_quotes(rule.reason),
                    in_quotes(rule.source), rule.permits ? "permit" : "forbid", actions_of(rule, "", ""));
    if (rule.when) text += "\nwhen " + write(*rule.when, ours);
    if (rule.unless) text += "\nunless " + write(*rule.unless, ours);
    return text + ";\n";
}

std::string to_cedar_text(const RuleSyntax& rule) {
    std::string text = fmt::format("{} (principal, action in [{}], resource)",
                                   rule.permits ? "permit" : "forbid", actions_of(rule, "Action::\"", "\""));
    if (rule.when) text += fmt::format("\nwhen {{ {} }}", write(*rule.when, cedar));
    if (rule.unless) text += fmt::format("\nunless {{ {} }}", write(*rule.unless, cedar));
    return text + ";\n";
}

}  // namespace euromesh::federation

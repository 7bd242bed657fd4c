// Rules as they are written: what the parser makes of a text, names not looked up yet.
//
//   rule ID "reason" source "law" (permit|forbid) action, ... [when CONDITION] [unless CONDITION] ;
//   CONDITION: or < and < not < test;  test: a OP b | subject has attribute | attribute | ( CONDITION )
//
// docs/rules.md has the grammar. The parser goes on after the next semicolon, so that one look shows every
// mistake. Depth is bounded by rule_depth_max; lists of any length are no depth. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "federation/rules/token.hpp"

namespace euromesh::federation {

inline constexpr int rule_depth_max = 64;

struct RulePlace {
    std::int32_t line = 1;
    std::int32_t column = 1;
};

struct PlacedText {
    std::string text;
    RulePlace place = {};
};

enum class OperandKind : std::uint8_t { attribute, boolean, integer, text, text_set };

struct SyntaxOperand {
    OperandKind kind = OperandKind::boolean;
    RulePlace place = {};
    PlacedText subject = {};  // of an attribute
    PlacedText attribute = {};
    bool boolean = false;
    std::int64_t integer = 0;
    std::vector<PlacedText> texts = {};  // one, or the members of a set
};

enum class Comparison : std::uint8_t {
    equal,
    unequal,
    less,
    at_most,
    greater,
    at_least,
    in,        // a text is a member of a set
    overlaps,  // two sets have a member in common
    within,    // all members of the left set are in the right one
};

struct Condition {
    enum class Kind : std::uint8_t { all, any, negation, comparison, has, operand };
    Kind kind = Kind::operand;
    RulePlace place = {};
    std::vector<Condition> parts = {};  // all, any: two or more; negation: one
    Comparison comparison = Comparison::equal;
    std::vector<SyntaxOperand> operands = {};  // comparison: two; has, operand: one
};

struct RuleSyntax {
    PlacedText id;
    std::string reason;
    std::string source;
    bool permits = false;
    std::vector<PlacedText> actions;
    std::optional<Condition> when;
    std::optional<Condition> unless;
};

// The rules that could be read; the others are in `problems`.
std::vector<RuleSyntax> parse_rules(std::string_view text, const std::string& file,
                                    facts::Problems& problems);

std::string_view symbol_of(Comparison comparison);
bool is_rule_keyword(std::string_view word);

}  // namespace euromesh::federation

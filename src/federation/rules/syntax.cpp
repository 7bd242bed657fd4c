#include "federation/rules/syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "facts/nearest.hpp"

namespace euromesh::federation {

namespace {

constexpr std::array<std::string_view, 15> keywords = {"rule",   "source",   "permit", "forbid", "when",
                                                       "unless", "and",      "or",     "not",    "has",
                                                       "in",     "overlaps", "within", "true",   "false"};
constexpr std::array<std::string_view, 9> symbols = {"==", "!=", "<",        "<=",    ">",
                                                     ">=", "in", "overlaps", "within"};

struct GivenUp {};  // the complaint is noted; the parser looks for the next rule
template <class T>
using Read = tl::expected<T, GivenUp>;

#define RULES_READ_IMPL_(temporary, declaration, expression) \
    auto temporary = (expression);                           \
    if (!temporary) return tl::make_unexpected(GivenUp{});   \
    declaration = std::move(*temporary)
#define RULES_READ(declaration, ...) \
    RULES_READ_IMPL_(EM_CONCAT(rules_read_, __LINE__), declaration, (__VA_ARGS__))

std::vector<RuleToken> without_comments(std::vector<RuleToken> tokens) {
    std::erase_if(tokens, [](const RuleToken& token) { return token.kind == TokenKind::comment; });
    return tokens;
}

class Parser {
  public:
    Parser(std::string_view text, const std::string& file, facts::Problems& problems)
        : file_(file), problems_(&problems), tokens_(without_comments(rule_tokens(text, file, problems))) {}

    std::vector<RuleSyntax> all() {
        std::vector<RuleSyntax> rules;
        while (next().kind != TokenKind::end) {
            if (auto rule = one())
                rules.push_back(std::move(*rule));
            else
                recover();
        }
        return rules;
    }

  private:
    const RuleToken& next() const { return tokens_[at_]; }
    const RuleToken& take() { return next().kind == TokenKind::end ? tokens_[at_] : tokens_[at_++]; }
    bool next_is(std::string_view raw) const {
        return next().raw == raw && (next().kind == TokenKind::word || next().kind == TokenKind::mark);
    }
    bool take_if(std::string_view raw) {
        if (!next_is(raw)) return false;
        ++at_;
        return true;
    }
    RulePlace place() const { return {next().line, next().column}; }

    tl::unexpected<GivenUp> give_up(std::string what) {
        problems_->add({file_, next().line, next().column, "", std::move(what)});
        return tl::make_unexpected(GivenUp{});
    }
    std::string found() const {
        return next().kind == TokenKind::end ? "the text ends"
                                             : fmt::format("'{}' stands", facts::shown(next().raw));
    }
    tl::unexpected<GivenUp> expected(std::string_view what) {
        return give_up(fmt::format("{} here, {} must follow", found(), what));
    }

    // Behind the next semicolon, or before what looks like the next rule.
    void recover() {
        while (next().kind != TokenKind::end && !(next_is("rule") && next().first_in_line)) {
            if (take().raw == ";") return;
        }
    }

    Read<std::string> word(std::string_view what) {
        if (next().kind != TokenKind::word || is_rule_keyword(next().raw)) return expected(what);
        return std::string(take().raw);
    }
    Read<std::string> quoted(std::string_view what) {
        if (next().kind != TokenKind::text) return expected(what);
        std::string text = text_of(next());
        if (text.find_first_not_of(' ') == std::string::npos)
            return give_up(fmt::format("{} is empty", what));
        ++at_;
        return text;
    }

    Read<RuleSyntax> one() {
        RuleSyntax rule;
        if (!take_if("rule")) {
            const auto names = facts::nearest_names(next().raw, {"rule"});
            return give_up(
                fmt::format("{} here, a rule must begin with 'rule'{}", found(), facts::do_you_mean(names)));
        }
        rule.id.place = place();
        RULES_READ(rule.id.text, word("the rule's id"));
        RULES_READ(rule.reason, quoted("the reason in quotes"));
        if (!take_if("source"))
            return expected("'source' with the law, contract or decision that the rule rests on");
        RULES_READ(rule.source, quoted("the source in quotes"));
        if (!next_is("permit") && !next_is("forbid")) return expected("'permit' or 'forbid'");
        rule.permits = take().raw == "permit";
        RULES_READ(rule.actions, actions());
        if (take_if("when")) {
            RULES_READ(rule.when, any(0));
        }
        if (take_if("unless")) {
            RULES_READ(rule.unless, any(0));
        }
        if (!take_if(";")) return expected(after_condition(rule));
        return rule;
    }

    static std::string_view after_condition(const RuleSyntax& rule) {
        if (rule.unless) return "'and', 'or' or ';'";
        return rule.when ? "'and', 'or', 'unless' or ';'" : "',' and an action, 'when', 'unless' or ';'";
    }

    Read<std::vector<PlacedText>> actions() {
        std::vector<PlacedText> actions;
        do {
            const RulePlace where = place();
            RULES_READ(std::string name, word("an action"));
            actions.push_back({std::move(name), where});
        } while (take_if(","));
        return actions;
    }

    Read<Condition> any(int depth) { return chain(depth, "or", Condition::Kind::any); }

    Read<Condition> chain(int depth, std::string_view separator, Condition::Kind kind) {
        const auto part = [&] {
            return kind == Condition::Kind::any ? chain(depth, "and", Condition::Kind::all) : negation(depth);
        };
        Condition whole{.kind = kind, .place = place()};
        RULES_READ(Condition first, part());
        if (!next_is(separator)) return first;
        whole.parts.push_back(std::move(first));
        while (take_if(separator)) {
            RULES_READ(Condition further, part());
            whole.parts.push_back(std::move(further));
        }
        return whole;
    }

    Read<Condition> negation(int depth) {
        if (depth >= rule_depth_max)
            return give_up(fmt::format("nested deeper than {}; write several rules", rule_depth_max));
        Condition whole{.kind = Condition::Kind::negation, .place = place()};
        if (take_if("not")) {
            RULES_READ(Condition part, negation(depth + 1));
            whole.parts.push_back(std::move(part));
            return whole;
        }
        if (!take_if("(")) return test();
        RULES_READ(Condition inside, any(depth + 1));
        if (!take_if(")")) return expected("'and', 'or' or ')'");
        return inside;
    }

    Read<Condition> test() {
        Condition condition{.place = place()};
        if (next().kind == TokenKind::word && tokens_[at_ + 1].raw == "has") return has();
        RULES_READ(SyntaxOperand left, operand());
        condition.operands.push_back(std::move(left));
        const auto symbol = std::find(symbols.begin(), symbols.end(), next().raw);
        if (symbol == symbols.end() || next().kind == TokenKind::text) return condition;
        ++at_;
        condition.kind = Condition::Kind::comparison;
        condition.comparison = static_cast<Comparison>(symbol - symbols.begin());
        RULES_READ(SyntaxOperand right, operand());
        condition.operands.push_back(std::move(right));
        return condition;
    }

    Read<Condition> has() {
        Condition condition{.kind = Condition::Kind::has, .place = place()};
        SyntaxOperand asked{.kind = OperandKind::attribute, .place = place()};
        asked.subject.place = place();
        RULES_READ(asked.subject.text, word("a subject"));
        ++at_;
        asked.attribute.place = place();
        RULES_READ(asked.attribute.text, word("the attribute's name"));
        condition.operands.push_back(std::move(asked));
        return condition;
    }

    Read<SyntaxOperand> operand() {
        SyntaxOperand read{.place = place()};
        if (next_is("true") || next_is("false")) {
            read.boolean = take().raw == "true";
            return read;
        }
        if (next().kind == TokenKind::integer) return integer(std::move(read));
        if (next().kind == TokenKind::text) {
            read.kind = OperandKind::text;
            read.texts.push_back({text_of(next()), place()});
            ++at_;
            return read;
        }
        if (take_if("[")) return text_set(std::move(read));
        return attribute(std::move(read));
    }

    Read<SyntaxOperand> integer(SyntaxOperand read) {
        const std::string_view raw = next().raw;
        read.kind = OperandKind::integer;
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), read.integer);
        if (error != std::errc{} || end != raw.data() + raw.size())
            return give_up(fmt::format("{} does not fit 64 bits", facts::shown(raw)));
        ++at_;
        return read;
    }

    Read<SyntaxOperand> text_set(SyntaxOperand read) {
        read.kind = OperandKind::text_set;
        if (take_if("]")) return read;
        do {
            if (next().kind != TokenKind::text) return expected("a text in quotes (a set holds texts)");
            read.texts.push_back({text_of(next()), place()});
            ++at_;
        } while (take_if(","));
        if (!take_if("]")) return expected("',' or ']'");
        return read;
    }

    Read<SyntaxOperand> attribute(SyntaxOperand read) {
        read.kind = OperandKind::attribute;
        read.subject.place = place();
        RULES_READ(read.subject.text, word("a condition, such as site.eu or data.residency == \"eu\""));
        if (!take_if(".")) return expected("'.' and an attribute, or 'has'");
        read.attribute.place = place();
        RULES_READ(read.attribute.text, word("an attribute"));
        return read;
    }

    std::string file_;
    facts::Problems* problems_;
    std::vector<RuleToken> tokens_;
    std::size_t at_ = 0;
};

#undef RULES_READ
#undef RULES_READ_IMPL_

}  // namespace

std::vector<RuleSyntax> parse_rules(std::string_view text, const std::string& file,
                                    facts::Problems& problems) {
    return Parser(text, file, problems).all();
}

std::string_view symbol_of(Comparison comparison) {
    return symbols[static_cast<std::size_t>(comparison)];
}

bool is_rule_keyword(std::string_view word) {
    return std::find(keywords.begin(), keywords.end(), word) != keywords.end();
}

}  // namespace euromesh::federation

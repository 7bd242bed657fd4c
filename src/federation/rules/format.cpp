#include "federation/rules/format.hpp"

#include <algorithm>

#include "federation/rules/syntax.hpp"

namespace euromesh::federation {

namespace {

using Tokens = std::vector<RuleToken>;

bool is(const RuleToken& token, std::string_view raw) {
    return token.raw == raw && token.kind != TokenKind::text;
}
bool opens(const RuleToken& token) {
    return is(token, "(") || is(token, "[");
}
bool closes(const RuleToken& token) {
    return is(token, ")") || is(token, "]");
}
bool starts_clause(const RuleToken& token) {
    return is(token, "permit") || is(token, "forbid") || is(token, "when") || is(token, "unless");
}

bool space_between(const RuleToken& before, const RuleToken& token) {
    if (opens(before) || is(before, ".")) return false;
    return !closes(token) && !is(token, ",") && !is(token, ";") && !is(token, ".");
}

class Formatter {
  public:
    explicit Formatter(const Tokens& tokens) : tokens_(tokens) {}

    std::string all() {
        for (at_ = 0; tokens_[at_].kind != TokenKind::end; ++at_) one(tokens_[at_]);
        if (!text_.empty()) text_ += '\n';
        return std::move(text_);
    }

  private:
    void one(const RuleToken& token) {
        if (token.kind == TokenKind::comment) return comment(token);
        if (!in_rule_) {
            start_item(token);
            in_rule_ = true;
            words_ = 0;
        } else if (words_ == 2 || is(token, "source")) {
            new_line(2);
        } else if (starts_clause(token)) {
            start_clause();
        } else if (depth_ == 0 && !break_before_.empty() && is(token, break_before_)) {
            new_line(2);
        } else if (after_comment_) {
            new_line(2);
        } else if (space_between(tokens_[at_ - 1], token)) {
            text_ += ' ';
        }
        put(token);
    }

    void put(const RuleToken& token) {
        text_ += token.raw;
        ++words_;
        after_comment_ = false;
        if (opens(token)) ++depth_;
        if (closes(token)) --depth_;
        if (is(token, ";")) in_rule_ = false;
    }

    void comment(const RuleToken& token) {
        if (!token.first_in_line)
            text_ += "  ";
        else if (in_rule_)
            new_line(2);
        else
            start_item(token);
        text_ += token.raw;
        after_comment_ = true;
    }

    // A rule, or a comment between rules: an empty line before it, unless it belongs to the comment above.
    void start_item(const RuleToken& token) {
        if (text_.empty()) return;
        const RuleToken& before = tokens_[at_ - 1];
        const bool belongs =
            before.kind == TokenKind::comment && before.first_in_line && token.blank_lines == 0;
        text_ += belongs ? "\n" : "\n\n";
    }

    void new_line(std::size_t indent) {
        text_ += '\n';
        text_.append(indent, ' ');
    }

    void start_clause() {
        new_line(0);
        break_before_ = is_narrow() ? std::string_view() : outermost("or") ? "or" : "and";
    }

    bool ends_clause(std::size_t index) const {
        const RuleToken& token = tokens_[index];
        return token.kind == TokenKind::end || is(token, ";") || (index > at_ && starts_clause(token));
    }

    bool is_narrow() const {
        std::size_t width = 1;
        for (std::size_t i = at_; !ends_clause(i); ++i) {
            if (tokens_[i].kind == TokenKind::comment) return false;
            width += tokens_[i].raw.size() + (i > at_ && space_between(tokens_[i - 1], tokens_[i]) ? 1 : 0);
        }
        return width <= rule_line_width;
    }

    bool outermost(std::string_view word) const {
        int depth = 0;
        for (std::size_t i = at_; !ends_clause(i); ++i) {
            depth += opens(tokens_[i]) ? 1 : closes(tokens_[i]) ? -1 : 0;
            if (depth == 0 && is(tokens_[i], word)) return true;
        }
        return false;
    }

    const Tokens& tokens_;
    std::string text_;
    std::size_t at_ = 0;
    int words_ = 0;  // of this rule
    int depth_ = 0;
    bool in_rule_ = false;
    bool after_comment_ = false;
    std::string_view break_before_;
};

}  // namespace

std::optional<std::string> format_rules(std::string_view text, const std::string& file,
                                        facts::Problems& problems) {
    const std::size_t before = problems.count();
    parse_rules(text, file, problems);
    if (problems.count() != before) return std::nullopt;
    return Formatter(rule_tokens(text, file, problems)).all();
}

}  // namespace euromesh::federation

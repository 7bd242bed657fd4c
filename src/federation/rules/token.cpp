#include "federation/rules/token.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace euromesh::federation {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::int32_t code_points(std::string_view text) {
    return static_cast<std::int32_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

class Lexer {
  public:
    Lexer(std::string_view text, const std::string& file, facts::Problems& problems)
        : text_(text), file_(file), problems_(&problems) {}

    std::vector<RuleToken> all() {
        for (skip_space(); at_ < text_.size(); skip_space()) one();
        emit(TokenKind::end, 0);
        return std::move(tokens_);
    }

  private:
    char next(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    void skip_space() {
        for (; at_ < text_.size(); ++at_) {
            if (next() == '\n') {
                ++line_;
                ++breaks_;
                line_begin_ = at_ + 1;
                first_in_line_ = true;
            } else if (next() != ' ' && next() != '\t' && !(next() == '\r' && next(1) == '\n')) {
                return;
            }
        }
    }

    void one() {
        const char c = next();
        if (c == '#') return emit(TokenKind::comment, comment_length());
        if (c == '"') return quoted();
        if (is_letter(c))
            return emit(TokenKind::word,
                        length_of([](char x) { return is_letter(x) || is_digit(x) || x == '-'; }));
        if (is_digit(c) || (c == '-' && is_digit(next(1))))
            return emit(TokenKind::integer, 1 + length_of(is_digit, 1));
        if (std::string_view("=!<>").find(c) != std::string_view::npos && next(1) == '=')
            return emit(TokenKind::mark, 2);
        if (std::string_view(".,;()[]<>").find(c) != std::string_view::npos) return emit(TokenKind::mark, 1);
        unknown();
    }

    template <class Belongs>
    std::size_t length_of(Belongs belongs, std::size_t from = 0) const {
        std::size_t length = from;
        while (at_ + length < text_.size() && belongs(text_[at_ + length])) ++length;
        return length - from;
    }

    std::size_t comment_length() {
        std::size_t length = length_of([](char x) { return x == '\t' || !is_control(x); });
        if (at_ + length < text_.size() && next(length) != '\n' && next(length) != '\r')
            report(length, "a control character in a comment; remove it");
        length = length_of([](char x) { return x != '\n'; });
        while (length > 0 &&
               (next(length - 1) == '\r' || next(length - 1) == ' ' || next(length - 1) == '\t'))
            --length;
        return length;
    }

    void quoted() {
        std::size_t length = 1;
        for (;; ++length) {
            const char c = next(length);
            if (at_ + length >= text_.size() || c == '\n') {
                report(0, "the quote opened here is not closed in this line");
                at_ += length;
                return;
            }
            if (c == '"') break;
            if (is_control(c)) report(length, "a control character in a text; remove it");
            if (c != '\\') continue;
            if (next(length + 1) != '"' && next(length + 1) != '\\')
                report(length, "a backslash stands only before \" and \\ (write \\\\ for a backslash)");
            else
                ++length;
        }
        emit(TokenKind::text, length + 1);
    }

    void unknown() {
        const std::size_t length = utf8_sequence(text_.substr(at_));
        const std::string hint = next() == '='                    ? " (equality is ==)"
                                 : next() == '!'                  ? " (negation is not)"
                                 : next() == '&' || next() == '|' ? " (write and, or)"
                                                                  : "";
        report(0, fmt::format("'{}' has no meaning here{}", facts::shown(text_.substr(at_, length)), hint));
        at_ += length;
    }

    void emit(TokenKind kind, std::size_t length) {
        const std::int32_t column = column_of(at_);
        tokens_.push_back(
            {kind, text_.substr(at_, length), line_, column, std::max(0, breaks_ - 1), first_in_line_});
        first_in_line_ = false;
        breaks_ = 0;
        at_ += length;
        counted_ = {at_, column + code_points(text_.substr(at_ - length, length))};
    }

    // Counts on from the last token, so that a long line is not counted again and again.
    std::int32_t column_of(std::size_t offset) const {
        if (counted_.offset < line_begin_)
            return 1 + code_points(text_.substr(line_begin_, offset - line_begin_));
        return counted_.column + code_points(text_.substr(counted_.offset, offset - counted_.offset));
    }

    void report(std::size_t ahead, std::string what) {
        problems_->add({file_, line_, column_of(at_ + ahead), "", std::move(what)});
    }

    struct Counted {
        std::size_t offset = 0;
        std::int32_t column = 1;
    };

    std::string_view text_;
    std::string file_;
    facts::Problems* problems_;
    std::vector<RuleToken> tokens_;
    std::size_t at_ = 0;
    std::size_t line_begin_ = 0;
    std::int32_t line_ = 1;
    std::int32_t breaks_ = 1;
    bool first_in_line_ = true;
    Counted counted_;
};

}  // namespace

std::vector<RuleToken> rule_tokens(std::string_view text, const std::string& file,
                                   facts::Problems& problems) {
    if (const std::size_t bad = first_bad_utf8(text); bad != std::string_view::npos) {
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
        problems.add({file, line, 1, "", "this line is not UTF-8; save the file as UTF-8"});
        return {RuleToken{}};
    }
    return Lexer(text, file, problems).all();
}

std::string text_of(const RuleToken& token) {
    std::string text;
    for (std::size_t i = 1; i + 1 < token.raw.size(); ++i) {
        if (token.raw[i] == '\\') ++i;
        text += token.raw[i];
    }
    return text;
}

}  // namespace euromesh::federation

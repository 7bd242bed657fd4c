#include "tools/tidy/code.hpp"

#include <algorithm>
#include <cctype>

namespace euromesh::tidy {

namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Walks over the text once and blanks what is not code.
class Blanker {
  public:
    Blanker(std::string_view text, bool blank_directives)
        : text_(text), out_(text), blank_directives_(blank_directives) {}

    std::string run() {
        while (at_ < text_.size()) step();
        return std::move(out_);
    }

  private:
    void step() {
        const std::string_view rest = text_.substr(at_);
        if (rest.substr(0, 2) == "//") return blank_to(line_end());
        if (rest.substr(0, 2) == "/*") return blank_to(after("*/", at_ + 2));
        if (rest.front() == '#' && first_in_line() && blank_directives_) return blank_to(line_end());
        if (rest.substr(0, 2) == "R\"" && !follows_word()) return raw_string();
        if (rest.front() == '"' && !is_include()) return literal('"');
        if (rest.front() == '\'' && !follows_word()) return literal('\'');
        ++at_;
    }

    bool follows_word() const { return at_ > 0 && is_word(text_[at_ - 1]); }

    std::string_view line_so_far() const {
        const std::size_t begin = at_ == 0 ? std::string_view::npos : text_.rfind('\n', at_ - 1);
        return text_.substr(begin + 1, at_ - begin - 1);
    }
    bool first_in_line() const { return line_so_far().find_first_not_of(" \t") == std::string_view::npos; }
    bool is_include() const {
        const std::size_t mark = line_so_far().find_first_not_of(" \t");
        return mark != std::string_view::npos && line_so_far()[mark] == '#' &&
               line_so_far().find("include") != std::string_view::npos;
    }

    std::size_t after(std::string_view mark, std::size_t from) const {
        const std::size_t found = text_.find(mark, from);
        return found == std::string_view::npos ? text_.size() : found + mark.size();
    }

    // A backslash before the line end continues the line.
    std::size_t line_end() const {
        std::size_t end = text_.find('\n', at_);
        while (end != std::string_view::npos && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
        return std::min(end, text_.size());
    }

    void raw_string() {
        const std::size_t open = text_.find('(', at_);
        if (open == std::string_view::npos) return blank_to(text_.size());
        const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
        blank_to(after(close, open));
    }

    void literal(char quote) {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n')
            end += text_[end] == '\\' ? 2 : 1;
        blank_to(std::min(end + 1, text_.size()));
    }

    void blank_to(std::size_t end) {
        for (; at_ < end; ++at_) {
            if (text_[at_] != '\n') out_[at_] = ' ';
        }
    }

    std::string_view text_;
    std::string out_;
    bool blank_directives_;
    std::size_t at_ = 0;
};

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool starts = at == 0 || !is_word(text[at - 1]);
        const std::size_t end = at + word.size();
        if (starts && (end == text.size() || !is_word(text[end]))) return true;
    }
    return false;
}

// Finds function bodies by what stands before each opening brace at namespace or class level.
class FunctionFinder {
  public:
    explicit FunctionFinder(std::string_view code) : code_(code) {}

    std::vector<Span> run() {
        for (; at_ < code_.size(); ++at_) step(code_[at_]);
        return std::move(found_);
    }

  private:
    enum class Scope { open, function, value };  // open: namespace or type; value: braces that hold values

    bool inside_open() const { return scopes_.empty() || scopes_.back() == Scope::open; }

    void step(char c) {
        if (c == '{') return enter();
        if (c == '}') return leave();
        if (!inside_open()) return;
        if (c == ';') head_ = at_ + 1;
    }

    std::string_view head() const { return code_.substr(head_, at_ - head_); }

    bool within_parentheses() const {
        return std::count(head().begin(), head().end(), '(') > std::count(head().begin(), head().end(), ')');
    }

    bool has_initialiser_list() const {
        const std::string_view text = head();
        for (std::size_t at = text.find(')'); at != std::string_view::npos; at = text.find(')', at + 1)) {
            const std::size_t next = text.find_first_not_of(" \t\n", at + 1);
            if (next != std::string_view::npos && text[next] == ':') return true;
        }
        return false;
    }

    // "X::X() : a_{1}, b_{2} {": braces after a name hold values, the last ones the body.
    bool initialises_member() const {
        if (!has_initialiser_list()) return false;
        const std::size_t last = head().find_last_not_of(" \t\n");
        return is_word(head()[last]) || head()[last] == '>';
    }

    Scope scope_here() const {
        if (!inside_open()) return scopes_.back();
        if (within_parentheses() || initialises_member()) return Scope::value;
        for (const std::string_view word : {"namespace", "class", "struct", "union", "enum"}) {
            if (has_word(head(), word) && head().find('(') == std::string_view::npos) return Scope::open;
        }
        if (has_word(head(), "extern")) return Scope::open;
        return head().find('(') == std::string_view::npos ? Scope::value : Scope::function;
    }

    void enter() {
        const Scope scope = scope_here();
        const bool outermost = inside_open();
        if (scope == Scope::function && outermost) {
            const std::size_t first = code_.find_first_not_of(" \t\n", head_);
            begin_ = line_of(code_, first);
        }
        scopes_.push_back(scope);
        if (scope == Scope::open) head_ = at_ + 1;
    }

    void leave() {
        if (scopes_.empty()) return;
        const Scope scope = scopes_.back();
        scopes_.pop_back();
        if (!inside_open() || scope == Scope::value) return;
        if (scope == Scope::function) found_.push_back({begin_, line_of(code_, at_) - begin_ + 1});
        head_ = at_ + 1;
    }

    std::string_view code_;
    std::size_t at_ = 0;
    std::size_t head_ = 0;  // where the declaration that stands at `at_` begins
    std::size_t begin_ = 0;
    std::vector<Scope> scopes_;
    std::vector<Span> found_;
};

}  // namespace

std::string code_only(std::string_view text, bool blank_directives) {
    return Blanker(text, blank_directives).run();
}

std::vector<Span> functions_of(std::string_view code) {
    return FunctionFinder(code).run();
}

std::size_t line_of(std::string_view text, std::size_t position) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
    return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

}  // namespace euromesh::tidy

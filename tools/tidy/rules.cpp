#include "tools/tidy/rules.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "tools/tidy/code.hpp"

namespace euromesh::tidy {

namespace {

constexpr std::size_t most_lines = 500;
constexpr std::size_t most_test_lines = 800;
constexpr std::size_t most_function_lines = 70;

bool matches(const std::string& path, const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
    });
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_code(std::string_view path) {
    for (const std::string_view end : {".cpp", ".hpp", ".h", ".inc", ".c"}) {
        if (ends_with(path, end)) return true;
    }
    return false;
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// "src/sync/exchange/frame.cpp" -> "sync"; "apps/main.cpp" -> "apps".
std::string layer_of(const std::string& path) {
    const std::size_t begin = path.rfind("src/", 0) == 0 ? 4 : 0;
    return path.substr(begin, path.find('/', begin) - begin);
}

struct Include {
    std::size_t line;
    std::string target;
    bool quoted;
};

std::vector<Include> includes_of(std::string_view code) {
    std::vector<Include> includes;
    const auto lines = lines_of(code);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string squeezed;
        std::copy_if(lines[i].begin(), lines[i].end(), std::back_inserter(squeezed),
                     [](char c) { return c != ' ' && c != '\t'; });
        constexpr std::string_view mark = "#include";
        if (squeezed.rfind(mark, 0) != 0 || squeezed.size() < mark.size() + 2) continue;
        const char opening = squeezed[mark.size()];
        const std::size_t end = squeezed.find(opening == '<' ? '>' : '"', mark.size() + 1);
        includes.push_back({i + 1, squeezed.substr(mark.size() + 1, end - mark.size() - 1), opening == '"'});
    }
    return includes;
}

// One file under the rules; gathers what it finds.
class Checker {
  public:
    Checker(const Rules& rules, const File& file, const std::set<std::string>& paths)
        : rules_(rules), file_(file), paths_(paths) {}

    std::vector<Finding> run() {
        check_white_space();
        check_texts();
        if (is_code(file_.path)) check_code();
        return std::move(findings_);
    }

  private:
    void find(std::size_t line, std::string_view rule, std::string message) {
        findings_.push_back({file_.path, line, std::string(rule), std::move(message)});
    }

    void check_code() {
        const std::string code = code_only(file_.text, false);
        for (const Include& include : includes_of(code)) {
            if (include.quoted) check_layer(include);
            check_header(include);
        }
        for (const Place& word : rules_.words) check_word(code, word);
        check_sizes();
        check_sibling();
    }

    void check_layer(const Include& include) {
        const std::string layer = layer_of(file_.path);
        const std::string target = layer_of("src/" + include.target);
        const auto known = rules_.layers.find(layer);
        if (known == rules_.layers.end()) {
            find(include.line, "layer", fmt::format("layer '{}' is not in the table of layers", layer));
        } else if (rules_.layers.count(target) == 0) {
            find(include.line, "layer",
                 fmt::format("\"{}\" does not begin with a layer; write the path from src/", include.target));
        } else if (target != layer && known->second.count(target) == 0) {
            find(include.line, "layer", fmt::format("{} must not include {}", layer, target));
        }
    }

    void check_header(const Include& include) {
        for (const Place& header : rules_.headers) {
            const bool folder = header.what.back() == '/';
            const bool same =
                folder ? include.target.rfind(header.what, 0) == 0 : include.target == header.what;
            if (same && !matches(file_.path, header.allowed)) {
                find(include.line, "header",
                     fmt::format("<{}> belongs in {} only", include.target, fmt::join(header.allowed, ", ")));
            }
        }
    }

    void check_word(std::string_view code, const Place& word) {
        if (matches(file_.path, word.allowed)) return;
        const bool call = word.what.back() == '(';
        const std::string_view name =
            std::string_view(word.what).substr(0, word.what.size() - (call ? 1 : 0));
        for (std::size_t at = code.find(name); at != std::string_view::npos; at = code.find(name, at + 1)) {
            const std::size_t end = at + name.size();
            if (end < code.size() && is_word(code[end])) continue;
            if (call && code[std::min(code.find_first_not_of(' ', end), code.size() - 1)] != '(') continue;
            if (!is_global_name(code, at)) continue;
            find(line_of(code, at), "word",
                 fmt::format("'{}' belongs in {} only; go through what is passed in", word.what,
                             fmt::join(word.allowed, ", ")));
        }
    }

    // Not part of a longer word, not a member, not a name of ours: "std::" or "::" may stand before it. The
    // type in "Socket socket(…)" tells a declaration from a call.
    static bool is_global_name(std::string_view code, std::size_t at) {
        const std::string_view before = code.substr(0, at);
        if (before.empty()) return true;
        if (is_word(before.back()) || before.back() == '.' || ends_with(before, "->")) return false;
        if (ends_with(before, "::")) {
            const std::string_view owner = before.substr(0, before.size() - 2);
            return owner.empty() || !is_word(owner.back()) || ends_with(owner, "std") ||
                   ends_with(owner, "chrono");
        }
        return !follows_type(before);
    }

    static bool follows_type(std::string_view before) {
        const std::size_t last = before.find_last_not_of(" \t");
        if (last == std::string_view::npos || last + 1 == before.size()) return false;
        if (before[last] == '&' || before[last] == '*' || before[last] == '>') {
            return last > 0 && is_word(before[last - 1]);
        }
        if (!is_word(before[last])) return false;
        for (const std::string_view word : {"return", "co_return", "throw", "else", "do", "case"}) {
            if (ends_with(before.substr(0, last + 1), word)) return false;
        }
        return true;
    }

    void check_sizes() {
        const std::size_t lines = lines_of(file_.text).size();
        const std::size_t most = ends_with(file_.path, "_test.cpp") ? most_test_lines : most_lines;
        if (lines > most)
            find(lines, "long-file", fmt::format("{} lines; {} at most: two rooms in one?", lines, most));
        for (const Span& function : functions_of(code_only(file_.text, true))) {
            if (function.lines <= most_function_lines) continue;
            find(function.first_line, "long-function",
                 fmt::format("a function of {} lines; {} at most", function.lines, most_function_lines));
        }
    }

    void check_sibling() {
        const std::string& path = file_.path;
        const bool source =
            path.rfind("src/", 0) == 0 && ends_with(path, ".cpp") && !ends_with(path, "_test.cpp");
        if (!source || matches(path, rules_.untested)) return;
        const std::string sibling = path.substr(0, path.size() - 4) + "_test.cpp";
        if (paths_.count(sibling) == 0) find(1, "untested", fmt::format("its test {} is missing", sibling));
    }

    void check_white_space() {
        const auto lines = lines_of(file_.text);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (lines[i].empty()) continue;
            const char last = lines[i].back();
            if (last == ' ' || last == '\t' || last == '\r')
                find(i + 1, "white-space", "white space at the line's end");
            if (is_code(file_.path) && lines[i].find('\t') != std::string_view::npos) {
                find(i + 1, "white-space", "a tab in code");
            }
        }
        if (is_code(file_.path) && !file_.text.empty() && file_.text.back() != '\n') {
            find(lines.size(), "white-space", "the last line has no end");
        }
    }

    // "$work/root/usr" and "https://a.eu/home/" are not places on somebody's machine.
    void check_texts() {
        for (const std::string& text : rules_.texts) {
            for (std::size_t at = file_.text.find(text); at != std::string::npos;
                 at = file_.text.find(text, at + 1)) {
                const char before = at == 0 ? ' ' : file_.text[at - 1];
                if (text.front() == '/' && (is_word(before) || before == '.' || before == '}')) continue;
                find(line_of(file_.text, at), "text",
                     fmt::format("'{}' has no place in the repository", text));
            }
        }
    }

    const Rules& rules_;
    const File& file_;
    const std::set<std::string>& paths_;
    std::vector<Finding> findings_;
};

Status add_rule(Rules& rules, const std::string& line, std::string_view where) {
    std::istringstream words(line);
    std::string kind, what, word;
    words >> kind >> what;
    std::vector<std::string> rest;
    while (words >> word) {
        if (word != ":") rest.push_back(word);
    }
    if (what.empty()) return fail(Code::bad_input, "{}: '{}': a rule is a kind and a name", where, line);
    if (kind == "layer") {
        rules.layers[what] = {rest.begin(), rest.end()};
    } else if (kind == "header") {
        rules.headers.push_back({what, rest});
    } else if (kind == "word") {
        rules.words.push_back({what, rest});
    } else if (kind == "untested") {
        rules.untested.push_back(what);
    } else if (kind == "text") {
        rules.texts.push_back(what);
    } else {
        return fail(Code::bad_input, "{}: '{}' is not layer, header, word, untested or text", where, kind);
    }
    return {};
}

}  // namespace

Result<Rules> parse_rules(std::string_view text, std::string_view file) {
    Rules rules;
    const auto lines = lines_of(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].empty() || lines[i].front() == '#') continue;
        EM_TRY(add_rule(rules, std::string(lines[i]), fmt::format("{}:{}", file, i + 1)));
    }
    return rules;
}

std::vector<Finding> check(const Rules& rules, const std::vector<File>& files) {
    std::set<std::string> paths;
    for (const File& file : files) paths.insert(file.path);
    std::vector<Finding> findings;
    for (const File& file : files) {
        for (Finding& finding : Checker(rules, file, paths).run()) findings.push_back(std::move(finding));
    }
    return findings;
}

}  // namespace euromesh::tidy

#include "apps/verify/rule_text.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "apps/verify/hash_tree.hpp"
#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

constexpr std::size_t set_most_bytes = 4u << 20;
constexpr int depth_most = 64;

struct Word {
    char kind = 'e';  // w word, n number, t text, m mark, e end
    std::string text{};
};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t run_of(std::string_view text, const std::function<bool(char)>& belongs) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), belongs) - text.begin());
}

Result<std::size_t> quoted(std::string_view text, Word& word) {
    word.kind = 't';
    for (std::size_t at = 1; at < text.size() && text[at] != '\n'; ++at) {
        if (text[at] == '"') return at + 1;
        if (text[at] == '\\' && ++at == text.size()) break;
        word.text += text[at];
    }
    return fail(Code::bad_input, "a quote is not closed in its line");
}

Result<std::size_t> word_at(std::string_view text, Word& word) {
    if (text[0] == '"') return quoted(text, word);
    std::size_t size = 1;
    word.kind = 'm';
    if (is_letter(text[0])) {
        word.kind = 'w';
        size = run_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
    } else if (is_digit(text[0]) || (text[0] == '-' && text.size() > 1 && is_digit(text[1]))) {
        word.kind = 'n';
        size = 1 + run_of(text.substr(1), is_digit);
    } else if (std::string_view("=!<>").find(text[0]) != std::string_view::npos && text.size() > 1 &&
               text[1] == '=') {
        size = 2;
    } else if (std::string_view(".,;()[]<>").find(text[0]) == std::string_view::npos) {
        return fail(Code::bad_input, "a character that means nothing");
    }
    word.text = text.substr(0, size);
    return size;
}

Result<std::vector<Word>> words_of(std::string_view text) {
    std::vector<Word> words;
    while (!text.empty()) {
        const char c = text[0];
        if (c == '#') {
            text.remove_prefix(std::min(text.find('\n'), text.size()));
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            text.remove_prefix(1);
        } else {
            Word word;
            EM_ASSIGN(const std::size_t size, word_at(text, word));
            words.push_back(std::move(word));
            text.remove_prefix(size);
        }
    }
    words.emplace_back();
    return words;
}

class Reader {
  public:
    explicit Reader(std::vector<Word> words) : words_(std::move(words)) {}

    bool at_end() const { return next().kind == 'e'; }

    Result<RuleOfText> rule() {
        RuleOfText rule;
        EM_TRY(must("rule"));
        EM_ASSIGN(rule.id, of_kind('w', "a rule's id"));
        EM_TRY(of_kind('t', "a reason"));
        EM_TRY(must("source"));
        EM_TRY(of_kind('t', "a source"));
        rule.permits = take("permit");
        if (!rule.permits) EM_TRY(must("forbid"));
        do {
            EM_ASSIGN(std::string action, of_kind('w', "an action"));
            rule.actions.push_back(std::move(action));
        } while (take(","));
        if (take("when")) EM_TRY(add_condition(rule.when));
        if (take("unless")) EM_TRY(add_condition(rule.unless));
        EM_TRY(must(";"));
        return rule;
    }

  private:
    const Word& next() const { return words_[at_]; }
    bool is_next(std::string_view text) const { return next().kind != 't' && next().text == text; }
    bool take(std::string_view text) {
        if (!is_next(text)) return false;
        ++at_;
        return true;
    }
    tl::unexpected<Error> expected(std::string_view what) const {
        return fail(Code::bad_input, "{} is expected where '{}' stands", what, next().text.substr(0, 40));
    }
    Status must(std::string_view text) {
        if (!take(text)) return expected(text);
        return {};
    }
    Result<std::string> of_kind(char kind, std::string_view what) {
        if (next().kind != kind) return expected(what);
        return words_[at_++].text;
    }

    Status add_condition(std::vector<RuleNode>& to) {
        EM_ASSIGN(RuleNode node, any(0));
        to.push_back(std::move(node));
        return {};
    }
    Result<RuleNode> any(int depth) {
        return chain("or", RuleNode::Kind::any, [this, depth] {
            return chain("and", RuleNode::Kind::all, [this, depth] { return part(depth); });
        });
    }
    Result<RuleNode> chain(std::string_view word, RuleNode::Kind kind,
                           const std::function<Result<RuleNode>()>& one) {
        EM_ASSIGN(RuleNode first, one());
        if (!is_next(word)) return first;
        RuleNode whole{.kind = kind};
        whole.parts.push_back(std::move(first));
        while (take(word)) {
            EM_ASSIGN(RuleNode further, one());
            whole.parts.push_back(std::move(further));
        }
        return whole;
    }
    Result<RuleNode> part(int depth) {
        if (depth > depth_most) return fail(Code::bad_input, "nested deeper than {}", depth_most);
        if (take("not")) {
            RuleNode whole{.kind = RuleNode::Kind::negation};
            EM_ASSIGN(RuleNode inner, part(depth + 1));
            whole.parts.push_back(std::move(inner));
            return whole;
        }
        if (!take("(")) return test();
        EM_ASSIGN(RuleNode inside, any(depth + 1));
        EM_TRY(must(")"));
        return inside;
    }
    Result<RuleNode> test() {
        EM_ASSIGN(RuleNode left, operand());
        constexpr std::string_view marks[] = {"==", "!=", "<", "<=", ">", ">=", "in", "overlaps", "within"};
        const auto mark = std::find_if(std::begin(marks), std::end(marks),
                                       [this](std::string_view one) { return is_next(one); });
        if (mark == std::end(marks)) {
            if (left.kind == RuleNode::Kind::has) return left;
            RuleNode whole{.kind = RuleNode::Kind::truth};
            whole.parts.push_back(std::move(left));
            return whole;
        }
        ++at_;
        RuleNode whole{.kind = RuleNode::Kind::compare, .name = std::string(*mark)};
        EM_ASSIGN(RuleNode right, operand());
        whole.parts.push_back(std::move(left));
        whole.parts.push_back(std::move(right));
        return whole;
    }
    Result<RuleNode> operand() {
        RuleNode node{.kind = RuleNode::Kind::literal};
        if (is_next("true") || is_next("false")) {
            node.value = words_[at_++].text == "true";
            return node;
        }
        if (next().kind == 't') {
            node.value = words_[at_++].text;
            return node;
        }
        if (next().kind == 'n') return number();
        if (take("[")) return set();
        return attribute();
    }
    Result<RuleNode> number() {
        const std::string& text = next().text;
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) return expected("a number of 64 bits");
        ++at_;
        return RuleNode{.kind = RuleNode::Kind::literal, .value = value};
    }
    Result<RuleNode> set() {
        RuleNode node{.kind = RuleNode::Kind::literal, .value = Json::array()};
        if (take("]")) return node;
        do {
            EM_ASSIGN(std::string member, of_kind('t', "a text"));
            node.value.push_back(std::move(member));
        } while (take(","));
        EM_TRY(must("]"));
        return node;
    }
    Result<RuleNode> attribute() {
        RuleNode node{.kind = RuleNode::Kind::attribute};
        EM_ASSIGN(node.subject, of_kind('w', "a subject"));
        if (take("has"))
            node.kind = RuleNode::Kind::has;
        else
            EM_TRY(must("."));
        EM_ASSIGN(node.name, of_kind('w', "an attribute"));
        return node;
    }

    std::vector<Word> words_;
    std::size_t at_ = 0;
};

// ---- evaluation ------------------------------------------------------------------------------------------

const Json nothing = nullptr;

struct Asked {
    const Json& request;
    const Json& data;  // the data set of this round
};

const Json& value_of(const RuleNode& node, const Asked& asked) {
    if (node.kind == RuleNode::Kind::literal) return node.value;
    const auto subject = asked.request.find(node.subject);
    const Json& record =
        node.subject == "data" ? asked.data : (subject == asked.request.end() ? nothing : *subject);
    if (!record.is_object()) return nothing;
    const auto found = record.find(node.name);
    return found == record.end() ? nothing : *found;
}

bool has_member(const Json& set, const Json& one) {
    return set.is_array() && std::find(set.begin(), set.end(), one) != set.end();
}
bool is_within(const Json& part, const Json& whole) {
    return part.is_array() && whole.is_array() &&
           std::all_of(part.begin(), part.end(), [&](const Json& one) { return has_member(whole, one); });
}
bool is_equal(const Json& a, const Json& b) {
    if (a.is_array() && b.is_array()) return is_within(a, b) && is_within(b, a);
    return a == b;
}

bool compare(const std::string& mark, const Json& a, const Json& b) {
    if (a.is_null() || b.is_null()) return false;
    if (mark == "==") return is_equal(a, b);
    if (mark == "!=") return !is_equal(a, b);
    if (mark == "in") return has_member(b, a);
    if (mark == "within") return is_within(a, b);
    if (mark == "overlaps")
        return a.is_array() &&
               std::any_of(a.begin(), a.end(), [&](const Json& one) { return has_member(b, one); });
    if (!a.is_number_integer() || !b.is_number_integer()) return false;
    const auto x = a.get<std::int64_t>(), y = b.get<std::int64_t>();
    if (mark == "<") return x < y;
    if (mark == "<=") return x <= y;
    return mark == ">" ? x > y : x >= y;
}

bool holds(const RuleNode& node, const Asked& asked) {
    const auto part = [&](const RuleNode& one) { return holds(one, asked); };
    switch (node.kind) {
        case RuleNode::Kind::any:
            return std::any_of(node.parts.begin(), node.parts.end(), part);
        case RuleNode::Kind::all:
            return std::all_of(node.parts.begin(), node.parts.end(), part);
        case RuleNode::Kind::negation:
            return !holds(node.parts[0], asked);
        case RuleNode::Kind::has:
            return !value_of(
                        RuleNode{
                            .kind = RuleNode::Kind::attribute, .subject = node.subject, .name = node.name},
                        asked)
                        .is_null();
        case RuleNode::Kind::compare:
            return compare(node.name, value_of(node.parts[0], asked), value_of(node.parts[1], asked));
        case RuleNode::Kind::truth:
            return value_of(node.parts[0], asked) == true;
        default:
            return false;
    }
}

bool applies(const RuleOfText& rule, const Asked& asked) {
    return (rule.when.empty() || holds(rule.when[0], asked)) &&
           (rule.unless.empty() || !holds(rule.unless[0], asked));
}

struct OfSet {
    std::string forbid{};
    bool has_permits = false;  // about this action at all
    bool permitted = false;    // every data set
};

// Each data set is asked about on its own: none may be forbidden, each must be permitted by some rule.
OfSet ask_set(const RuleTexts& set, const Json& request, const std::vector<Json>& data) {
    OfSet answer;
    const Json& action = request.at("action");
    std::vector<bool> covered(data.size(), false);
    for (const RuleOfText& rule : set.rules()) {
        if (std::find(rule.actions.begin(), rule.actions.end(), action) == rule.actions.end()) continue;
        answer.has_permits |= rule.permits;
        for (std::size_t i = 0; i < data.size(); ++i) {
            if (!applies(rule, {request, data[i]})) continue;
            if (rule.permits)
                covered[i] = true;
            else if (answer.forbid.empty())
                answer.forbid = rule.id;
        }
    }
    answer.permitted = std::find(covered.begin(), covered.end(), false) == covered.end();
    return answer;
}

std::vector<Json> data_of(const Json& request) {
    const auto found = request.find("data");
    if (found != request.end() && found->is_array() && !found->empty()) return {found->begin(), found->end()};
    return {Json{{"id", ""}, {"residency", "none"}, {"sensitive", false}}};
}

}  // namespace

Result<RuleTexts> RuleTexts::read(std::string origin, Named texts) {
    RuleTexts set;
    set.origin_ = std::move(origin);
    std::sort(texts.begin(), texts.end());
    std::string lines;
    std::size_t bytes = 0;
    for (const auto& [name, text] : texts) {
        bytes += text.size();
        if (bytes > set_most_bytes) return fail(Code::bad_input, "rules over {} bytes", set_most_bytes);
        lines += fmt::format("{}  {}\n", hex_of(hash_of(text)), name);
        auto words = words_of(text);
        if (!words) return fail(words.error().within(name.substr(0, 80)));
        Reader reader(*std::move(words));
        while (!reader.at_end()) {
            auto rule = reader.rule();
            if (!rule) return fail(rule.error().within(name.substr(0, 80)));
            set.rules_.push_back(*std::move(rule));
        }
    }
    set.digest_ = hex_of(hash_of(lines));
    std::stable_sort(set.rules_.begin(), set.rules_.end(),
                     [](const RuleOfText& a, const RuleOfText& b) { return a.id < b.id; });
    return set;
}

RuleAnswer ask_rules(const RuleTexts& federation, const std::vector<const RuleTexts*>& sites,
                     const Json& request) {
    const std::vector<Json> data = data_of(request);
    RuleAnswer answer;
    const auto join = [&](const RuleTexts& set, bool must_permit) {
        const OfSet said = ask_set(set, request, data);
        if (answer.rule.empty()) answer.rule = said.forbid;
        if (answer.without_permit.empty() && !said.permitted && (must_permit || said.has_permits))
            answer.without_permit = set.origin();
    };
    join(federation, true);
    for (const RuleTexts* set : sites) join(*set, false);
    if (!answer.rule.empty()) answer.without_permit.clear();
    answer.allowed = answer.rule.empty() && answer.without_permit.empty();
    return answer;
}

}  // namespace euromesh::verify

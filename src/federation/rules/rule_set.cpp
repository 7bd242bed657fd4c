#include "federation/rules/rule_set.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "federation/rules/compile.hpp"

namespace euromesh::federation {

namespace {

struct Entry {
    Rule rule;
    std::vector<RuleAction> actions;
    RuleProgram program;
};

Sha256Digest digest_of(const std::vector<RuleText>& texts) {
    std::string lines;
    for (const RuleText& text : texts) lines += fmt::format("{}  {}\n", to_hex(sha256(text.text)), text.name);
    return sha256(lines);
}

bool is_good_name(const std::string& name) {
    return !name.empty() && name.size() <= 4096 && std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20;
    });
}

void check_texts(const std::vector<RuleText>& texts, facts::Problems& problems) {
    std::size_t all = 0;
    const std::string* before = nullptr;
    for (const RuleText& text : texts) {
        const std::string name = facts::shown(text.name);
        if (!is_good_name(text.name)) problems.add({name, 1, 1, "", "a rule text needs a name of one line"});
        if (before && *before == text.name)
            problems.add({name, 1, 1, "", "two rule texts have this name; give them different ones"});
        if (text.text.size() > rule_text_max_bytes)
            problems.add(
                {name, 1, 1, "", fmt::format("{} bytes, {} at most", text.text.size(), rule_text_max_bytes)});
        all += text.text.size();
        before = &text.name;
    }
    if (all > rule_set_max_bytes)
        problems.add(
            {"rules", 1, 1, "", fmt::format("{} bytes in all, {} at most", all, rule_set_max_bytes)});
}

void read_text(const std::string& origin, const RuleText& text, std::vector<Entry>& entries,
               facts::Problems& problems) {
    for (RuleSyntax& syntax : parse_rules(text.text, text.name, problems)) {
        auto compiled = compile_rule(syntax, text.name, problems);
        if (!compiled) continue;
        Rule rule{std::move(syntax.id.text),
                  std::move(syntax.reason),
                  std::move(syntax.source),
                  syntax.permits ? RuleEffect::permit : RuleEffect::forbid,
                  text.name,
                  syntax.id.place.line,
                  origin};
        entries.push_back({std::move(rule), std::move(compiled->actions), std::move(compiled->program)});
    }
}

void check_ids(const std::vector<Entry>& entries, facts::Problems& problems) {
    if (entries.size() > rule_set_max_rules)
        problems.add(
            {"rules", 1, 1, "", fmt::format("{} rules, {} at most", entries.size(), rule_set_max_rules)});
    for (std::size_t i = 1; i < entries.size(); ++i) {
        const Rule& first = entries[i - 1].rule;
        const Rule& second = entries[i].rule;
        if (first.id != second.id) continue;
        problems.add(
            {second.file, second.line, 1, "rule " + second.id,
             fmt::format("{}:{} has a rule of this id, too; ids are unique", first.file, first.line)});
    }
}

// The rounds that no permit covers yet.
class OpenRounds {
  public:
    explicit OpenRounds(std::size_t count) : left_(count) {
        if (count > 1) closed_.resize(count);
    }
    void close(std::size_t round) {
        if (left_ == 0) return;
        if (!closed_.empty() && closed_[round]) return;
        if (!closed_.empty()) closed_[round] = true;
        --left_;
    }
    void close_all() { left_ = 0; }
    bool none() const { return left_ == 0; }

  private:
    std::size_t left_;
    std::vector<bool> closed_;
};

struct Outcome {
    std::vector<const Rule*> permits;
    std::vector<const Rule*> forbids;
    bool holds_permits = false;  // for this action at all
    bool permitted = false;      // in every round
};

// In how many rounds the rule applies; each that it permits is closed.
bool applies(const RuleProgram& program, const RuleRequest& request, OpenRounds* open) {
    if (!program.depends_on_data()) {
        const bool holds = program.holds(request, 0);
        if (holds && open) open->close_all();
        return holds;
    }
    bool any = false;
    for (std::size_t round = 0; round < request.rounds(); ++round) {
        if (!program.holds(request, round)) continue;
        any = true;
        if (!open) break;
        open->close(round);
    }
    return any;
}

Outcome evaluate(const RuleSet& set, const RuleRequest& request) {
    Outcome outcome;
    OpenRounds open(request.rounds());
    for (const std::size_t index : set.about(request.action())) {
        const Rule& rule = set.rules()[index];
        const bool permits = rule.effect == RuleEffect::permit;
        outcome.holds_permits |= permits;
        if (applies(set.program(index), request, permits ? &open : nullptr))
            (permits ? outcome.permits : outcome.forbids).push_back(&rule);
    }
    outcome.permitted = open.none();
    return outcome;
}

void join(RuleVerdict& verdict, Outcome outcome, const RuleSet& set, bool must_permit) {
    if (!outcome.forbids.empty()) {
        if (verdict.ground != RuleGround::forbidden) verdict.deciding.clear();
        verdict.ground = RuleGround::forbidden;
        verdict.deciding.insert(verdict.deciding.end(), outcome.forbids.begin(), outcome.forbids.end());
    }
    if (verdict.ground == RuleGround::forbidden) return;
    if (!outcome.permitted && (must_permit || outcome.holds_permits)) {
        if (verdict.ground == RuleGround::permitted) verdict.without_permit = set.origin();
        verdict.ground = RuleGround::no_permit;
        verdict.deciding.clear();
    }
    if (verdict.ground == RuleGround::permitted)
        verdict.deciding.insert(verdict.deciding.end(), outcome.permits.begin(), outcome.permits.end());
}

}  // namespace

std::shared_ptr<const RuleSet> RuleSet::compile(std::string origin, std::vector<RuleText> texts,
                                                facts::Problems& problems) {
    const std::size_t before = problems.count();
    std::sort(texts.begin(), texts.end(),
              [](const RuleText& a, const RuleText& b) { return a.name < b.name; });
    check_texts(texts, problems);
    if (problems.count() != before) return nullptr;
    std::vector<Entry> entries;
    for (const RuleText& text : texts) read_text(origin, text, entries, problems);
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.rule.id < b.rule.id; });
    check_ids(entries, problems);
    if (problems.count() != before) return nullptr;

    std::shared_ptr<RuleSet> set(new RuleSet());
    for (Entry& entry : entries) {
        for (const RuleAction action : entry.actions)
            set->about_[static_cast<std::size_t>(action)].push_back(set->rules_.size());
        set->rules_.push_back(std::move(entry.rule));
        set->programs_.push_back(std::move(entry.program));
    }
    set->digest_ = digest_of(texts);
    set->origin_ = std::move(origin);
    set->texts_ = std::move(texts);
    return set;
}

Result<std::shared_ptr<const RuleSet>> RuleSet::compile(std::string origin, std::vector<RuleText> texts) {
    facts::Problems problems;
    auto set = compile(std::move(origin), std::move(texts), problems);
    if (set) return set;
    problems.sort();
    const std::string first = facts::in_words(problems.kept().front());
    if (problems.count() == 1) return fail(Code::bad_input, "{}", first);
    return fail(Code::bad_input, "{} (and {} more: euromesh rules check)", first, problems.count() - 1);
}

RuleVerdict decide(const RuleSet& federation, std::span<const RuleSet* const> narrowing,
                   const RuleRequest& request) {
    RuleVerdict verdict;
    verdict.ground = RuleGround::permitted;
    join(verdict, evaluate(federation, request), federation, true);
    for (const RuleSet* set : narrowing) {
        EM_ASSERT(set, "a set that is asked is there");
        join(verdict, evaluate(*set, request), *set, false);
    }
    verdict.allowed = verdict.ground == RuleGround::permitted;
    if (verdict.ground == RuleGround::forbidden) verdict.without_permit = {};
    return verdict;
}

std::string_view name_of(RuleEffect effect) {
    return effect == RuleEffect::permit ? "permit" : "forbid";
}

std::string_view name_of(RuleGround ground) {
    constexpr std::array<std::string_view, 3> names = {"permitted", "forbidden", "no_permit"};
    return names[static_cast<std::size_t>(ground)];
}

}  // namespace euromesh::federation

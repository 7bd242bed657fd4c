#include "federation/rules/cases.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/assert.hpp"
#include "facts/nearest.hpp"

namespace euromesh::federation {

namespace {

using Given = std::array<std::map<std::string, RuleValue, std::less<>>, rule_subject_count>;

RuleValue default_of(const RuleAttribute& attribute) {
    if (attribute.optional) return {};
    switch (attribute.type) {
        case RuleType::boolean:
            return false;
        case RuleType::integer:
            return std::int64_t{0};
        case RuleType::text:
            return attribute.allowed.empty() ? std::string() : std::string(attribute.allowed[0]);
        case RuleType::text_set:
            return std::vector<std::string>();
    }
    return {};
}

// All attributes of a subject, those given and the defaults, as a record.
Result<RuleRecord> record_of(RuleSubject subject, const Given& given) {
    const auto& values = given[static_cast<std::size_t>(subject)];
    RuleRecord::Fields fields;
    for (const RuleAttribute& attribute : attributes_of(kind_of(subject))) {
        const auto found = values.find(attribute.name);
        fields.emplace_back(attribute.name, found == values.end() ? default_of(attribute) : found->second);
    }
    return RuleRecord::make(kind_of(subject), fields);
}

Result<RuleRequestDocument> request_of(RuleAction action, const Given& given) {
    std::array<std::optional<RuleRecord>, rule_subject_count> records;
    for (std::size_t i = 0; i < rule_subject_count; ++i) {
        const auto subject = static_cast<RuleSubject>(i);
        if (!concerns(action, subject)) continue;
        EM_ASSIGN(records[i], record_of(subject, given));
    }
    const auto at = [&](RuleSubject subject) -> const RuleRecord* {
        const auto& record = records[static_cast<std::size_t>(subject)];
        return record ? &*record : nullptr;
    };
    using enum RuleSubject;
    RuleSubjects subjects{at(person), at(project),  {},           at(site),
                          at(peer),   at(workload), at(incoming), at(context)};
    if (at(data)) subjects.data.push_back(at(data));
    EM_ASSIGN(const RuleRequest request, RuleRequest::make(action, subjects));
    return RuleRequestDocument::copy_of(request);
}

class Reader {
  public:
    Reader(std::string_view text, const std::string& file, facts::Problems& problems)
        : file_(file), problems_(&problems), tokens_(rule_tokens(text, file, problems)) {
        std::erase_if(tokens_, [](const RuleToken& token) { return token.kind == TokenKind::comment; });
    }

    RuleCases all() {
        RuleCases cases{file_, {}, {}, {}};
        while (next().kind != TokenKind::end) {
            if (!one(cases)) recover();
        }
        return cases;
    }

  private:
    const RuleToken& next() const { return tokens_[at_]; }
    void advance() { at_ += next().kind == TokenKind::end ? 0 : 1; }
    bool take_if(std::string_view raw) {
        if (next().raw != raw || next().kind == TokenKind::text || next().kind == TokenKind::end)
            return false;
        ++at_;
        return true;
    }
    bool complain(const RulePlace& place, std::string what) {
        problems_->add({file_, place.line, place.column, "", std::move(what)});
        return false;
    }
    bool expected(std::string_view what) {
        const std::string found = next().kind == TokenKind::end
                                      ? "the text ends"
                                      : fmt::format("'{}' stands", facts::shown(next().raw));
        return complain({next().line, next().column}, fmt::format("{} here, {} must follow", found, what));
    }
    void recover() {
        while (next().kind != TokenKind::end) {
            const bool stop = next().raw == ";";
            advance();
            if (stop) return;
        }
    }

    bool one(RuleCases& cases) {
        if (take_if("rules")) return names(cases.rules);
        if (take_if("narrowed")) return (take_if("by") || expected("'by'")) && names(cases.narrowing);
        if (take_if("given")) return attributes(given_) && (take_if(";") || expected("',' or ';'"));
        if (take_if("case")) return one_case(cases);
        return expected("'rules', 'narrowed by', 'given' or 'case'");
    }

    bool names(std::vector<std::string>& files) {
        do {
            if (next().kind != TokenKind::text) return expected("a file's name in quotes");
            files.push_back(text_of(next()));
            ++at_;
        } while (take_if(","));
        return take_if(";") || expected("',' or ';'");
    }

    bool attributes(Given& given) {
        do {
            if (!attribute(given)) return false;
        } while (take_if(","));
        return true;
    }

    bool attribute(Given& given) {
        const RulePlace place{next().line, next().column};
        const auto subject = rule_subject(next().raw);
        if (!subject)
            return complain(
                place,
                fmt::format("there is no subject '{}'{}", facts::shown(next().raw),
                            facts::do_you_mean(facts::nearest_names(next().raw, rule_subject_names()))));
        ++at_;
        if (!take_if(".")) return expected("'.' and an attribute");
        const auto known = rule_attribute_names(kind_of(*subject));
        const std::string name(next().raw);
        const auto index = rule_attribute(kind_of(*subject), name);
        if (!index)
            return complain(place,
                            fmt::format("{} has no attribute '{}'{}", name_of(*subject), facts::shown(name),
                                        facts::do_you_mean(facts::nearest_names(name, known))));
        ++at_;
        if (!take_if("is")) return expected("'is' and a value");
        RuleValue value;
        if (!read(value)) return false;
        return keep(given, *subject, *index, std::move(value), place);
    }

    bool keep(Given& given, RuleSubject subject, std::size_t index, RuleValue value, const RulePlace& place) {
        const RuleAttribute& attribute = attributes_of(kind_of(subject))[index];
        Given alone;
        alone[static_cast<std::size_t>(subject)].emplace(attribute.name, value);
        if (const auto record = record_of(subject, alone); !record)
            return complain(place, record.error().message);
        given[static_cast<std::size_t>(subject)].insert_or_assign(std::string(attribute.name),
                                                                  std::move(value));
        return true;
    }

    bool read(RuleValue& value) {
        const RuleToken token = next();
        if (take_if("true") || take_if("false")) {
            value = token.raw == "true";
        } else if (token.kind == TokenKind::text) {
            value = text_of(token);
            ++at_;
        } else if (token.kind == TokenKind::integer) {
            std::int64_t number = 0;
            const auto parsed =
                std::from_chars(token.raw.data(), token.raw.data() + token.raw.size(), number);
            if (parsed.ec != std::errc{}) return expected("a number of 64 bits");
            value = number;
            ++at_;
        } else {
            return read_set(value);
        }
        return true;
    }

    bool read_set(RuleValue& value) {
        if (!take_if("[")) return expected("true, false, a number, a text in quotes or [ ... ]");
        std::vector<std::string> members;
        while (!take_if("]")) {
            if (!members.empty() && !take_if(",")) return expected("',' or ']'");
            if (next().kind != TokenKind::text) return expected("a text in quotes");
            members.push_back(text_of(next()));
            ++at_;
        }
        value = std::move(members);
        return true;
    }

    bool one_case(RuleCases& cases) {
        const RulePlace place{next().line, next().column};
        if (next().kind != TokenKind::text) return expected("the case's name in quotes");
        std::string name = text_of(next());
        ++at_;
        const auto action = rule_action(next().raw);
        if (!action) return expected(fmt::format("an action ({})", fmt::join(rule_action_names(), ", ")));
        ++at_;
        Given given = given_;
        if (take_if("given") && !attributes(given)) return false;
        const bool allowed = next().raw == "allowed";
        if (!take_if("allowed") && !take_if("refused")) return expected("',', 'allowed' or 'refused'");
        std::optional<std::vector<std::string>> deciding;
        if (take_if("by") && !ids(deciding.emplace())) return false;
        if (!take_if(";")) return expected("'by' and ids of rules, or ';'");
        auto request = request_of(*action, given);
        EM_ASSERT(request, "every attribute was checked when it was given");
        cases.cases.push_back({std::move(name), place, std::move(*request), allowed, std::move(deciding)});
        return true;
    }

    bool ids(std::vector<std::string>& deciding) {
        if (take_if("nothing")) return true;
        do {
            if (next().kind != TokenKind::word) return expected("a rule's id, or 'nothing'");
            deciding.emplace_back(next().raw);
            ++at_;
        } while (take_if(","));
        std::sort(deciding.begin(), deciding.end());
        return true;
    }

    std::string file_;
    facts::Problems* problems_;
    std::vector<RuleToken> tokens_;
    std::size_t at_ = 0;
    Given given_;
};

std::string in_words(bool allowed, const std::optional<std::vector<std::string>>& deciding) {
    const std::string_view verdict = allowed ? "allowed" : "refused";
    if (!deciding) return std::string(verdict);
    if (deciding->empty()) return fmt::format("{} by nothing", verdict);
    return fmt::format("{} by {}", verdict, fmt::join(*deciding, ", "));
}

std::vector<std::string> ids_of(const RuleVerdict& verdict) {
    std::vector<std::string> ids;
    for (const Rule* rule : verdict.deciding) ids.push_back(rule->id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

void note_applied(const RuleSet& set, const RuleRequest& request, std::set<const Rule*>& applied) {
    for (const std::size_t index : set.about(request.action())) {
        for (std::size_t round = 0; round < request.rounds(); ++round) {
            if (set.program(index).holds(request, round)) applied.insert(&set.rules()[index]);
        }
    }
}

void note_untested(const RuleSet& set, const std::set<const Rule*>& applied,
                   std::vector<const Rule*>& untested) {
    for (const Rule& rule : set.rules()) {
        if (!applied.contains(&rule)) untested.push_back(&rule);
    }
}

}  // namespace

RuleCases parse_rule_cases(std::string_view text, const std::string& file, facts::Problems& problems) {
    return Reader(text, file, problems).all();
}

RuleCaseResults run_rule_cases(const RuleCases& cases, const RuleSet& federation,
                               std::span<const RuleSet* const> narrowing) {
    RuleCaseResults results;
    std::set<const Rule*> applied;
    for (const RuleCase& one : cases.cases) {
        const RuleRequest request = one.request.request();
        const RuleVerdict verdict = decide(federation, narrowing, request);
        note_applied(federation, request, applied);
        for (const RuleSet* set : narrowing) note_applied(*set, request, applied);
        const std::vector<std::string> ids = ids_of(verdict);
        if (verdict.allowed == one.allowed && (!one.deciding || *one.deciding == ids))
            ++results.passed;
        else
            results.failures.push_back(
                {&one, fmt::format("expected {}, it is {}", in_words(one.allowed, one.deciding),
                                   in_words(verdict.allowed, ids))});
    }
    note_untested(federation, applied, results.untested);
    for (const RuleSet* set : narrowing) note_untested(*set, applied, results.untested);
    return results;
}

}  // namespace euromesh::federation

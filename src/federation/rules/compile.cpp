#include "federation/rules/compile.hpp"

#include <algorithm>
#include <bitset>

#include "base/assert.hpp"
#include "facts/nearest.hpp"

namespace euromesh::federation {

namespace {

constexpr std::size_t attributes_max = 16;
// Optional attributes that are known to be there.
using Known = std::bitset<rule_subject_count * attributes_max>;

std::size_t bit_of(const RuleOperand& operand) {
    return static_cast<std::size_t>(operand.subject) * attributes_max + operand.attribute;
}

// What is known after a condition turned out true, or false.
struct Outcome {
    Known if_true;
    Known if_false;
};

// Jumps whose goal is not known yet.
struct Exits {
    std::vector<std::size_t> tests;  // 2 * test + (1 for if_true)
    void add(const Exits& others) { tests.insert(tests.end(), others.tests.begin(), others.tests.end()); }
};
struct Emitted {
    Exits if_true;
    Exits if_false;
};

struct Typed {
    RuleOperand operand;
    RuleType type = RuleType::boolean;
    const RuleAttribute* attribute = nullptr;
    RulePlace place = {};
};

std::string described(const Typed& typed, const SyntaxOperand& written) {
    if (!typed.attribute) return std::string(with_article(typed.type));
    return fmt::format("{}.{}, {},", written.subject.text, written.attribute.text, with_article(typed.type));
}

bool is_order(Comparison comparison) {
    return comparison >= Comparison::less && comparison <= Comparison::at_least;
}

}  // namespace

class RuleCompiler {
  public:
    RuleCompiler(const RuleSyntax& rule, const std::string& file, facts::Problems& problems)
        : rule_(rule), file_(file), problems_(problems), before_(problems.count()) {}

    std::optional<CompiledRule> compile() {
        find_actions();
        Outcome outcome;
        if (rule_.when) outcome = check(*rule_.when, {});
        if (rule_.unless) check(*rule_.unless, outcome.if_true);
        if (!sound()) return std::nullopt;
        emit_all();
        if (tests().size() > rule_tests_max)
            report(rule_.id.place,
                   fmt::format("{} tests, {} at most; write several rules", tests().size(), rule_tests_max));
        if (!sound()) return std::nullopt;
        return std::move(compiled_);
    }

  private:
    std::vector<RuleTest>& tests() { return compiled_.program.tests_; }
    bool sound() const { return problems_.count() == before_; }
    void report(RulePlace place, std::string what) {
        problems_.add({file_, place.line, place.column, "rule " + rule_.id.text, std::move(what)});
    }

    // --- names

    void find_actions() {
        std::bitset<rule_action_count> named;
        for (const PlacedText& name : rule_.actions) {
            const auto action = rule_action(name.text);
            if (!action)
                report(name.place, fmt::format("there is no action '{}'{}", facts::shown(name.text),
                                               suggestion(name.text, rule_action_names())));
            else if (named[static_cast<std::size_t>(*action)])
                report(name.place, fmt::format("the action {} is named twice", name.text));
            else
                named.set(static_cast<std::size_t>(*action));
        }
        for (std::size_t i = 0; i < rule_action_count; ++i) {
            if (named[i]) compiled_.actions.push_back(static_cast<RuleAction>(i));
        }
    }

    // The likeliest, or all when none is likely.
    static std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
        const auto near = facts::nearest_names(name, known);
        if (!near.empty()) return facts::do_you_mean(near);
        return fmt::format(" (there are {})", fmt::join(known, ", "));
    }

    std::optional<Typed> find(const SyntaxOperand& written) {
        const auto subject = rule_subject(written.subject.text);
        if (!subject) {
            report(written.subject.place,
                   fmt::format("there is no subject '{}'{}", facts::shown(written.subject.text),
                               suggestion(written.subject.text, rule_subject_names())));
            return std::nullopt;
        }
        for (const RuleAction action : compiled_.actions) {
            if (concerns(action, *subject)) continue;
            report(written.subject.place,
                   fmt::format("the action {} does not concern {}; write a rule of its own for {}",
                               name_of(action), written.subject.text, name_of(action)));
            return std::nullopt;
        }
        const auto attribute = rule_attribute(kind_of(*subject), written.attribute.text);
        if (!attribute) {
            report(written.attribute.place,
                   fmt::format("{} has no attribute '{}'{}", written.subject.text,
                               facts::shown(written.attribute.text),
                               suggestion(written.attribute.text, rule_attribute_names(kind_of(*subject)))));
            return std::nullopt;
        }
        const RuleAttribute& found = attributes_of(kind_of(*subject))[*attribute];
        compiled_.program.depends_on_data_ |= *subject == RuleSubject::data;
        return Typed{
            {false, *subject, static_cast<std::uint16_t>(*attribute)}, found.type, &found, written.place};
    }

    // --- types

    std::optional<Typed> check_operand(const SyntaxOperand& written, const Known& known) {
        if (written.kind != OperandKind::attribute) {
            constexpr RuleType types[] = {RuleType::boolean, RuleType::boolean, RuleType::integer,
                                          RuleType::text, RuleType::text_set};
            return Typed{{}, types[static_cast<std::size_t>(written.kind)], nullptr, written.place};
        }
        const auto found = find(written);
        if (!found || !found->attribute->optional || known[bit_of(found->operand)]) return found;
        report(written.place,
               fmt::format("{0}.{1} may be absent; ask '{0} has {1} and ...' before it is read",
                           written.subject.text, written.attribute.text));
        return std::nullopt;
    }

    Outcome check(const Condition& condition, const Known& known) {
        switch (condition.kind) {
            case Condition::Kind::all:
                return check_chain(condition, known, true);
            case Condition::Kind::any:
                return check_chain(condition, known, false);
            case Condition::Kind::negation: {
                const Outcome part = check(condition.parts[0], known);
                return {part.if_false, part.if_true};
            }
            case Condition::Kind::has:
                return check_has(condition);
            case Condition::Kind::operand:
                check_truth(condition, known);
                return {};
            case Condition::Kind::comparison:
                check_comparison(condition, known);
                return {};
        }
        return {};
    }

    // All parts in turn, each knowing what the ones before it have shown; `all` stops at the first false one,
    // `any` at the first true one.
    Outcome check_chain(const Condition& condition, Known known, bool all) {
        Known going_on;
        Known stopped;
        stopped.set();
        for (const Condition& part : condition.parts) {
            const Outcome outcome = check(part, known);
            stopped &= going_on | (all ? outcome.if_false : outcome.if_true);
            going_on |= all ? outcome.if_true : outcome.if_false;
            known |= going_on;
        }
        return all ? Outcome{going_on, stopped} : Outcome{stopped, going_on};
    }

    Outcome check_has(const Condition& condition) {
        const SyntaxOperand& written = condition.operands[0];
        const auto found = find(written);
        if (!found) return {};
        if (!found->attribute->optional)
            report(condition.place, fmt::format("{}.{} is always there; leave 'has' out",
                                                written.subject.text, written.attribute.text));
        Outcome outcome;
        outcome.if_true.set(bit_of(found->operand));
        return outcome;
    }

    void check_truth(const Condition& condition, const Known& known) {
        const SyntaxOperand& written = condition.operands[0];
        const auto typed = check_operand(written, known);
        if (!typed || typed->type == RuleType::boolean) return;
        report(condition.place,
               fmt::format("{} is no condition; compare it with something", described(*typed, written)));
    }

    void check_comparison(const Condition& condition, const Known& known) {
        const SyntaxOperand& first = condition.operands[0];
        const SyntaxOperand& second = condition.operands[1];
        const auto left = check_operand(first, known);
        const auto right = check_operand(second, known);
        if (!left || !right) return;
        if (!left->attribute && !right->attribute)
            return report(condition.place, "two constants are compared; one side must be an attribute");
        if (!types_fit(condition.comparison, left->type, right->type))
            return report(condition.place,
                          fmt::format("{} and {} do not fit '{}'; {}", described(*left, first),
                                      described(*right, second), symbol_of(condition.comparison),
                                      wanted(condition.comparison)));
        check_words(*left, first, *right, second);
        check_words(*right, second, *left, first);
    }

    static bool types_fit(Comparison comparison, RuleType left, RuleType right) {
        if (comparison == Comparison::in) return left == RuleType::text && right == RuleType::text_set;
        if (comparison == Comparison::overlaps || comparison == Comparison::within)
            return left == RuleType::text_set && right == RuleType::text_set;
        return left == right && (!is_order(comparison) || left == RuleType::integer);
    }

    static std::string_view wanted(Comparison comparison) {
        if (is_order(comparison)) return "it wants two of type Int";
        if (comparison == Comparison::in) return "it wants a String and a Set of String";
        if (comparison == Comparison::overlaps || comparison == Comparison::within)
            return "it wants two sets";
        return "it wants the same type on both sides";
    }

    // A constant that an attribute can never have is a slip of the pen.
    void check_words(const Typed& attribute, const SyntaxOperand& written, const Typed& literal,
                     const SyntaxOperand& words) {
        if (!attribute.attribute || attribute.attribute->allowed.empty() || literal.attribute) return;
        const auto allowed = attribute.attribute->allowed;
        for (const PlacedText& word : words.texts) {
            if (std::find(allowed.begin(), allowed.end(), word.text) != allowed.end()) continue;
            report(word.place,
                   fmt::format("{}.{} is never \"{}\"; it is one of {}", written.subject.text,
                               written.attribute.text, facts::shown(word.text), fmt::join(allowed, ", ")));
        }
    }

    // --- tests and jumps

    void emit_all() {
        const Condition always{.operands = {SyntaxOperand{.boolean = true}}};
        Emitted when = emit(rule_.when ? *rule_.when : always);
        if (rule_.unless) {
            lead(when.if_true, tests().size());
            const Emitted unless = emit(*rule_.unless);
            when.if_true = unless.if_false;
            when.if_false.add(unless.if_true);
        }
        lead(when.if_true, RuleProgram::applies);
        lead(when.if_false, RuleProgram::does_not_apply);
    }

    Emitted emit(const Condition& condition) {
        switch (condition.kind) {
            case Condition::Kind::all:
                return emit_chain(condition, true);
            case Condition::Kind::any:
                return emit_chain(condition, false);
            case Condition::Kind::negation: {
                Emitted part = emit(condition.parts[0]);
                return {std::move(part.if_false), std::move(part.if_true)};
            }
            case Condition::Kind::has:
                return emit_test(condition, RuleTestKind::has);
            case Condition::Kind::operand:
                return emit_test(condition, RuleTestKind::truth);
            case Condition::Kind::comparison:
                return emit_test(condition, RuleTestKind::comparison);
        }
        return {};
    }

    Emitted emit_chain(const Condition& condition, bool all) {
        Emitted whole;
        for (std::size_t i = 0; i < condition.parts.size(); ++i) {
            const Emitted part = emit(condition.parts[i]);
            (all ? whole.if_false : whole.if_true).add(all ? part.if_false : part.if_true);
            const Exits& going_on = all ? part.if_true : part.if_false;
            if (i + 1 < condition.parts.size())
                lead(going_on, tests().size());
            else
                (all ? whole.if_true : whole.if_false).add(going_on);
        }
        return whole;
    }

    Emitted emit_test(const Condition& condition, RuleTestKind kind) {
        RuleTest test{.kind = kind, .comparison = condition.comparison, .left = {}, .right = {}};
        test.left = emit_operand(condition.operands[0]);
        if (kind == RuleTestKind::comparison) test.right = emit_operand(condition.operands[1]);
        const std::size_t index = tests().size();
        tests().push_back(test);
        return {{{2 * index + 1}}, {{2 * index}}};
    }

    RuleOperand emit_operand(const SyntaxOperand& written) {
        if (written.kind == OperandKind::attribute) {
            const auto found = find(written);
            EM_ASSERT(found, "was found before");
            return found->operand;
        }
        auto& literals = compiled_.program.literals_;
        literals.push_back(literal_of(written));
        return {true, RuleSubject::context, static_cast<std::uint16_t>(literals.size() - 1)};
    }

    static RuleValue literal_of(const SyntaxOperand& written) {
        if (written.kind == OperandKind::boolean) return written.boolean;
        if (written.kind == OperandKind::integer) return written.integer;
        if (written.kind == OperandKind::text) return written.texts[0].text;
        std::vector<std::string> members;
        for (const PlacedText& member : written.texts) members.push_back(member.text);
        std::sort(members.begin(), members.end());
        members.erase(std::unique(members.begin(), members.end()), members.end());
        return members;
    }

    void lead(const Exits& exits, std::size_t goal) {
        for (const std::size_t exit : exits.tests) {
            RuleTest& test = tests()[exit / 2];
            (exit % 2 == 1 ? test.if_true : test.if_false) = static_cast<std::uint32_t>(goal);
        }
    }

    const RuleSyntax& rule_;
    const std::string& file_;
    facts::Problems& problems_;
    std::size_t before_;
    CompiledRule compiled_;
};

std::optional<CompiledRule> compile_rule(const RuleSyntax& rule, const std::string& file,
                                         facts::Problems& problems) {
    return RuleCompiler(rule, file, problems).compile();
}

}  // namespace euromesh::federation

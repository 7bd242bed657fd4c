#include "federation/rules/program.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {

namespace {

const RuleValue& value_of(const RuleOperand& operand, const RuleRequest& request, std::size_t round,
                          const std::vector<RuleValue>& literals) {
    if (operand.is_literal) return literals[operand.attribute];
    const RuleRecord* record = request.record(operand.subject, round);
    EM_ASSERT(record, "the rule speaks only of subjects that its actions concern");
    return record->value(operand.attribute);
}

template <class T>
const T& as(const RuleValue& value) {
    const T* typed = std::get_if<T>(&value);
    EM_ASSERT(typed, "the rule was checked against the schema");
    return *typed;
}

using Set = std::vector<std::string>;

// Both sorted: linear in their sizes.
bool overlap(const Set& a, const Set& b) {
    auto left = a.begin();
    auto right = b.begin();
    while (left != a.end() && right != b.end()) {
        const int order = left->compare(*right);
        if (order == 0) return true;
        ++(order < 0 ? left : right);
    }
    return false;
}

bool compare(Comparison comparison, const RuleValue& left, const RuleValue& right) {
    const auto number = [](const RuleValue& value) { return as<std::int64_t>(value); };
    switch (comparison) {
        case Comparison::equal:
            return left == right;
        case Comparison::unequal:
            return left != right;
        case Comparison::less:
            return number(left) < number(right);
        case Comparison::at_most:
            return number(left) <= number(right);
        case Comparison::greater:
            return number(left) > number(right);
        case Comparison::at_least:
            return number(left) >= number(right);
        case Comparison::in:
            return std::binary_search(as<Set>(right).begin(), as<Set>(right).end(), as<std::string>(left));
        case Comparison::overlaps:
            return overlap(as<Set>(left), as<Set>(right));
        case Comparison::within:
            return std::includes(as<Set>(right).begin(), as<Set>(right).end(), as<Set>(left).begin(),
                                 as<Set>(left).end());
    }
    return false;
}

void note(const RuleOperand& operand, std::vector<RuleProgram::Look>& looks) {
    if (operand.is_literal) return;
    const RuleProgram::Look look{operand.subject, operand.attribute};
    if (std::find(looks.begin(), looks.end(), look) == looks.end()) looks.push_back(look);
}

}  // namespace

bool RuleProgram::holds(const RuleRequest& request, std::size_t round, std::vector<Look>* looks) const {
    std::uint32_t at = 0;
    while (at < does_not_apply) {
        const RuleTest& test = tests_[at];
        const RuleValue& left = value_of(test.left, request, round, literals_);
        if (looks) {
            note(test.left, *looks);
            note(test.right, *looks);
        }
        bool answer = false;
        switch (test.kind) {
            case RuleTestKind::truth:
                answer = as<bool>(left);
                break;
            case RuleTestKind::has:
                answer = !std::holds_alternative<std::monostate>(left);
                break;
            case RuleTestKind::comparison:
                answer = compare(test.comparison, left, value_of(test.right, request, round, literals_));
        }
        const std::uint32_t next = answer ? test.if_true : test.if_false;
        EM_ASSERT(next > at, "jumps lead forward");
        at = next;
    }
    return at == applies;
}

}  // namespace euromesh::federation

// A rule's condition, checked and compiled: a list of tests, each with two places to go on.
//
// Why this form: every jump leads forward, so that a program ends after at most as many steps as it has
// tests, whatever the request. Nothing in it can fail: names, types and `has` before every optional attribute
// are checked by compile_rule() (compile.hpp). Immutable: any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/rules/request.hpp"
#include "federation/rules/syntax.hpp"

namespace euromesh::federation {

struct RuleOperand {
    bool is_literal = true;
    RuleSubject subject = RuleSubject::context;
    std::uint16_t attribute = 0;  // its place in the schema, or the literal's in the program
};

enum class RuleTestKind : std::uint8_t { truth, has, comparison };

struct RuleTest {
    RuleTestKind kind = RuleTestKind::truth;
    Comparison comparison = Comparison::equal;
    RuleOperand left;
    RuleOperand right;
    std::uint32_t if_true = 0;  // the next test, or one of the two ends
    std::uint32_t if_false = 0;
};

class RuleProgram {
  public:
    static constexpr std::uint32_t applies = 0xFFFFFFFF;
    static constexpr std::uint32_t does_not_apply = 0xFFFFFFFE;

    struct Look {
        RuleSubject subject;
        std::size_t attribute;
        bool operator==(const Look&) const = default;
    };

    // The request's action must be one of the rule's. `looks`, if any, gets each attribute once.
    bool holds(const RuleRequest& request, std::size_t round, std::vector<Look>* looks = nullptr) const;

    // Whether the answer may differ from one data set to the next.
    bool depends_on_data() const { return depends_on_data_; }
    std::size_t test_count() const { return tests_.size(); }

  private:
    friend class RuleCompiler;
    std::vector<RuleTest> tests_;
    std::vector<RuleValue> literals_;
    bool depends_on_data_ = false;
};

}  // namespace euromesh::federation

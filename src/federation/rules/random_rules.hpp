// Rules and requests at random, well typed, from a seed: for property tests and for the comparison with an
// independent engine.
//
// Values come from small pools, so that comparisons come out both ways. Conditions use every operator, nest,
// and ask for optional attributes before they read them. The same seed gives the same on every machine. Not
// thread-safe.
#pragma once

#include "base/random.hpp"
#include "federation/rules/request.hpp"
#include "federation/rules/syntax.hpp"

namespace euromesh::federation {

class RandomRules {
  public:
    explicit RandomRules(std::uint64_t seed) : random_(seed) {}

    RuleSyntax rule(const std::string& id);
    std::vector<RuleSyntax> rules(std::size_t count);
    // With `data_sets` data sets where the action concerns data.
    RuleRequestDocument request(std::size_t data_sets = 1);

  private:
    bool chance(unsigned percent) { return random_.below(100) < percent; }
    RuleRecord record(RecordKind kind);
    RuleValue value(const RuleAttribute& attribute);
    std::string text(const RuleAttribute& attribute);
    std::vector<RuleAction> actions();
    Condition condition(const std::vector<RuleAction>& actions, int depth);
    Condition test(const std::vector<RuleAction>& actions);
    Condition about(RuleSubject subject, std::size_t attribute, const std::vector<RuleAction>& actions);
    SyntaxOperand other_side(const RuleAttribute& attribute, RuleType type,
                             const std::vector<RuleAction>& actions);
    RuleSubject subject(const std::vector<RuleAction>& actions);

    Random random_;
};

}  // namespace euromesh::federation

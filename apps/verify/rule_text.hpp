// Rules as the ledger records them, read and evaluated by the verifier's own code.
//
// Why: whoever replays a decision must not take the coordinator's word for what a rule means, nor its code.
// This is a second, naive reading of the language of docs/rules.md: words, a tree, and a walk over it for
// each request. It does not check types: the texts in a ledger were checked before they came into force, and
// a test that does not fit its values does not hold. Bounded: 4 MiB a set, depth 64. Immutable once read: any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace euromesh::verify {

struct RuleNode {
    enum class Kind { any, all, negation, has, compare, truth, literal, attribute };
    Kind kind = Kind::truth;
    std::string subject{};  // of has and attribute
    std::string name{};     // the attribute, or the operator of compare
    Json value = nullptr;   // of a literal
    std::vector<RuleNode> parts{};
};

struct RuleOfText {
    std::string id;
    bool permits = false;
    std::vector<std::string> actions;
    std::vector<RuleNode> when;    // none or one
    std::vector<RuleNode> unless;  // none or one
};

class RuleTexts {
  public:
    using Named = std::vector<std::pair<std::string, std::string>>;  // name, text

    // bad_input: the text and the word at which it is no rule.
    static Result<RuleTexts> read(std::string origin, Named texts);

    const std::string& origin() const { return origin_; }
    const std::string& digest() const { return digest_; }            // docs/rules.md, hexadecimal
    const std::vector<RuleOfText>& rules() const { return rules_; }  // by id

  private:
    std::string origin_;
    std::string digest_;
    std::vector<RuleOfText> rules_;
};

struct RuleAnswer {
    bool allowed = false;
    std::string rule{};            // the forbid that is told: of the first set that has one, the first by id
    std::string without_permit{};  // else the origin of the first set whose permit is missing
};

// `request`: {"action":"place","person":{...},"project":{...},"data":[{...}],"site":{...},...}; without data
// sets it is asked once, of the data set that stands for none. `sites`: sets that can only narrow.
RuleAnswer ask_rules(const RuleTexts& federation, const std::vector<const RuleTexts*>& sites,
                     const Json& request);

}  // namespace euromesh::verify

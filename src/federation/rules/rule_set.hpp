// Rules of one origin, checked and compiled, and the decision that several sets come to.
//
// Why: whose work runs where is decided by text that a lawyer can read, and years later anyone can see which
// rule decided. Forbid wins; what no rule permits is refused; the order of rules and files never matters.
// A site's set can only narrow what the federation's set allows: the final answer is "the federation permits
// and does not forbid", and of each site's set that is asked: it does not forbid, and, if it holds any permit
// for this action, one of them applies. A site's set that only forbids therefore narrows by what it forbids.
// Invariants: once compile() succeeded, decide() cannot fail, looks at each test of a rule at most once, and
// allocates only for its answer. Immutable: any thread. It has no clock: a time is an attribute of the
// request.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/result.hpp"
#include "facts/problem.hpp"
#include "federation/rules/program.hpp"

namespace euromesh::federation {

inline constexpr std::size_t rule_text_max_bytes = 1u << 20;
inline constexpr std::size_t rule_set_max_bytes = 4u << 20;
inline constexpr std::size_t rule_set_max_rules = 4096;

struct RuleText {
    std::string name;  // of the file; no line break
    std::string text;
};

enum class RuleEffect : std::uint8_t { permit, forbid };

struct Rule {
    std::string id;
    std::string reason;  // for people
    std::string source;  // the law, contract or decision that it rests on
    RuleEffect effect = RuleEffect::forbid;
    std::string file;
    std::int64_t line = 1;
    std::string origin;  // of its set: "federation", or the site's name
};

class RuleSet {
  public:
    // All that is wrong goes to `problems` (file, line, column); nothing is returned then. Ids are unique in
    // the set, names of texts, too. An empty set permits nothing.
    static std::shared_ptr<const RuleSet> compile(std::string origin, std::vector<RuleText> texts,
                                                  facts::Problems& problems);
    // bad_input: the first problem, and how many more there are.
    static Result<std::shared_ptr<const RuleSet>> compile(std::string origin, std::vector<RuleText> texts);

    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    const std::string& origin() const { return origin_; }
    const std::vector<Rule>& rules() const { return rules_; }      // by id
    const std::vector<RuleText>& texts() const { return texts_; }  // by name
    // SHA-256 over a line "HEX-OF-TEXT  NAME\n" for each text, by name: `sha256sum A B | sha256sum` gives it.
    const Sha256Digest& digest() const { return digest_; }

    // For the evaluator: places in rules(), in this order.
    const std::vector<std::size_t>& about(RuleAction action) const {
        return about_[static_cast<std::size_t>(action)];
    }
    const RuleProgram& program(std::size_t rule) const { return programs_[rule]; }

  private:
    RuleSet() = default;
    std::string origin_;
    std::vector<RuleText> texts_;
    std::vector<Rule> rules_;
    std::vector<RuleProgram> programs_;
    std::array<std::vector<std::size_t>, rule_action_count> about_;
    Sha256Digest digest_ = {};
};

enum class RuleGround : std::uint8_t {
    permitted,  // deciding: the permits of all sets that applied
    forbidden,  // deciding: the forbids that applied
    no_permit,  // deciding: none; `without_permit` says whose set permits it not
};

struct RuleVerdict {
    bool allowed = false;
    RuleGround ground = RuleGround::no_permit;
    std::vector<const Rule*> deciding = {};  // by set as asked, then id; alive as long as the sets are
    std::string_view without_permit = {};    // origin of the first set that lacks a permit
};

// `narrowing`: the sets of the sites concerned (for move and exchange: of both); may be empty, no null in it.
RuleVerdict decide(const RuleSet& federation, std::span<const RuleSet* const> narrowing,
                   const RuleRequest& request);

std::string_view name_of(RuleEffect effect);
std::string_view name_of(RuleGround ground);

}  // namespace euromesh::federation

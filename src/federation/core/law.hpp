// The rules as they stand, compiled, and questions to them in the words of the tables.
//
// Why: the tables hold rule texts; whoever decides needs compiled sets and records. A LawBook is built anew
// when rules, or a site's description, change. Membership by account counts like a group that only this
// project has. Roles come from the federation's record: administrators are operators and the board, reviewers
// are reviewers. Immutable: any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "federation/core/commands.hpp"
#include "federation/core/tables.hpp"
#include "federation/rules/rule_set.hpp"

namespace euromesh::federation {

struct LawAnswer {
    bool allowed = false;
    std::string rule;           // id of the rule that decided; empty: no rule permits it
    std::string origin;         // of that rule, or whose set has no permit
    std::string reason;         // for people
    std::string words() const;  // "refused by eu-residency (federation): Data marked EU ..."
};

class LawBook {
  public:
    // corrupted: a rule text of the log does not compile with this program.
    static Result<std::shared_ptr<const LawBook>> build(const Tables& tables);

    const RuleSet& federation() const { return *federation_; }
    // nullptr: the site has no rules of its own.
    const RuleSet* of_site(const std::string& site) const;

    RuleRecord person(const Tables& tables, const Actor& actor, const ProjectRecord* project) const;
    // `tier`, `share`, `amount`: of the allocation that pays, or of what is asked for.
    RuleRecord project(const Tables& tables, const ProjectRecord& project, const std::string& tier,
                       const std::string& share, std::int64_t amount) const;
    RuleRecord data(const DataRecord& data) const;
    RuleRecord site(const Tables& tables, const SiteRecord& site) const;
    RuleRecord workload(const contract::JobSpec& spec, const std::string& tier, bool export_authorised) const;
    RuleRecord context(const Tables& tables, std::int64_t now_ms, const std::string& share) const;

    // `sites`: whose own rules are asked, too.
    LawAnswer ask(RuleAction action, const RuleSubjects& subjects,
                  const std::vector<std::string>& sites = {}) const;

  private:
    std::shared_ptr<const RuleSet> federation_;
    std::map<std::string, std::shared_ptr<const RuleSet>> sites_;
};

// bad_input: the first thing that is wrong with a rule text, with line and column.
Result<std::string> rules_digest(const std::string& origin, const std::vector<NamedText>& texts);

bool is_member(const ProjectRecord& project, const Actor& actor);
bool is_administrator(const Tables& tables, const Actor& actor);
bool has_scope(const Actor& actor, std::string_view scope);

}  // namespace euromesh::federation

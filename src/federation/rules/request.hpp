// May this happen? An action with the records of all subjects that it concerns.
//
// A RuleRequest only points to records: whoever makes it keeps them alive while it is used, so that placement
// can ask for sixty sites without copying. RuleRequestDocument owns them; it is what files and the ledger
// hold. Invariant: all subjects of the action are there, each of the right kind, so that evaluation cannot
// fail. Immutable: any thread.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "federation/rules/record.hpp"

namespace euromesh::federation {

inline constexpr std::size_t rule_data_sets_max = 1024;

struct RuleSubjects {
    const RuleRecord* person = nullptr;
    const RuleRecord* project = nullptr;
    std::vector<const RuleRecord*> data = {};  // each is checked on its own; none: RuleRecord::no_data()
    const RuleRecord* site = nullptr;
    const RuleRecord* peer = nullptr;
    const RuleRecord* workload = nullptr;
    const RuleRecord* incoming = nullptr;
    const RuleRecord* context = nullptr;
};

class RuleRequest {
  public:
    // bad_input: a subject of the action is missing or of the wrong kind. What the action does not concern is
    // left aside.
    static Result<RuleRequest> make(RuleAction action, const RuleSubjects& subjects);

    RuleAction action() const { return action_; }
    // How often it is checked: once for each data set, at least once.
    std::size_t rounds() const { return data_.empty() ? 1 : data_.size(); }
    // Null when the action does not concern it.
    const RuleRecord* record(RuleSubject subject, std::size_t round) const {
        if (subject == RuleSubject::data && !data_.empty()) return data_[round];
        return records_[static_cast<std::size_t>(subject)];
    }

  private:
    explicit RuleRequest(RuleAction action) : action_(action) {}
    RuleAction action_;
    std::array<const RuleRecord*, rule_subject_count> records_ = {};
    std::vector<const RuleRecord*> data_;
};

// A request with its records:
// {"action": "place", "person": {...}, "project": {...}, "data": [{...}], "site": {...}, ...}
class RuleRequestDocument {
  public:
    // bad_input: says which subject and attribute. `data` is a list, or one object.
    static Result<RuleRequestDocument> from_json(const Json& document, std::string_view where);
    static RuleRequestDocument copy_of(const RuleRequest& request);

    RuleRequest request() const;
    // Keys in the schema's order: the same request is the same bytes.
    Json to_json() const;

  private:
    explicit RuleRequestDocument(RuleAction action) : action_(action) {}
    RuleSubjects subjects() const;
    RuleAction action_;
    std::array<std::unique_ptr<RuleRecord>, rule_subject_count> records_;
    std::vector<RuleRecord> data_;
};

}  // namespace euromesh::federation

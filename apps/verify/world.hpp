// What the entries of a ledger have made of the federation so far, as the verifier keeps it.
//
// Why: a decision can only be judged by what was true when it was made. Records are kept as the JSON that the
// entries hold; only what is counted has fields. Memory grows with sites, projects, data sets and allocations
// and with what is open, not with age: jobs, claims and applications leave when they are over, and their ids,
// which are made from the number of their entry, cannot come twice. Plain values. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/verify/note.hpp"
#include "apps/verify/rule_text.hpp"

namespace euromesh::verify {

// The entry that is looked at.
struct Entry {
    std::int64_t seq = 0;
    std::int64_t time_ms = 0;
    std::string type{};
    std::string by{};
    const Json* data = nullptr;  // an object
};

struct SiteState {
    Json admission = nullptr;
    Json document = nullptr;  // null before the site described itself
    std::string state = "active";
    std::optional<RuleTexts> rules{};  // of its own
    std::int64_t held = 0;             // of claims that are open there
    bool takes_work() const { return state == "active" && document.is_object(); }
};

struct Allocation {
    Json record = nullptr;  // as it was granted
    std::int64_t granted = 0;
    std::int64_t used = 0;
    std::int64_t held = 0;
    std::int64_t checkpoints = 0;
    std::int64_t left() const { return granted - used - held; }
};

enum class ClaimStep { held, offered, accepted, running };

struct Claim {
    std::string job{};
    std::string site{};
    std::string allocation{};
    std::int64_t gpus = 0;
    std::int64_t held = 0;
    std::int64_t started_ms = 0;
    ClaimStep step = ClaimStep::held;
    bool displaced = false;
    std::vector<std::string> after{};  // claims that must be over before it is handed out
};

struct Job {
    std::string account{};
    Json groups = Json::array();
    std::string project{};
    Json spec = nullptr;
    std::string digest{};
    std::set<std::string> open{};  // claims
    std::set<std::string> refused_by{};
    std::int64_t good = 0;  // of the newest attempt, like the two below
    std::int64_t ran = 0;
    std::int64_t lost = 0;
    std::int64_t failed = 0;
    std::int64_t displaced = 0;
    bool cancelling = false;
    std::string payer{};  // allocation of the newest decision, also of work that costs nothing
};

// What was charged to work that had to give way comes back by the next entry.
struct DueBack {
    std::string claim{};
    std::string allocation{};
    std::int64_t amount = 0;
};

// Decisions of one round rest on the same moment.
struct RoundState {
    std::int64_t inputs_at = -1;
    std::int64_t last_seq = -1;
    std::int64_t time_ms = 0;
    std::map<std::string, std::int64_t> held_at{};    // site: held by this round
    std::map<std::string, std::int64_t> held_from{};  // allocation: the same
};

struct World {
    Json federation = nullptr;
    std::optional<RuleTexts> rules{};
    std::int64_t rules_version = 1;
    std::string mode = "normal";
    std::int64_t mode_until_ms = 0;
    std::map<std::string, Key> board{};
    std::map<std::string, SiteState> sites{};
    std::map<std::string, Json> projects{};
    std::map<std::string, Json> data{};
    std::map<std::string, Json> applications{};  // in review, or granted by the entry before
    std::map<std::string, Allocation> allocations{};
    std::map<std::string, Job> jobs{};
    std::map<std::string, Claim> claims{};
    RoundState round{};
    std::optional<DueBack> due_back{};

    std::string mode_at(std::int64_t now_ms) const {
        return mode == "emergency" && now_ms < mode_until_ms ? "emergency" : "normal";
    }
};

// Of an object; empty, 0, false or null when it is not there or of another type.
std::string text_in(const Json& object, std::string_view name);
std::int64_t number_in(const Json& object, std::string_view name);
bool flag_in(const Json& object, std::string_view name);
const Json& part_in(const Json& object, std::string_view name);
bool holds_text(const Json& list, std::string_view text);

// bad_input: it is not there, or below 0 or beyond every amount.
Result<std::int64_t> amount_in(const Json& object, std::string_view name);
// ceil(gpus x milliseconds / 3600), docs/coordinator.md.
std::int64_t milli_gpu_hours(std::int64_t gpus, std::int64_t duration_ms);

bool is_administrator(const World& world, std::string_view account);
// Nobody's signature counts twice. bad_input: whose does not hold, or too few.
Status check_board(const World& world, const Json& signatures, std::string_view message, std::int64_t needed);

// A check of one type of entry; in the order of the list.
struct Check {
    std::string_view type;
    // bad_input: what the entry does that must not be.
    Status (*run)(World&, const Entry&);
};

}  // namespace euromesh::verify

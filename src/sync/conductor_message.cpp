#include "sync/conductor_message.hpp"

#include <array>
#include <limits>

#include "base/assert.hpp"
#include "base/json.hpp"

namespace euromesh::sync {
namespace {

constexpr std::array<std::string_view, 4> role_names{"starting", "member", "joining", "leaving"};

// Reads fields in order; after the first failure all others are skipped and the failure is kept.
class Reader {
  public:
    Reader(const Json& json, std::string_view where) : json_(&json), where_(where) {}

    template <class T>
    void read(std::string_view key, T& out, std::uint64_t most = std::numeric_limits<std::int64_t>::max()) {
        if (!status_) return;
        const auto value = json_integer(*json_, key, where_);
        if (!value) {
            status_ = fail(value.error());
        } else if (*value < 0 || static_cast<std::uint64_t>(*value) > most) {
            status_ = fail(Code::corrupted, "{}: '{}' must be from 0 to {}", where_, key, most);
        } else {
            out = static_cast<T>(*value);
        }
    }
    void read(std::string_view key, std::string& out, std::size_t most) {
        if (!status_) return;
        auto value = json_string(*json_, key, where_);
        if (!value) {
            status_ = fail(value.error());
        } else if (value->size() > most) {
            status_ = fail(Code::corrupted, "{}: '{}' is longer than {} bytes", where_, key, most);
        } else {
            out = std::move(*value);
        }
    }
    void read(std::string_view key, double& out) {
        if (!status_) return;
        const auto value = json_number(*json_, key, where_);
        if (!value) {
            status_ = fail(value.error());
        } else {
            out = *value;
        }
    }
    // The member of this name when it is there and not null.
    const Json* find(std::string_view key) const {
        const auto found = json_->is_object() ? json_->find(std::string(key)) : json_->end();
        return found == json_->end() || found->is_null() ? nullptr : &*found;
    }
    void check(const Status& status) {
        if (status_ && !status) status_ = status;
    }
    const Status& status() const { return status_; }

  private:
    const Json* json_;
    std::string_view where_;
    Status status_;
};

constexpr std::uint64_t ballot_most = std::numeric_limits<Ballot>::max();

Json to_json(const Standing& standing) {
    Json json;
    json["role"] = name_of(standing.role);
    json["round"] = standing.position.round;
    json["chain_head"] = standing.position.chain_head;
    json["tokens_total"] = standing.position.tokens_total;
    json["state"] = standing.state;
    json["promised"] = standing.promised;
    json["failed"] = standing.failed;
    json["sees"] = standing.sees;
    json["keeps"] = standing.keeps;
    if (!standing.blames.empty()) json["blames"] = standing.blames;
    if (standing.lacks) json["lacks"] = *standing.lacks;
    if (standing.wants) json["wants"] = *standing.wants;
    if (standing.ready) {
        json["ready"] = {{"tokens", standing.ready->tokens},
                         {"inner_steps", standing.ready->inner_steps},
                         {"base", standing.ready->base},
                         {"norm", standing.ready->norm}};
    }
    if (standing.prepared) {
        json["prepared"] = {{"ballot", standing.prepared->ballot},
                            {"state_after", standing.prepared->state_after},
                            {"contribution", standing.prepared->contribution_digest},
                            {"bytes", standing.prepared->bytes}};
    }
    return json;
}

Result<Role> parse_role(std::string_view text) {
    for (std::size_t i = 0; i < role_names.size(); ++i) {
        if (role_names[i] == text) return static_cast<Role>(i);
    }
    return fail(Code::corrupted, "standing: '{}' is no role", text.substr(0, 40));
}

Result<std::vector<std::size_t>> read_ranks(const Json* list, std::string_view key) {
    if (!list || !list->is_array() || list->size() > sites_most) {
        return fail(Code::corrupted, "standing: '{}' must be a list of at most {}", key, sites_most);
    }
    std::vector<std::size_t> ranks;
    for (const Json& item : *list) {
        if (!item.is_number_unsigned() || item.get<std::uint64_t>() >= sites_most) {
            return fail(Code::corrupted, "standing: '{}' must hold ranks", key);
        }
        ranks.push_back(item.get<std::size_t>());
    }
    return ranks;
}

Result<Message> read_standing(const Json& json) {
    Standing standing;
    std::string role;
    Reader reader(json, "standing");
    reader.read("role", role, 16);
    reader.read("round", standing.position.round);
    reader.read("chain_head", standing.position.chain_head, 64);
    reader.read("tokens_total", standing.position.tokens_total);
    reader.read("state", standing.state, 64);
    reader.read("promised", standing.promised, ballot_most);
    reader.read("failed", standing.failed, ballot_most);
    reader.read("keeps", standing.keeps);
    if (reader.find("lacks")) reader.read("lacks", standing.lacks.emplace());
    if (reader.find("wants")) reader.read("wants", standing.wants.emplace(), sites_most - 1);
    if (const Json* ready = reader.find("ready")) {
        Reader inner(*ready, "standing.ready");
        standing.ready.emplace();
        inner.read("tokens", standing.ready->tokens);
        inner.read("inner_steps", standing.ready->inner_steps);
        inner.read("base", standing.ready->base);
        inner.read("norm", standing.ready->norm);
        if (inner.status() && (standing.ready->tokens == 0 || standing.ready->inner_steps == 0)) {
            return fail(Code::corrupted, "standing.ready: a contribution has tokens and inner steps");
        }
        reader.check(inner.status());
    }
    if (const Json* prepared = reader.find("prepared")) {
        Reader inner(*prepared, "standing.prepared");
        standing.prepared.emplace();
        inner.read("ballot", standing.prepared->ballot, ballot_most);
        inner.read("state_after", standing.prepared->state_after, 64);
        inner.read("contribution", standing.prepared->contribution_digest, 64);
        inner.read("bytes", standing.prepared->bytes);
        reader.check(inner.status());
    }
    EM_TRY(reader.status());
    EM_ASSIGN(standing.role, parse_role(role));
    EM_ASSIGN(standing.sees, read_ranks(reader.find("sees"), "sees"));
    if (const Json* blames = reader.find("blames")) {
        EM_ASSIGN(standing.blames, read_ranks(blames, "blames"));
    }
    return standing;
}

Json to_json(const Plan& plan) {
    Json json;
    json["round"] = plan.round;
    json["chain_head"] = plan.chain_head;
    json["ballot"] = plan.ballot;
    json["members"] = Json::array();
    for (const PlanMember& member : plan.members) {
        json["members"].push_back({{"rank", member.rank}, {"weight", member.weight}, {"norm", member.norm}});
    }
    return json;
}

Result<Message> read_plan(const Json& json) {
    Plan plan;
    Reader reader(json, "plan");
    reader.read("round", plan.round);
    reader.read("chain_head", plan.chain_head, 64);
    reader.read("ballot", plan.ballot, ballot_most);
    EM_TRY(reader.status());
    const Json* members = reader.find("members");
    if (!members || !members->is_array() || members->empty() || members->size() > sites_most) {
        return fail(Code::corrupted, "plan: 'members' must be a list of 1 to {}", sites_most);
    }
    for (const Json& item : *members) {
        PlanMember member;
        Reader inner(item, "plan.members");
        inner.read("rank", member.rank, sites_most - 1);
        inner.read("weight", member.weight);
        inner.read("norm", member.norm);
        EM_TRY(inner.status());
        if (!(member.weight > 0 && member.weight <= 1)) {
            return fail(Code::corrupted, "plan: a weight must be above 0 and at most 1");
        }
        if (!plan.members.empty() && plan.members.back().rank >= member.rank) {
            return fail(Code::corrupted, "plan: ranks must rise");
        }
        plan.members.push_back(member);
    }
    return plan;
}

Json to_json(const Commit& commit) {
    Json json;
    json["authority"] = commit.authority;
    json["line"] = commit.line;
    return json;
}

Result<Message> read_commit(const Json& json) {
    Commit commit;
    Reader reader(json, "commit");
    reader.read("authority", commit.authority, ballot_most);
    reader.read("line", commit.line, manifest_max_bytes);
    EM_TRY(reader.status());
    return commit;
}

}  // namespace

std::string_view name_of(Role role) {
    return role_names[static_cast<std::size_t>(role)];
}

std::uint16_t type_of(const Message& message) {
    return static_cast<std::uint16_t>(1 + message.index());
}

std::string encode(const Message& message) {
    return std::visit([](const auto& one) { return to_json(one).dump(); }, message);
}

Result<Message> decode_message(std::uint16_t type, std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EM_ASSIGN(const Json json, parse_json(text, 2 * manifest_max_bytes));
    if (!json.is_object()) return fail(Code::corrupted, "a message must be a JSON object");
    if (type == 1) return read_standing(json);
    if (type == 2) return read_plan(json);
    if (type == 3) return read_commit(json);
    return fail(Code::corrupted, "message type {} is not known", type);
}

}  // namespace euromesh::sync

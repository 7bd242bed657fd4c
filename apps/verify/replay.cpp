#include "apps/verify/replay.hpp"

#include <array>

namespace euromesh::verify {
namespace {

constexpr std::string_view where = "entry";
constexpr std::int64_t amount_most = std::int64_t{1} << 60;

// An amount that is left out is 0.
Result<std::int64_t> amount_in(const Json& object, std::string_view name) {
    if (!object.contains(std::string(name))) return 0;
    EM_ASSIGN(const std::int64_t amount, json_integer(object, name, where));
    if (amount < 0 || amount > amount_most) return fail(Code::bad_input, "'{}' is {}", name, amount);
    return amount;
}

Result<const Json*> part_of(const Json& data, const char* name) {
    const auto at = data.is_object() ? data.find(name) : data.end();
    if (at == data.end()) return fail(Code::bad_input, "there is no '{}'", name);
    return &*at;
}

Status check_sum(const std::string& id, const Accounts::Allocation& a) {
    if (a.used <= a.granted && a.held <= a.granted - a.used) return {};
    return fail(Code::bad_input, "allocation '{}': used {} and held {} are more than the {} granted", id,
                a.used, a.held, a.granted);
}

Status grant(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const Json* a, part_of(data, "allocation"));
    EM_ASSIGN(const std::string id, json_string(*a, "id", where));
    EM_ASSIGN(const std::int64_t granted, amount_in(*a, "granted"));
    if (accounts.allocations.emplace(id, Accounts::Allocation{granted}).second) return {};
    return fail(Code::bad_input, "allocation '{}' is granted twice", id);
}

Status claw_back(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const std::string id, json_string(data, "allocation", where));
    EM_ASSIGN(const std::int64_t amount, amount_in(data, "amount"));
    const auto at = accounts.allocations.find(id);
    if (at == accounts.allocations.end())
        return fail(Code::bad_input, "allocation '{}' was never granted", id);
    at->second.granted -= amount;
    return check_sum(id, at->second);
}

Status decide(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const Json* claims, part_of(data, "claims"));
    const bool paid = data.contains("allocation");
    for (const Json& one : *claims) {
        EM_ASSIGN(const std::string id, json_string(one, "claim", where));
        Accounts::Claim claim;
        EM_ASSIGN(claim.site, json_string(one, "site", where));
        EM_ASSIGN(claim.held, amount_in(one, "held"));
        if (paid) {
            EM_ASSIGN(claim.allocation, json_string(data, "allocation", where));
        }
        if (claim.held > 0 && !accounts.allocations.contains(claim.allocation)) {
            return fail(Code::bad_input, "claim '{}' is paid by '{}', which was never granted", id,
                        claim.allocation);
        }
        if (!accounts.open_claims.emplace(id, claim).second) {
            return fail(Code::bad_input, "claim '{}' is decided twice", id);
        }
    }
    return {};
}

Status offer(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const std::string id, json_string(data, "claim", where));
    const auto at = accounts.open_claims.find(id);
    if (at == accounts.open_claims.end() || at->second.offered) {
        return fail(Code::bad_input, "claim '{}' is offered, but is not a decided one", id);
    }
    at->second.offered = true;
    if (at->second.held == 0) return {};
    Accounts::Allocation& a = accounts.allocations[at->second.allocation];
    a.held += at->second.held;
    return check_sum(at->second.allocation, a);
}

Status close(Accounts& accounts, std::map<std::string, Accounts::Claim>::iterator at, std::int64_t charged) {
    const Accounts::Claim claim = at->second;
    if (charged > claim.held || (charged > 0 && !claim.offered)) {
        return fail(Code::bad_input, "claim '{}' costs {}, for which {} was held", at->first, charged,
                    claim.held);
    }
    accounts.open_claims.erase(at);
    if (claim.held == 0 || !claim.offered) return {};
    Accounts::Allocation& a = accounts.allocations[claim.allocation];
    a.held -= claim.held;
    a.used += charged;
    return check_sum(claim.allocation, a);
}

// Ended, refused, lost.
Status end(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const std::string id, json_string(data, "claim", where));
    EM_ASSIGN(const std::int64_t charged, amount_in(data, "charged"));
    const auto at = accounts.open_claims.find(id);
    if (at == accounts.open_claims.end())
        return fail(Code::bad_input, "claim '{}' ends, but is not open", id);
    return close(accounts, at, charged);
}

// What a site gives up ends without a charge: never offered, or also what was offered.
Status give_up(Accounts& accounts, const std::string& site, bool never_offered, bool offered) {
    for (auto at = accounts.open_claims.begin(); at != accounts.open_claims.end();) {
        const auto here = at++;
        if (here->second.site != site || !(here->second.offered ? offered : never_offered)) continue;
        EM_TRY(close(accounts, here, 0));
    }
    return {};
}

Status set_site_state(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const std::string site, json_string(data, "site", where));
    EM_ASSIGN(const std::string state, json_string(data, "state", where));
    return give_up(accounts, site, state != "active", state == "left");
}

// The first journal of a site comes before it was offered anything.
Status open_journal(Accounts& accounts, const Json& data) {
    EM_ASSIGN(const std::string site, json_string(data, "site", where));
    return give_up(accounts, site, false, true);
}

struct Check {
    std::string_view type;
    Status (*run)(Accounts&, const Json&);
};

constexpr std::array<Check, 9> checks = {{{"allocation.granted", grant},
                                          {"allocation.clawed_back", claw_back},
                                          {"job.decided", decide},
                                          {"claim.offered", offer},
                                          {"claim.ended", end},
                                          {"claim.refused", end},
                                          {"claim.lost", end},
                                          {"site.state_set", set_site_state},
                                          {"site.journal_opened", open_journal}}};

}  // namespace

Status Replay::apply(std::string_view type, const Json& data) {
    for (const Check& check : checks)
        if (check.type == type) EM_TRY(check.run(accounts_, data));
    return {};
}

}  // namespace euromesh::verify

// Keys that are replaced or ended: whoever has signed the change may, and nobody else.
#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "federation/core/decide.hpp"

namespace euromesh::federation {
namespace {

KeyChangeRecord record_of(const KeyEvent& event) {
    KeyChangeRecord record{std::string(name_of(event.role)),
                           event.name,
                           to_hex(event.key),
                           event.change == KeyChange::rotated ? to_hex(event.successor) : "",
                           event.by_board ? "board" : "owner",
                           {}};
    for (const KeySignature& one : event.signatures)
        record.signatures.push_back({one.by, to_hex(one.signature)});
    return record;
}

// A key that was ever in force never comes back, so that no old statement can be played again.
bool was_used(const Tables& tables, const std::string& key) {
    const FederationRecord& federation = tables.federation();
    const auto is_board = [&](const auto& holder) { return holder.second == key; };
    const auto is_site = [&](const auto& site) { return site.second.public_key == key; };
    const auto is_old = [&](const KeyChangeRecord& one) { return one.key == key; };
    return federation.coordinator_key == key ||
           std::any_of(federation.governance.keys.begin(), federation.governance.keys.end(), is_board) ||
           std::any_of(tables.sites().begin(), tables.sites().end(), is_site) ||
           std::any_of(federation.key_changes.begin(), federation.key_changes.end(), is_old);
}

Status check_signatures(const Tables& tables, const KeyEvent& event) {
    const Governance& governance = tables.federation().governance;
    const std::string statement = key_statement(tables.federation().name, event);
    std::set<PublicKey> signers;
    for (const KeySignature& one : event.signatures) {
        PublicKey key = event.key;
        const auto holder = governance.keys.find(one.by);
        const bool is_known =
            !event.by_board || (holder != governance.keys.end() && from_hex(holder->second, key).has_value());
        if (!is_known || !is_signed(key, statement, one.signature))
            return fail(Code::refused, "change of key: the signature of '{}' does not hold",
                        one.by.substr(0, 64));
        signers.insert(key);
    }
    const std::int64_t needed = event.by_board ? std::max<std::int64_t>(1, governance.needed) : 1;
    if (static_cast<std::int64_t>(signers.size()) >= needed) return {};
    return fail(Code::refused, "change of key: {} of {} needed signatures", signers.size(), needed);
}

// The board must stay able to change rules, and the federation to sign.
Status check_rest(const Tables& tables, const KeyEvent& event) {
    if (event.change == KeyChange::rotated) return {};
    const Governance& governance = tables.federation().governance;
    const auto left = static_cast<std::int64_t>(governance.keys.size()) - 1;
    if (event.role == KeyRole::coordinator)
        return fail(Code::refused, "change of key: a federation is never without one: rotate it");
    if (event.role == KeyRole::board && left < std::max(governance.needed, governance.needed_emergency))
        return fail(Code::refused, "change of key: too few of the board would be left: rotate it");
    return {};
}

}  // namespace

Answer decide_on(Draft& draft, const ChangeKey& ask) {
    const KeyEvent& event = ask.change;
    const Tables& tables = draft.tables;
    const KeyChangeRecord record = record_of(event);
    const Json answer{{"role", record.role}, {"name", record.name}, {"key", record.successor}};
    const auto& done = tables.federation().key_changes;
    if (std::find(done.begin(), done.end(), record) != done.end()) return answer;
    const std::string* known = tables.key_in_force(record.role, record.name);
    if (known == nullptr || *known != record.key)
        return fail(Code::refused, "change of key: the key that is named is not in force");
    EM_TRY(check_rest(tables, event));
    EM_TRY(check_signatures(tables, event));
    if (event.change == KeyChange::revoked) {
        draft.add(KeyRevoked{record});
        return answer;
    }
    if (was_used(tables, record.successor))
        return fail(Code::conflict, "change of key: its successor was used before: make a new one");
    draft.add(KeyRotated{record});
    return answer;
}

}  // namespace euromesh::federation

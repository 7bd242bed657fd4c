#include "federation/ledger/key_book.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/id.hpp"

namespace euromesh::federation {
namespace {

constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
constexpr std::array<std::string_view, 3> role_names = {"coordinator", "site", "board"};
constexpr std::array<std::string_view, 2> event_types = {"key.rotated", "key.revoked"};
constexpr std::string_view founded = "federation.founded";
constexpr std::string_view admitted = "site.admitted";
constexpr std::string_view where = "key event";
constexpr std::size_t entry_max_bytes = 1u << 20;
constexpr std::size_t signatures_most = 64;

// `where` of json_string: what the entry's object is about.
Result<const Json*> object_in(const Json& object, const char* key) {
    const auto found_at = object.is_object() ? object.find(key) : object.end();
    if (found_at != object.end() && found_at->is_object()) return &*found_at;
    return fail(Code::bad_input, "{}: '{}' must be an object", where, key);
}

template <std::size_t Size>
Status read_bytes(const Json& data, std::string_view key, std::array<std::uint8_t, Size>& bytes) {
    EM_ASSIGN(const std::string text, json_string(data, key, where));
    if (from_hex(text, bytes)) return {};
    return fail(Code::bad_input, "{}: '{}' must be {} bytes in hexadecimal", where, key, Size);
}

Status check_name(KeyRole role, const std::string& name) {
    if (role == KeyRole::coordinator) return check_origin(name);
    if (is_valid_id(name)) return {};
    return fail(Code::bad_input, "{}: '{}' is not the name of a {}", where, name.substr(0, 80),
                name_of(role));
}

std::string described(const KeyEvent& event) {
    return fmt::format("key of {} '{}'", name_of(event.role), event.name.substr(0, 80));
}

Result<KeyRole> role_in(const Json& data) {
    EM_ASSIGN(const std::string text, json_string(data, "role", where));
    const auto found_at = std::ranges::find(role_names, text);
    if (found_at != role_names.end()) return static_cast<KeyRole>(found_at - role_names.begin());
    return fail(Code::bad_input, "{}: 'role' must be coordinator, site or board", where);
}

Status read_signatures(const Json& data, KeyEvent& event) {
    EM_ASSIGN(const std::string by, json_string(data, "signed_by", where));
    event.by_board = by == "board";
    const auto list = data.find("signatures");
    if ((by != "owner" && !event.by_board) || list == data.end() || !list->is_array() ||
        list->size() > signatures_most) {
        return fail(Code::bad_input, "{}: 'signed_by' must be owner or board, 'signatures' at most {}", where,
                    signatures_most);
    }
    for (const Json& one : *list) {
        KeySignature signature;
        EM_ASSIGN(signature.by, json_string(one, "by", where));
        EM_TRY(read_bytes(one, "signature", signature.signature));
        event.signatures.push_back(std::move(signature));
    }
    return {};
}

}  // namespace

std::string_view name_of(KeyRole role) {
    return role_names[static_cast<std::size_t>(role)];
}

std::string_view event_type(KeyChange change) {
    return event_types[static_cast<std::size_t>(change)];
}

std::string key_statement(std::string_view origin, const KeyEvent& event) {
    return fmt::format("euromesh key statement v1\n{}\n{}\n{}\n{}\n{}\n{}\n", origin,
                       event_type(event.change), name_of(event.role), event.name, to_hex(event.key),
                       to_hex(event.successor));
}

void sign_key_event(std::string_view origin, KeyEvent& event, std::string by, const SigningKey& signer) {
    event.signatures.push_back({std::move(by), signer.sign(key_statement(origin, event))});
}

Json to_json(const KeyEvent& event) {
    Json data = {{"role", name_of(event.role)}, {"name", event.name}, {"key", to_hex(event.key)}};
    if (event.change == KeyChange::rotated) data["successor"] = to_hex(event.successor);
    data["signed_by"] = event.by_board ? "board" : "owner";
    data["signatures"] = Json::array();
    for (const KeySignature& one : event.signatures)
        data["signatures"].push_back({{"by", one.by}, {"signature", to_hex(one.signature)}});
    return data;
}

Result<KeyEvent> key_event_from(std::string_view type, const Json& data) {
    KeyEvent event;
    if (type != event_types[0] && type != event_types[1]) {
        return fail(Code::bad_input, "{}: type '{}' must be {} or {}", where, type.substr(0, 80),
                    event_types[0], event_types[1]);
    }
    event.change = type == event_types[0] ? KeyChange::rotated : KeyChange::revoked;
    EM_ASSIGN(event.role, role_in(data));
    EM_ASSIGN(event.name, json_string(data, "name", where));
    EM_TRY(check_name(event.role, event.name));
    EM_TRY(read_bytes(data, "key", event.key));
    if (event.change == KeyChange::rotated) EM_TRY(read_bytes(data, "successor", event.successor));
    EM_TRY(read_signatures(data, event));
    return event;
}

// Before "type" stand numbers only, so that its first occurrence is the entry's own.
std::string_view type_of_entry(std::string_view entry) {
    constexpr std::string_view opening = R"("type":")";
    constexpr std::size_t numbers_most = 80;
    const std::size_t at = entry.substr(0, numbers_most).find(opening);
    if (at == std::string_view::npos) return {};
    entry.remove_prefix(at + opening.size());
    return entry.substr(0, entry.find('"'));
}

const PublicKey* KeyBook::find(KeyRole role, std::string_view name, std::uint64_t size) const {
    const auto found_at = terms_.find({role, std::string(name)});
    if (found_at == terms_.end()) return nullptr;
    for (const Term& term : found_at->second)
        if (term.from <= size && size < term.until) return &term.key;
    return nullptr;
}

const PublicKey* KeyBook::current(KeyRole role, std::string_view name) const {
    return find(role, name, for_ever - 1);
}

Status KeyBook::check_signatures(const KeyEvent& event) const {
    const std::string statement = key_statement(origin_, event);
    std::set<PublicKey> signers;
    for (const KeySignature& one : event.signatures) {
        const PublicKey* key = event.by_board ? current(KeyRole::board, one.by) : &event.key;
        if (key == nullptr || !is_signed(*key, statement, one.signature)) {
            return fail(Code::refused, "{}: the signature of '{}' does not hold", described(event), one.by);
        }
        signers.insert(*key);
    }
    const std::uint64_t needed = event.by_board ? board_needed_ : 1;
    if (signers.size() >= needed) return {};
    return fail(Code::refused, "{}: {} signatures, {} are needed", described(event), signers.size(), needed);
}

Status KeyBook::check(const KeyEvent& event) const {
    EM_TRY(check_name(event.role, event.name));
    if (event.role == KeyRole::coordinator && event.change == KeyChange::revoked) {
        return fail(Code::refused, "{}: a federation is never without one; rotate it", described(event));
    }
    const PublicKey* own = current(event.role, event.name);
    if (own == nullptr || *own != event.key) {
        return fail(Code::not_found, "{}: the one that is named is not in force", described(event));
    }
    if (event.change == KeyChange::rotated && used_.contains(event.successor)) {
        return fail(Code::conflict, "{}: its successor was used before; make a new one", described(event));
    }
    return check_signatures(event);
}

void KeyBook::begin(KeyRole role, const std::string& name, const PublicKey& key, std::uint64_t size) {
    terms_[{role, name}].push_back(Term{key, size, for_ever});
    used_.insert(key);
}

Status KeyBook::found(const Json& data, std::uint64_t size) {
    if (!origin_.empty()) return fail(Code::bad_input, "{}: the federation is founded already", where);
    EM_ASSIGN(const Json* federation, object_in(data, "federation"));
    EM_ASSIGN(const std::string name, json_string(*federation, "name", where));
    EM_TRY(check_origin(name));
    PublicKey coordinator;
    EM_TRY(read_bytes(*federation, "coordinator_key", coordinator));
    EM_ASSIGN(const Json* governance, object_in(*federation, "governance"));
    EM_ASSIGN(const std::int64_t needed, json_integer(*governance, "needed", where));
    EM_ASSIGN(const Json* board, object_in(*governance, "keys"));
    std::map<std::string, PublicKey> holders;
    for (const auto& entry : board->items()) EM_TRY(read_bytes(*board, entry.key(), holders[entry.key()]));
    origin_ = name;
    board_needed_ = static_cast<std::uint64_t>(std::max<std::int64_t>(needed, 1));
    begin(KeyRole::coordinator, name, coordinator, size);
    for (const auto& [holder, key] : holders) begin(KeyRole::board, holder, key, size);
    return {};
}

Status KeyBook::admit(const Json& data, std::uint64_t size) {
    EM_ASSIGN(const Json* site, object_in(data, "site"));
    EM_ASSIGN(const std::string id, json_string(*site, "id", where));
    EM_TRY(check_name(KeyRole::site, id));
    PublicKey key;
    EM_TRY(read_bytes(*site, "public_key", key));
    const PublicKey* own = current(KeyRole::site, id);
    if (own == nullptr) begin(KeyRole::site, id, key, size);
    if (own == nullptr || *own == key) return {};
    return fail(Code::bad_input, "{}: site '{}' has another key in force", where, id);
}

Status KeyBook::change(std::string_view type, const Json& data, std::uint64_t size) {
    EM_ASSIGN(const KeyEvent event, key_event_from(type, data));
    EM_TRY(check(event));
    terms_[{event.role, event.name}].back().until = size;
    if (event.change == KeyChange::rotated) begin(event.role, event.name, event.successor, size);
    return {};
}

Status KeyBook::apply(std::string_view entry, std::uint64_t index) {
    const std::string_view type = type_of_entry(entry);
    const bool is_change = std::ranges::find(event_types, type) != event_types.end();
    if (!is_change && type != founded && type != admitted) return {};
    const auto read = [&]() -> Status {
        EM_ASSIGN(const Json json, parse_json(entry, entry_max_bytes));
        EM_ASSIGN(const Json* data, object_in(json, "data"));
        if (type == founded) return found(*data, index + 1);
        if (type == admitted) return admit(*data, index + 1);
        return change(type, *data, index + 1);
    };
    const Status status = read();
    if (status) return {};
    return fail(Code::corrupted, "entry {} ({}): {}", index, type, status.error().message);
}

Status check_head(const SignedHead& head, const KeyBook& keys, const HeadPolicy& policy) {
    const TreeHead& says = head.head;
    if (says.origin != keys.origin()) {
        return fail(Code::refused, "head of '{}': this is the ledger of '{}'", says.origin, keys.origin());
    }
    const PublicKey* coordinator = keys.find(KeyRole::coordinator, says.origin, says.size);
    if (coordinator == nullptr || !is_signed_by(head, *coordinator)) {
        return fail(Code::refused, "head of {} entries: it is not signed by the coordinator's key of then",
                    says.size);
    }
    std::set<PublicKey> counted;
    for (const Countersignature& one : head.countersignatures) {
        const PublicKey* key = keys.find(KeyRole::site, one.site, says.size);
        if (key == nullptr || !is_countersigned_by(says, one, *key)) {
            return fail(Code::refused, "head of {} entries: the countersignature of '{}' does not hold",
                        says.size, one.site);
        }
        if (policy.sites.empty() || policy.sites.contains(one.site)) counted.insert(*key);
    }
    if (counted.size() >= policy.needed) return {};
    return fail(Code::refused, "head of {} entries: {} countersignatures that count, {} are needed",
                says.size, counted.size(), policy.needed);
}

}  // namespace euromesh::federation

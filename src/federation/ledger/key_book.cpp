#include "federation/ledger/key_book.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/base64.hpp"
#include "base/id.hpp"

namespace euromesh::federation {
namespace {

constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
constexpr std::array<std::string_view, 3> role_names = {"coordinator", "site", "board"};
constexpr std::array<std::string_view, 3> event_types = {"key.introduced", "key.rotated", "key.revoked"};
constexpr std::array<std::string_view, 3> change_words = {"introduced", "rotated", "revoked"};
constexpr std::string_view where = "key event";

template <class Choice>
Result<Choice> choice_of(const std::array<std::string_view, 3>& names, std::string_view name,
                         std::string_view what) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<Choice>(found - names.begin());
    return fail(Code::bad_input, "{}: {} is '{}', use {}, {} or {}", where, what, name.substr(0, 80),
                names[0], names[1], names[2]);
}

template <std::size_t Size>
Result<std::array<std::uint8_t, Size>> bytes_in(const Json& data, std::string_view key) {
    EM_ASSIGN(const std::string text, json_string(data, key, where));
    std::array<std::uint8_t, Size> bytes;
    if (const Status status = from_base64(text, bytes); !status) {
        return fail(status.error().within(fmt::format("{}: '{}'", where, key)));
    }
    return bytes;
}

Status check_name(KeyRole role, const std::string& name) {
    if (role == KeyRole::coordinator) return check_origin(name);
    if (is_valid_id(name)) return {};
    return fail(Code::bad_input, "{}: '{}' is not the name of a {}", where, name.substr(0, 80),
                name_of(role));
}

std::string described(const KeyEvent& event) {
    return fmt::format("key of {} '{}'", name_of(event.role), event.name);
}

}  // namespace

std::string_view name_of(KeyRole role) {
    return role_names[static_cast<std::size_t>(role)];
}

std::string_view event_type(KeyChange change) {
    return event_types[static_cast<std::size_t>(change)];
}

bool is_key_event(std::string_view type) {
    return std::ranges::find(event_types, type) != event_types.end();
}

std::string key_statement(std::string_view origin, const KeyEvent& event) {
    return fmt::format("euromesh key statement v1\n{}\n{}\n{}\n{}\n{}\n{}\n", origin,
                       change_words[static_cast<std::size_t>(event.change)], name_of(event.role), event.name,
                       to_base64(event.key), event.replaces ? to_base64(*event.replaces) : "-");
}

KeyEvent sign_key_event(std::string_view origin, KeyEvent event, const SigningKey& signer) {
    event.signer = signer.public_key();
    event.signature = signer.sign(key_statement(origin, event));
    return event;
}

Json to_json(const KeyEvent& event) {
    Json data = {{"role", name_of(event.role)}, {"name", event.name}, {"key", to_base64(event.key)}};
    if (event.replaces) data["replaces"] = to_base64(*event.replaces);
    data["signer"] = to_base64(event.signer);
    data["signature"] = to_base64(event.signature);
    return data;
}

Result<KeyEvent> key_event_from(std::string_view type, const Json& data) {
    KeyEvent event;
    EM_ASSIGN(event.change, choice_of<KeyChange>(event_types, type, "type"));
    EM_ASSIGN(const std::string role, json_string(data, "role", where));
    EM_ASSIGN(event.role, choice_of<KeyRole>(role_names, role, "role"));
    EM_ASSIGN(event.name, json_string(data, "name", where));
    EM_TRY(check_name(event.role, event.name));
    EM_ASSIGN(event.key, bytes_in<32>(data, "key"));
    if (event.change == KeyChange::rotated) {
        EM_ASSIGN(event.replaces, bytes_in<32>(data, "replaces"));
    }
    EM_ASSIGN(event.signer, bytes_in<32>(data, "signer"));
    EM_ASSIGN(event.signature, bytes_in<64>(data, "signature"));
    return event;
}

const PublicKey* KeyBook::find(KeyRole role, std::string_view name, std::uint64_t size) const {
    const auto found = terms_.find({role, std::string(name)});
    if (found == terms_.end()) return nullptr;
    for (const Term& term : found->second)
        if (term.from <= size && size < term.until) return &term.key;
    return nullptr;
}

const PublicKey* KeyBook::current(KeyRole role, std::string_view name) const {
    return find(role, name, for_ever - 1);
}

KeyBook::Term* KeyBook::term_in_force(KeyRole role, const std::string& name) {
    const auto found = terms_.find({role, name});
    if (found == terms_.end() || found->second.back().until != for_ever) return nullptr;
    return &found->second.back();
}

bool KeyBook::is_board_key(const PublicKey& key) const {
    return std::ranges::any_of(terms_, [&](const auto& entry) {
        const Term& last = entry.second.back();
        return entry.first.first == KeyRole::board && last.until == for_ever && last.key == key;
    });
}

bool KeyBook::has_board() const {
    return std::ranges::any_of(terms_, [](const auto& entry) { return entry.first.first == KeyRole::board; });
}

bool KeyBook::may_sign(const KeyEvent& event, const PublicKey* own) const {
    if (event.change != KeyChange::introduced) return event.signer == *own || is_board_key(event.signer);
    const bool by_board = event.role == KeyRole::board && has_board();
    return by_board ? is_board_key(event.signer) : event.signer == event.key;
}

// `own` is the key that the name has in force, if any.
Status KeyBook::check_change(const KeyEvent& event, const PublicKey* own) const {
    if (event.change == KeyChange::introduced) {
        if (own != nullptr) return fail(Code::conflict, "{}: it has one; rotate it", described(event));
    } else if (own == nullptr || *own != event.replaces.value_or(event.key)) {
        return fail(Code::not_found, "{}: the one that is named is not in force", described(event));
    }
    if (event.change != KeyChange::revoked && used_.contains(event.key)) {
        return fail(Code::conflict, "{}: it was used before; make a new one", described(event));
    }
    return {};
}

Status KeyBook::check(const KeyEvent& event) const {
    EM_TRY(check_name(event.role, event.name));
    if (event.role == KeyRole::coordinator && event.name != origin_) {
        return fail(Code::refused, "{}: the coordinator is named as the federation, '{}'", described(event),
                    origin_);
    }
    if (event.role == KeyRole::coordinator && event.change == KeyChange::revoked) {
        return fail(Code::refused, "{}: a federation is never without one; rotate it", described(event));
    }
    if (event.replaces.has_value() != (event.change == KeyChange::rotated)) {
        return fail(Code::bad_input, "{}: a rotation, and nothing else, names the key it replaces",
                    described(event));
    }
    const PublicKey* own = current(event.role, event.name);
    EM_TRY(check_change(event, own));
    if (!may_sign(event, own))
        return fail(Code::refused, "{}: its signer may not decide this", described(event));
    if (!is_signed(event.signer, key_statement(origin_, event), event.signature)) {
        return fail(Code::refused, "{}: the signature of its statement does not hold", described(event));
    }
    return {};
}

Status KeyBook::apply(const KeyEvent& event, std::uint64_t index) {
    EM_TRY(check(event));
    const std::uint64_t size = index + 1;
    if (Term* term = term_in_force(event.role, event.name)) term->until = size;
    if (event.change == KeyChange::revoked) return {};
    terms_[{event.role, event.name}].push_back(Term{event.key, size, for_ever});
    used_.insert(event.key);
    return {};
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
    std::uint32_t counted = 0;
    for (const Countersignature& one : head.countersignatures) {
        const PublicKey* key = keys.find(KeyRole::site, one.site, says.size);
        if (key == nullptr || !is_countersigned_by(says, one, *key)) {
            return fail(Code::refused, "head of {} entries: the countersignature of '{}' does not hold",
                        says.size, one.site);
        }
        if (policy.sites.empty() || policy.sites.contains(one.site)) ++counted;
    }
    if (counted >= policy.needed) return {};
    return fail(Code::refused, "head of {} entries: {} countersignatures that count, {} are needed",
                says.size, counted, policy.needed);
}

}  // namespace euromesh::federation

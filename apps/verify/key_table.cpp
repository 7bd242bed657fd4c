#include "apps/verify/key_table.hpp"

#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

constexpr std::string_view where = "entry";
constexpr std::size_t signatures_most = 64;

Result<const Json*> object_in(const Json& object, const char* name) {
    const auto at = object.is_object() ? object.find(name) : object.end();
    if (at == object.end() || !at->is_object()) return fail(Code::bad_input, "'{}' is not an object", name);
    return &*at;
}

template <std::size_t Size>
Status read_bytes(const Json& object, std::string_view name, std::array<unsigned char, Size>& out) {
    EM_ASSIGN(const std::string text, json_string(object, name, where));
    if (read_hex(text, out)) return {};
    return fail(Code::bad_input, "'{}' is not {} bytes in hexadecimal", name, Size);
}

}  // namespace

const Key* KeyTable::coordinator() const {
    const auto role = roles_.find("coordinator");
    return role == roles_.end() ? nullptr : &role->second.begin()->second;
}

const Key* KeyTable::site(const std::string& name) const {
    const auto role = roles_.find("site");
    if (role == roles_.end()) return nullptr;
    const auto at = role->second.find(name);
    return at == role->second.end() ? nullptr : &at->second;
}

Status KeyTable::apply(std::string_view type, const Json& data) {
    if (type == "federation.founded") return found(data);
    if (type == "site.admitted") return admit(data);
    if (type == "key.rotated" || type == "key.revoked") return change(type, data);
    return {};
}

Status KeyTable::found(const Json& data) {
    if (!origin_.empty()) return fail(Code::bad_input, "the federation was founded before");
    EM_ASSIGN(const Json* federation, object_in(data, "federation"));
    EM_ASSIGN(const Json* governance, object_in(*federation, "governance"));
    EM_ASSIGN(const Json* board, object_in(*governance, "keys"));
    EM_ASSIGN(board_needed_, json_integer(*governance, "needed", where));
    if (board_needed_ < 1) board_needed_ = 1;
    EM_ASSIGN(origin_, json_string(*federation, "name", where));
    Key& key = roles_["coordinator"][origin_];
    EM_TRY(read_bytes(*federation, "coordinator_key", key));
    used_.insert(key);
    for (const auto& holder : board->items()) {
        EM_TRY(read_bytes(*board, holder.key(), roles_["board"][holder.key()]));
        used_.insert(roles_["board"][holder.key()]);
    }
    return {};
}

Status KeyTable::admit(const Json& data) {
    EM_ASSIGN(const Json* site, object_in(data, "site"));
    EM_ASSIGN(const std::string id, json_string(*site, "id", where));
    if (!is_name(id)) return fail(Code::bad_input, "'id' is not a site's name");
    Key key;
    EM_TRY(read_bytes(*site, "public_key", key));
    const auto [at, is_new] = roles_["site"].emplace(id, key);
    used_.insert(key);
    if (is_new || at->second == key) return {};
    return fail(Code::bad_input, "site '{}' has another key in force", id);
}

// Of the owner, or of as many holders of board keys as are needed.
Status KeyTable::check_signatures(const Json& data, const Key& owner, const std::string& statement) const {
    EM_ASSIGN(const std::string by, json_string(data, "signed_by", where));
    const auto list = data.find("signatures");
    if ((by != "owner" && by != "board") || list == data.end() || !list->is_array() ||
        list->size() > signatures_most) {
        return fail(Code::bad_input, "'signed_by' or 'signatures' of a key change are not as they must be");
    }
    std::set<Key> signers;
    for (const Json& one : *list) {
        EM_ASSIGN(const std::string name, json_string(one, "by", where));
        SignatureBytes signature;
        EM_TRY(read_bytes(one, "signature", signature));
        const auto board = roles_.find("board");
        const bool is_holder = board != roles_.end() && board->second.contains(name);
        if (by == "board" && !is_holder) return fail(Code::bad_input, "'{}' holds no board key", name);
        const Key& key = by == "board" ? board->second.at(name) : owner;
        if (!signature_holds(key, statement, signature)) {
            return fail(Code::bad_input, "the signature of '{}' under a key change does not hold", name);
        }
        signers.insert(key);
    }
    const std::int64_t needed = by == "board" ? board_needed_ : 1;
    if (static_cast<std::int64_t>(signers.size()) >= needed) return {};
    return fail(Code::bad_input, "a key change has {} signatures, {} are needed", signers.size(), needed);
}

Status KeyTable::change(std::string_view type, const Json& data) {
    EM_ASSIGN(const std::string role, json_string(data, "role", where));
    EM_ASSIGN(const std::string name, json_string(data, "name", where));
    Key key;
    Key successor{};
    EM_TRY(read_bytes(data, "key", key));
    const bool rotated = type == "key.rotated";
    if (rotated) EM_TRY(read_bytes(data, "successor", successor));
    const auto keys = roles_.find(role);
    const bool in_force = keys != roles_.end() && keys->second.contains(name) && keys->second.at(name) == key;
    if (!in_force)
        return fail(Code::bad_input, "the key of {} '{}' that is changed is not in force", role, name);
    if (!rotated && role == "coordinator") return fail(Code::bad_input, "the coordinator's key is revoked");
    if (rotated && used_.contains(successor))
        return fail(Code::bad_input, "a key that was used before comes back");
    EM_TRY(check_signatures(data, key,
                            fmt::format("euromesh key statement v1\n{}\n{}\n{}\n{}\n{}\n{}\n", origin_, type,
                                        role, name, hex_of(key), hex_of(successor))));
    keys->second.erase(name);
    if (rotated) keys->second[name] = successor, used_.insert(successor);
    return {};
}

Result<KnownKeys> read_known_keys(std::string_view text) {
    constexpr std::size_t most_lines = 10000;
    KnownKeys known;
    std::size_t number = 0;
    for (const std::string_view line : split(text, '\n', most_lines)) {
        ++number;
        if (line.empty() || line[0] == '#') continue;
        const auto parts = split(line, '+', 3);
        std::array<unsigned char, 33> bytes;
        Hint hint;
        const bool read = parts.size() == 3 && read_hex(parts[1], hint) && read_base64(parts[2], bytes);
        Key key;
        std::copy_n(bytes.begin() + 1, key.size(), key.begin());
        if (!read || (bytes[0] != 1 && bytes[0] != 4) || hint_of(parts[0], bytes[0], key) != hint) {
            return fail(Code::bad_input,
                        "keys, line {}: name+hint+key of a coordinator or a site is expected", number);
        }
        if (bytes[0] == 1) known.coordinators.insert(key);
        if (bytes[0] == 4) known.sites[std::string(parts[0])].insert(key);
    }
    return known;
}

}  // namespace euromesh::verify

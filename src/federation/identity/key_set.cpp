#include "federation/identity/key_set.hpp"

#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {

Result<KeySet> KeySet::parse(std::string_view text) {
    EM_ASSIGN(const Json document, parse_strict_object(text, key_set_max_bytes, "key set"));
    const auto list = document.find("keys");
    if (list == document.end() || !list->is_array()) {
        return fail(Code::bad_input, "key set: 'keys' must be a list");
    }
    if (list->size() > key_set_max_keys) {
        return fail(Code::bad_input, "key set: {} keys are over the limit of {}", list->size(),
                    key_set_max_keys);
    }
    KeySet set;
    for (const Json& one : *list) {
        if (one.is_object() && one.contains("d"))
            return fail(Code::bad_input, "key set: it has a private key");
        auto key = TokenPublicKey::from_jwk(one);
        if (!key || key->id().empty()) continue;
        if (set.find(key->id()) != nullptr) return fail(Code::bad_input, "key set: an id stands twice");
        set.keys_.push_back(std::move(*key));
    }
    if (set.keys_.empty()) {
        return fail(Code::bad_input, "key set: no key with an id for RS256 or ES256 among its {}",
                    list->size());
    }
    return set;
}

const TokenPublicKey* KeySet::find(std::string_view id) const {
    for (const TokenPublicKey& key : keys_) {
        if (key.id() == id) return &key;
    }
    return nullptr;
}

Json KeySet::document() const {
    Json list = Json::array();
    for (const TokenPublicKey& key : keys_) list.push_back(key.jwk());
    return {{"keys", std::move(list)}};
}

}  // namespace euromesh::federation

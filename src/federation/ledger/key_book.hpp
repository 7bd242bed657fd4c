// Whose key is valid when: the keys of coordinator, sites and board, as the ledger's own entries name them.
//
// Why: a signature is worth what is known of its key, and that must not depend on a file somebody keeps. Keys
// are introduced, rotated and revoked by entries of the ledger; a head of n entries is checked with the keys
// that its first n entries leave in force. Each change is itself signed (key_statement):
//   introduced  by the new key (its owner holds it); a second board key also needs a board key to sign, in
//   place
//               of its own
//   rotated     by the key that is replaced, or by a board key (the old one is lost)
//   revoked     by that key itself, or by a board key
// There is one coordinator, named as the origin, whose key is rotated but never revoked. A name has at most
// one key in force, and a key that was ever in the book never comes back, so that no old statement can be
// played again. A thief of the coordinator's key can still admit keys of sites that he invents: readers name
// the sites that they count (HeadPolicy).
//
// Deterministic tables: apply() in the order of the ledger. Not thread-safe. It reads no clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/signature.hpp"
#include "federation/ledger/tree_head.hpp"

namespace euromesh::federation {

enum class KeyRole { coordinator, site, board };
enum class KeyChange { introduced, rotated, revoked };

std::string_view name_of(KeyRole role);

// Event types of the ledger: "key.introduced", "key.rotated", "key.revoked"; its "data" is to_json().
std::string_view event_type(KeyChange change);
bool is_key_event(std::string_view type);

struct KeyEvent {
    KeyChange change = KeyChange::introduced;
    KeyRole role = KeyRole::site;
    std::string name;                     // the origin for the coordinator, else an id
    PublicKey key{};                      // the new one; the revoked one
    std::optional<PublicKey> replaces{};  // rotated only
    PublicKey signer{};
    Signature signature{};
    bool operator==(const KeyEvent&) const = default;
};

// What is signed: seven lines that start with "euromesh key statement v1" and name the federation.
std::string key_statement(std::string_view origin, const KeyEvent& event);
// Fills in signer and signature.
KeyEvent sign_key_event(std::string_view origin, KeyEvent event, const SigningKey& signer);

// {"role","name","key","replaces"?,"signer","signature"}: keys and signature in base64.
Json to_json(const KeyEvent& event);
// bad_input: names what is missing or wrong.
Result<KeyEvent> key_event_from(std::string_view type, const Json& data);

class KeyBook {
  public:
    explicit KeyBook(std::string origin) : origin_(std::move(origin)) {}

    // Whether apply() would take it. conflict: the name has a key, or the key was there before; not_found:
    // there is no such key in force; refused: the signature does not hold or its key may not decide this.
    Status check(const KeyEvent& event) const;
    // As entry `index` of the ledger; indexes increase.
    Status apply(const KeyEvent& event, std::uint64_t index);

    const std::string& origin() const { return origin_; }
    // In force in a ledger of that many entries; nullptr when there is none.
    const PublicKey* find(KeyRole role, std::string_view name, std::uint64_t size) const;
    const PublicKey* current(KeyRole role, std::string_view name) const;

  private:
    struct Term {
        PublicKey key;
        std::uint64_t from;   // the first size of a ledger in which it is in force
        std::uint64_t until;  // the first one in which it no longer is
    };
    Term* term_in_force(KeyRole role, const std::string& name);
    bool is_board_key(const PublicKey& key) const;
    bool has_board() const;
    Status check_change(const KeyEvent& event, const PublicKey* own) const;
    bool may_sign(const KeyEvent& event, const PublicKey* own) const;

    std::string origin_;
    std::map<std::pair<KeyRole, std::string>, std::vector<Term>> terms_;
    std::set<PublicKey> used_;
};

// Which countersignatures make a head one that is relied upon.
struct HeadPolicy {
    std::uint32_t needed = 0;
    std::set<std::string> sites{};  // that count; empty: every site of the book
};

// refused: origin, the coordinator's signature, a countersignature that does not hold, or too few of them.
Status check_head(const SignedHead& head, const KeyBook& keys, const HeadPolicy& policy);

}  // namespace euromesh::federation

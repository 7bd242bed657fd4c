// Whose key is valid when: the keys of coordinator, sites and board, as the ledger's own entries name them.
//
// Why: a signature is worth what is known of its key, and that must not depend on a file somebody keeps. Keys
// are named, replaced and ended by entries of the ledger; a head of n entries is checked with the keys that
// its first n entries leave in force. Entries that matter:
//   federation.founded  data.federation: name (the origin), coordinator_key, governance.keys,
//   governance.needed site.admitted       data.site: id, public_key key.rotated         data:
//   to_json(KeyEvent); signed by the key that is replaced, or, when it is lost, by
//                       `needed` keys of the board
//   key.revoked         the same; the key ends without another one
// A name has at most one key in force. A key that was ever in the book is never rotated to, so that no old
// statement can be played again. The coordinator's key is rotated but never revoked. A thief of the
// coordinator's key can still admit sites that he invents: readers name the sites that they count
// (HeadPolicy).
//
// Deterministic table: entries in the order of the ledger. Not thread-safe. It reads no clock.
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
enum class KeyChange { rotated, revoked };

std::string_view name_of(KeyRole role);
// "key.rotated" or "key.revoked".
std::string_view event_type(KeyChange change);

struct KeySignature {
    std::string by;  // a holder of a board key; the name itself for the owner
    Signature signature{};
    bool operator==(const KeySignature&) const = default;
};

struct KeyEvent {
    KeyChange change = KeyChange::rotated;
    KeyRole role = KeyRole::site;
    std::string name;       // the origin for the coordinator, else an id
    PublicKey key{};        // the one in force
    PublicKey successor{};  // rotated only; zero otherwise
    bool by_board = false;  // the owner signs, or the board
    std::vector<KeySignature> signatures{};
    bool operator==(const KeyEvent&) const = default;
};

// What is signed: lines that start with "euromesh key statement v1" and name the federation.
std::string key_statement(std::string_view origin, const KeyEvent& event);
// Adds the signature of `by`.
void sign_key_event(std::string_view origin, KeyEvent& event, std::string by, const SigningKey& signer);

// {"role","name","key","successor"?,"signed_by":"owner"|"board","signatures":[{"by","signature"}]}, keys and
// signatures in hexadecimal.
Json to_json(const KeyEvent& event);
// bad_input: names what is missing or wrong.
Result<KeyEvent> key_event_from(std::string_view type, const Json& data);

// The "type" of an entry whose keys stand in the order v, seq, time, type; empty when they do not.
std::string_view type_of_entry(std::string_view entry);

class KeyBook {
  public:
    // Whether a change would be taken. bad_input: names and fields; not_found: no such key in force;
    // conflict: the successor was used before; refused: too few or wrong signatures.
    Status check(const KeyEvent& event) const;

    // The entry `index` of the ledger, as its bytes; those of other types are passed over. Indexes increase.
    // corrupted: it is not what the core writes, or check() would refuse it; the book is as before.
    Status apply(std::string_view entry, std::uint64_t index);

    // Empty before the founding.
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
    Status found(const Json& data, std::uint64_t size);
    Status admit(const Json& data, std::uint64_t size);
    Status change(std::string_view type, const Json& data, std::uint64_t size);
    void begin(KeyRole role, const std::string& name, const PublicKey& key, std::uint64_t size);
    Status check_signatures(const KeyEvent& event) const;

    std::string origin_;
    std::uint64_t board_needed_ = 1;
    std::map<std::pair<KeyRole, std::string>, std::vector<Term>> terms_;
    std::set<PublicKey> used_;
};

// Which countersignatures make a head one that is relied upon.
struct HeadPolicy {
    std::uint32_t needed = 0;
    std::set<std::string> sites{};  // that count; empty: every site of the book
};

// A key that two sites share counts once. refused: origin, the coordinator's signature, a countersignature
// that does not hold, or too few of them.
Status check_head(const SignedHead& head, const KeyBook& keys, const HeadPolicy& policy);

}  // namespace euromesh::federation

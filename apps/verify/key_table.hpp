// Whose key is in force, replayed from the ledger's own entries, and the keys that the person at the desk
// knows.
//
// federation.founded, site.admitted, key.rotated and key.revoked as docs/ledger.md describes them. Every
// change is checked with the keys in force before it. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apps/verify/note.hpp"
#include "base/json.hpp"

namespace euromesh::verify {

class KeyTable {
  public:
    // bad_input: what is wrong with the entry. Entries of other types change nothing.
    Status apply(std::string_view type, const Json& data);

    const std::string& origin() const { return origin_; }
    const Key* coordinator() const;
    const Key* site(const std::string& name) const;

  private:
    using Keys = std::map<std::string, Key>;
    Status found(const Json& data);
    Status admit(const Json& data);
    Status change(std::string_view type, const Json& data);
    Status check_signatures(const Json& data, const Key& owner, const std::string& statement) const;

    std::string origin_;
    std::int64_t board_needed_ = 1;
    std::map<std::string, Keys> roles_;  // "coordinator", "site", "board"
    std::set<Key> used_;
};

// Keys that are known from elsewhere: lines of name+HINT+BASE64 (C2SP "vkey"), kind 1 for a coordinator and 4
// for a site; empty lines and lines that begin with # say nothing.
struct KnownKeys {
    std::set<Key> coordinators;
    std::map<std::string, std::set<Key>> sites;
};
// bad_input: names the line.
Result<KnownKeys> read_known_keys(std::string_view text);

}  // namespace euromesh::verify

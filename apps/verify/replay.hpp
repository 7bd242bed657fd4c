// What the entries of a ledger say, followed from the first on: things that hashes and signatures do not
// show.
//
// A list of checks, each a function over the events of one type (replay.cpp); a new check is one more line
// there. Today the accounting: every claim is decided once and ends once, costs no more than was held for it,
// and used plus held never exceeds what was granted. Amounts are counted as held from the moment a claim is
// offered to its site: before that the coordinator may take it back without an entry of its own. Memory grows
// with what is open, not with age. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace euromesh::verify {

struct Accounts {
    struct Allocation {
        std::int64_t granted = 0;
        std::int64_t used = 0;
        std::int64_t held = 0;
    };
    struct Claim {
        std::string allocation;
        std::string site;
        std::int64_t held = 0;
        bool offered = false;
    };
    std::map<std::string, Allocation> allocations;
    std::map<std::string, Claim> open_claims;
};

class Replay {
  public:
    // bad_input: what the entry does that must not be.
    Status apply(std::string_view type, const Json& data);

  private:
    Accounts accounts_;
};

}  // namespace euromesh::verify

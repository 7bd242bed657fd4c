// What a new federation starts with: its keys, tiers from the facts, the shipped rules, one board key.
//
// Pure but for the facts that travel inside the program. No thread rule.
#pragma once

#include <string>
#include <vector>

#include "base/signature.hpp"
#include "federation/core/records.hpp"

namespace euromesh::federation {

struct Founding {
    std::string name;  // the ledger's origin: "federation.example"
    PublicKey coordinator{};
    PublicKey board{};  // changes rules and declares emergencies, until governance changes
    std::vector<std::string> administrators;  // accounts: ISSUER|SUBJECT
};

// bad_input: the name, or no administrator.
Result<FederationRecord> new_federation(const Founding& founding);

}  // namespace euromesh::federation

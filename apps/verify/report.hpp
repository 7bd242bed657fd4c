// What the verifier found, for people and for programs. Pure.
#pragma once

#include <string>

#include "apps/verify/compare.hpp"
#include "apps/verify/verify.hpp"

namespace euromesh::verify {

struct Asked {
    std::uint64_t needs = 0;
    bool known_keys = false;
    std::size_t trusted = 0;
};

std::string as_text(const Findings& findings, const Asked& asked);
std::string as_text(const Comparison& found);
// {"format":"euromesh-verify-against/1","verdict":"same"|"parts",...}
std::string as_json(const Comparison& found);
// {"format":"euromesh-verify/1","verdict":"holds"|"differs",...}; docs/ledger.md lists the fields.
std::string as_json(const Findings& findings, const Asked& asked);

}  // namespace euromesh::verify

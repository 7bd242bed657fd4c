// Signed heads as the store keeps them: one document, whatever the sites have added to them.
//
// A head may carry 200 countersignatures, 40 KiB; 64 such heads are more than a document of the store may
// have. So the newest that fit are kept: the newest one vouches for all before it. Pure; any thread.
#pragma once

#include <deque>
#include <string>

#include "federation/ledger/tree_head.hpp"

namespace euromesh::federation {

// A JSON list of at most most_bytes, the newest head last; at least the newest one.
std::string kept_heads_text(const std::deque<SignedHead>& heads, std::size_t most_bytes);
// corrupted, bad_input: it is not such a list.
Result<std::deque<SignedHead>> read_kept_heads(const std::string& text, std::size_t most_bytes);

}  // namespace euromesh::federation

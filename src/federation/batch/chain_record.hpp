// The file of one chain: what is written down of a claim before anything is done for it (chain.hpp).
//
// One JSON object with a version; whoever reads it may be a later life, or a later program. Plain functions:
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "federation/batch/chain.hpp"

namespace euromesh::federation {

inline constexpr std::size_t chain_record_most_bytes = 6u << 20;

std::string encode(const ChainRecord& record);
// corrupted: not what encode() writes; refused: by a newer program. `where` names the file.
Result<ChainRecord> decode_chain(std::string_view text, const std::string& where);

}  // namespace euromesh::federation

// Checks an exported ledger, and says where it stops being what it claims to be.
//
// Why: whoever doubts the coordinator must not need it, nor its code. What is checked, in one pass and
// constant memory: the form of the file; every entry's hash; that entries are canonical JSON with consecutive
// "seq"; keys as the entries name them; of every head the root, the coordinator's signature and each
// countersignature, and that size and time grow; that the last head covers every entry and has enough
// countersignatures (heads before it may be too young to have them: the last one vouches for all); what the
// entries say (replay.hpp).
//
// What it cannot know: a coordinator that holds its own key and all the sites' keys could have written
// another history from the start. `known` keys, and `trusted` heads that somebody kept, are the answer to
// that. Entries that were cut off behind an earlier head are missed by a trusted head only.
//
// Pure apart from its source. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/verify/export_reader.hpp"
#include "apps/verify/key_table.hpp"
#include "apps/verify/note.hpp"

namespace euromesh::verify {

struct Question {
    Source source;
    std::uint64_t needs = 0;           // sites that must have countersigned the last head
    std::optional<KnownKeys> known{};  // the last head must be signed by these, as must the sites that count
    std::vector<Note> trusted{};       // heads that are taken at their word
};

struct Difference {
    Place place;
    std::string what;  // what differs, and what would be right
};

struct Findings {
    std::optional<Difference> first{};  // none: the export holds
    std::string origin{};
    std::uint64_t entries = 0;  // read, as far as it got
    std::uint64_t heads = 0;
    std::uint64_t bytes = 0;
    std::uint64_t trusted_met = 0;    // trusted heads that the export agrees with
    std::optional<Note> last_head{};  // that held
};

// Fails only when the source does.
Result<Findings> verify(Question question);

}  // namespace euromesh::verify

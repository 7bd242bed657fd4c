// Two exports of one ledger side by side: the first entry in which they part.
//
// Why: whoever rewrites an entry together with its hash is found by the next head only, and which of the
// entries since the head before it was, nothing in one file can tell. A second copy, of a site or from
// earlier, tells it. Entries are compared byte by byte; heads are each export's own matter (verify.hpp).
// Constant memory. One thread.
#pragma once

#include <optional>
#include <string>

#include "apps/verify/export_reader.hpp"

namespace euromesh::verify {

struct Parting {
    Place place;    // in the first
    Place against;  // in the second
    std::string what;
};

struct Comparison {
    std::optional<Parting> first{};  // none: one is the beginning of the other
    std::uint64_t same = 0;          // entries
    bool is_longer = false;          // the first has more
    bool against_is_longer = false;
};

// corrupted: which of the two cannot be read, and where. Fails else only when a source does.
Result<Comparison> compare(Source source, Source against);

}  // namespace euromesh::verify

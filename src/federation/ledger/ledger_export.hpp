// A ledger in one file, for whoever wants to check it without us.
//
//     euromesh-ledger/1 ORIGIN
//     entry INDEX BYTES HASH        HASH: leaf hash of the entry, hexadecimal
//     ...the entry's bytes...
//     head SIZE BYTES               directly after the entry SIZE - 1
//     ...the signed head, four lines and signatures...
//     (empty line)
//     end ENTRIES HEADS
//
// Lengths make entries opaque; the hash of each entry lets a reader say which one was changed by accident,
// where heads alone would only say "one before here". Nothing in the file is trusted but the signatures: the
// verifier (apps/verify, which shares no code with this) computes everything anew. Every entry stands before
// a head.
//
// Streaming, bounded memory: one entry or head at a time. Not thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "federation/ledger/tree_head.hpp"

namespace euromesh::federation {

inline constexpr std::size_t ledger_entry_max_bytes = 1u << 20;

// Takes pieces of the file in order.
using ExportSink = std::function<Status(std::string_view)>;
// Fills the buffer from its beginning; 0 at the end.
using ExportSource = std::function<Result<std::size_t>(std::span<char>)>;

// How many of the heads, from the oldest on, to export so that the last one has so many countersignatures:
// what comes after it is too young to be relied upon. 0: none has.
std::size_t heads_up_to_countersigned(std::span<const SignedHead> heads, std::uint64_t needed);

class LedgerExporter {
  public:
    LedgerExporter(std::string origin, ExportSink sink)
        : origin_(std::move(origin)), sink_(std::move(sink)) {}

    // bad_input: over ledger_entry_max_bytes; else what the sink says.
    Status entry(std::string_view bytes);
    // conflict: of another federation, or not of exactly the entries so far.
    Status head(const SignedHead& head);
    // conflict: the last entry stands before no head.
    Status end();

  private:
    Status begin();
    std::string origin_;
    ExportSink sink_;
    bool begun_ = false;
    std::uint64_t entries_ = 0;
    std::uint64_t heads_ = 0;
    std::uint64_t covered_ = 0;
};

struct ExportItem {
    enum class Kind { entry, head };
    Kind kind = Kind::entry;
    std::uint64_t index = 0;   // of the entry, from 0; size of the head
    std::string bytes;         // the entry, or the head as text
    std::uint64_t line = 0;    // where `bytes` begin, from 1
    std::uint64_t offset = 0;  // from 0
};

// For a coordinator that starts from an export. It checks form, counts and the hash of each entry, not roots
// and signatures.
class LedgerImporter {
  public:
    explicit LedgerImporter(ExportSource source) : source_(std::move(source)) {}

    // The next one; nothing after a proper end. corrupted: names line and byte; the importer is then at its
    // end.
    Result<std::optional<ExportItem>> next();
    // Known after the first next().
    const std::string& origin() const { return origin_; }

  private:
    Result<std::string> read_line();
    Result<std::string> read_bytes(std::uint64_t count);
    Status fill();
    Status read_opening();
    Result<ExportItem> read_entry(std::string_view words);
    Result<ExportItem> read_head(std::string_view words);
    Status read_end(std::string_view words);
    tl::unexpected<Error> wrong(std::string_view what);

    ExportSource source_;
    std::string buffer_;
    std::size_t used_ = 0;
    std::string origin_;
    std::uint64_t line_ = 1;
    std::uint64_t offset_ = 0;
    std::uint64_t entries_ = 0;
    std::uint64_t heads_ = 0;
    bool ended_ = false;
};

}  // namespace euromesh::federation

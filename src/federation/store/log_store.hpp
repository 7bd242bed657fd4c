// Where the federation's events survive: a durable, numbered log, snapshots of what it led to, and a few
// named documents.
//
// Why no tables of jobs and sites: the coordinator's state is what its events say, rebuilt in memory; a data
// base holds bytes that it need not understand, so that one small interface fits SQLite and PostgreSQL alike.
//
// Several coordinators may open the same store; one leads. Leading is a lock that dies with its holder, and
// an epoch that grows with each leader: every write carries the writer's epoch and fails once another leads
// (fencing), so that one that was only asleep cannot spoil the log. Everybody may read.
//
// Thread rule: a store belongs to one thread at a time; open another one for another thread.
// Invariants: entries are numbered 0, 1, 2 … without a gap, never change and never go; a batch is there as a
// whole or not at all; what append() has answered is on the disk.
// It does not: know what an entry means (the ledger finds changed ones), batch (LogWriter), encrypt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/result.hpp"

namespace euromesh::federation {

inline constexpr std::size_t log_entry_most_bytes = 1u << 20;
inline constexpr std::size_t log_append_most_entries = 16384;
inline constexpr std::size_t log_append_most_bytes = 32u << 20;
inline constexpr std::size_t snapshot_most_bytes = 2u << 30;
inline constexpr std::size_t snapshot_part_bytes = 1u << 20;
inline constexpr std::size_t document_most_bytes = 1u << 20;
inline constexpr std::size_t document_name_most_bytes = 128;

// State of the federation after the entries [0, at).
struct Snapshot {
    std::uint64_t at = 0;
    std::string bytes;
};

class LogStore {
  public:
    virtual ~LogStore() = default;

    // The right to write, for as long as this object lives; gives the epoch, which grows with every call.
    // conflict: another one leads, and who. `holder` names this coordinator to the others (at most 200
    // bytes).
    virtual Result<std::uint64_t> acquire_lead(const std::string& holder) = 0;

    // Number of entries.
    virtual Result<std::uint64_t> size() = 0;

    // Durable when it returns. `first` is the size before. May be repeated after unavailable, when nobody
    // knows whether the data base had taken them: entries that are there already, as the end of the log, are
    // a success. conflict: `first` is not the size, or somebody else leads by now. refused: this store never
    // led. bad_input: over the limits above. no_space: the disk is full; nothing was added.
    virtual Status append(std::uint64_t first, std::span<const std::string> entries) = 0;

    // From `first` on, within both limits and those of append(), but at least one if there is one: fewer than
    // there are may come, none only at the end.
    virtual Result<std::vector<std::string>> read(std::uint64_t first, std::size_t most_entries,
                                                  std::size_t most_bytes) = 0;

    // A snapshot comes in parts, each in a transaction of its own, so that entries can be appended between
    // them however large it is. Part 0 begins it anew; all but the last one are snapshot_part_bytes long. It
    // counts once it is finished: the newest two are kept. Errors as append(). conflict: `at` is beyond the
    // log.
    virtual Status put_snapshot_part(std::uint64_t at, std::uint64_t part, std::string_view bytes) = 0;
    virtual Status finish_snapshot(std::uint64_t at, std::uint64_t size, const Sha256Digest& digest) = 0;
    // All of that at once.
    Status put_snapshot(std::uint64_t at, std::string_view bytes);
    // The newest one that is whole; a damaged one is passed over.
    virtual Result<std::optional<Snapshot>> latest_snapshot() = 0;

    // Takes the place of the one before. Errors as append().
    virtual Status put_document(const std::string& name, std::string_view bytes) = 0;
    // Nothing: there is none of that name.
    virtual Result<std::optional<std::string>> get_document(const std::string& name) = 0;

    // For people: which store this is, without secrets.
    virtual std::string place() const = 0;
    // What stands against calling it durable ("the server runs with fsync off"); empty: nothing.
    virtual Result<std::string> concern() = 0;
};

struct StoreOptions {
    // How long another connection's work, or a silent server, is waited for.
    Nanoseconds patience = std::chrono::seconds(10);
};

// sqlite:/path/file, which is made when it is not there, or postgresql://USER@HOST[:PORT]/DATABASE, where the
// password comes from a file (?passfile=FILE, PGPASSFILE): a URL that holds one is refused. The tables are
// made, or brought to this program's version. bad_input: the URL; not_found: no such folder or data base;
// refused: permission, password, or a newer version; corrupted: not our file, or damaged; unavailable: no
// server there.
Result<std::unique_ptr<LogStore>> open_store(const std::string& url, const StoreOptions& options = {});

// The limits above; what a store checks before it asks its data base.
Status check_append(std::span<const std::string> entries);
Status check_snapshot_part(std::uint64_t part, std::string_view bytes);
Status check_snapshot(std::uint64_t size);
// How many parts a snapshot of so many bytes has: at least one.
std::uint64_t snapshot_parts(std::uint64_t size);
Status check_document(const std::string& name, std::string_view bytes);
Status check_holder(const std::string& holder);

}  // namespace euromesh::federation

// What a relay does with a spool: which blobs leave it, which come, and how one pass carries them.
//
// Why: a compute node has no network and a login node kills what runs long, so the carrying between a shared
// folder and the rest of the world is a program that may end at any moment and be started again by anybody.
// Everything it knows lies in the two stores: a blob is removed at its source only when it is whole and
// durable at its goal, and what has half arrived lies hidden at the goal, where the next pass goes on.
//
// Thread rule: one thread. Invariants
// - Nothing is lost, and nothing is seen half-written, whenever the process is killed. A blob may be carried
//   twice; its reader drops the second.
// - Only names of tethers (tether_wire.hpp) below <run>/<from>/<to>/ are touched: those of which `from` is
//   this site leave, those of which `to` is this site come. A segment that is shorter than its name says is
//   left alone until it is whole.
// It does not: look into blobs, check their digests (their reader does, and has them sent again), encrypt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/tether_wire.hpp"

namespace euromesh::sync {

struct RelayName {
    std::string run, from, to;
    TetherName name;
};
// Nothing: not a blob of a stream.
std::optional<RelayName> parse_relay_name(std::string_view text);
// Whole, as far as its name tells.
bool is_whole(const Blob& blob, const RelayName& name);

inline constexpr std::size_t relay_listing = 10'000;
// Whole blobs that this site has written, or that are meant for it, in order of names.
Result<std::vector<Blob>> relay_outgoing(BlobStore& store, const std::string& site);
Result<std::vector<Blob>> relay_incoming(BlobStore& store, const std::string& site);

struct RelayCounts {
    std::uint64_t files_out = 0, files_in = 0;
    std::uint64_t bytes_out = 0, bytes_in = 0;  // what this process moved: resumed files count from there
    RelayCounts& operator+=(const RelayCounts& other);
    std::string text() const;  // "3 files, 1.50 MB out; 0 files, 0.00 MB in"
};

// How long a relay may go on: until the user stops it, or its CPU time is nearly used up.
class RelayBudget {
  public:
    RelayBudget() = default;
    // A tenth of it, at most a second, is kept for the end. bad_input: not above 0.
    static Result<RelayBudget> of_cpu_seconds(double seconds);
    // Asked between chunks of at most `relay_chunk` bytes.
    bool is_spent() const;
    bool is_cpu_spent() const;

  private:
    std::optional<Nanoseconds> cpu_limit_;
};
inline constexpr std::size_t relay_chunk = 4u << 20;

// One pass between the spool and another store: everything that leaves, then everything that comes. Ends
// early, and without an error, when the budget is spent. `moved` is right also when it fails.
Status relay_pass(FolderStore& spool, BlobStore& far, const std::string& site, const RelayBudget& budget,
                  RelayCounts& moved);

// One pass that hands each leaving file to a command and removes it when that ends with status 0. In its
// arguments {file} is the file's path, {name} its name below the spool, {folder} the name's folder, {root}
// the spool. unavailable: it failed; with the last line of its standard error.
Status relay_by_command(FolderStore& spool, const std::vector<std::string>& command, const std::string& site,
                        const RelayBudget& budget, RelayCounts& moved);

// Words between blanks; '...' and "..." keep blanks. bad_input: an open quote, or no word.
Result<std::vector<std::string>> split_command(std::string_view text);

}  // namespace euromesh::sync

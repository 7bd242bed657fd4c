// Reads an exported ledger block by block, and knows to the byte where it is.
//
//     euromesh-ledger/1 ORIGIN
//     entry INDEX BYTES HASH
//     ...bytes...
//     head SIZE BYTES
//     ...signed head...
//     end ENTRIES HEADS
//
// Bounded: a line of 256 bytes, an entry of 1 MiB, a head of 64 KiB at a time, whatever the file holds. It
// checks form and count; what the blocks say is for verify.hpp. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "apps/verify/hash_tree.hpp"
#include "base/result.hpp"

namespace euromesh::verify {

// Fills the buffer from its beginning; 0 at the end of the file.
using Source = std::function<Result<std::size_t>(std::span<char>)>;

struct Place {
    std::uint64_t entry = 0;   // the entry, or the first one after
    std::uint64_t line = 1;    // from 1
    std::uint64_t offset = 0;  // in bytes, from 0
};

struct Block {
    enum class Kind { entry, head, end };
    Kind kind = Kind::end;
    std::string_view bytes;  // valid until the next call
    Hash stated{};           // hash that the file names for an entry
    Place place{};           // of `bytes`
    Place words{};           // of the line before them
};

class ExportReader {
  public:
    explicit ExportReader(Source source) : source_(std::move(source)) {}

    // First of all: the name of the federation. corrupted, here and below: what is expected at place().
    Result<std::string> read_opening();
    Result<Block> next();
    // Of the block that next() reads.
    const Place& place() const { return place_; }
    std::uint64_t entries() const { return entries_; }
    std::uint64_t heads() const { return heads_; }
    std::uint64_t bytes_read() const { return taken_ + used_; }

  private:
    Status fill(std::size_t needed);
    Result<std::string_view> read_line();
    Result<std::string_view> read_bytes(std::size_t count);
    Status read_entry(std::string_view words, Block& block);
    Status read_head(std::string_view words, Block& block);
    Status read_end(std::string_view words);
    void pass(std::string_view bytes);

    Source source_;
    std::string buffer_;
    std::size_t used_ = 0;
    std::uint64_t taken_ = 0;
    Place place_{};
    std::uint64_t entries_ = 0;
    std::uint64_t heads_ = 0;
};

}  // namespace euromesh::verify

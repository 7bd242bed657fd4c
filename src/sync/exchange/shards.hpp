// Which member owns which values of a fragment, and how they are cut into chunks.
//
// Pure arithmetic, the same on all members. Shards and chunks begin at multiples of the codec's block, are in
// the order of the members, and cover every value once; a shard is empty when there are fewer blocks than
// members.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace euromesh::sync {

struct Range {
    std::size_t first = 0;
    std::size_t size = 0;
    bool operator==(const Range&) const = default;
};

class Shards {
  public:
    Shards() = default;
    // hub: this member owns all. block and chunk_values > 0.
    Shards(std::size_t values, std::size_t members, std::size_t block, std::size_t chunk_values,
           std::optional<std::size_t> hub);

    Range shard(std::size_t member) const { return shards_[member]; }
    std::size_t chunk_count(std::size_t member) const;
    Range chunk(std::size_t member, std::size_t index) const;
    std::size_t largest_chunk() const { return chunk_; }

  private:
    std::vector<Range> shards_;
    std::size_t chunk_ = 1;
};

}  // namespace euromesh::sync

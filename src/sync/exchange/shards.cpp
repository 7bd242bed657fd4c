#include "sync/exchange/shards.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::sync {

Shards::Shards(std::size_t values, std::size_t members, std::size_t block, std::size_t chunk_values,
               std::optional<std::size_t> hub) {
    EM_ASSERT(members > 0 && block > 0 && chunk_values > 0, "members, blocks and chunks are not empty");
    chunk_ = (chunk_values + block - 1) / block * block;
    const std::size_t blocks = (values + block - 1) / block;
    std::size_t first = 0;
    for (std::size_t member = 0; member < members; ++member) {
        std::size_t end = std::min(values, blocks * (member + 1) / members * block);
        if (hub) end = member >= *hub ? values : 0;
        shards_.push_back({first, end - first});
        first = end;
    }
}

std::size_t Shards::chunk_count(std::size_t member) const {
    return (shards_[member].size + chunk_ - 1) / chunk_;
}

Range Shards::chunk(std::size_t member, std::size_t index) const {
    const Range& shard = shards_[member];
    const std::size_t skipped = index * chunk_;
    EM_ASSERT(skipped < shard.size, "a chunk of this shard");
    return {shard.first + skipped, std::min(chunk_, shard.size - skipped)};
}

}  // namespace euromesh::sync

#include "federation/http/rate_limiter.hpp"

#include <algorithm>
#include <functional>

namespace euromesh::federation {

Nanoseconds RateLimiter::take(std::string_view client, double cost, Nanoseconds now) {
    if (limit_.per_second <= 0 || cost <= 0) return Nanoseconds(0);
    Shard& shard = shards_[std::hash<std::string_view>{}(client) % shard_count];
    const std::lock_guard lock(shard.mutex);
    Bucket& bucket = bucket_of(shard, client, now);
    const double gained = to_seconds(std::max(now - bucket.seen, Nanoseconds(0))) * limit_.per_second;
    bucket.tokens = std::min(limit_.burst, bucket.tokens + gained);
    bucket.seen = std::max(now, bucket.seen);
    // A call dearer than a full bucket would never be let through: it takes all there is.
    const double price = std::min(cost, limit_.burst);
    if (bucket.tokens >= price) {
        bucket.tokens -= price;
        return Nanoseconds(0);
    }
    const double wait_s = (price - bucket.tokens) / limit_.per_second;
    return std::max(Nanoseconds(1), Nanoseconds(static_cast<std::int64_t>(wait_s * 1e9)));
}

RateLimiter::Bucket& RateLimiter::bucket_of(Shard& shard, std::string_view client, Nanoseconds now) {
    const auto found = shard.index.find(client);
    if (found != shard.index.end()) {
        shard.buckets.splice(shard.buckets.begin(), shard.buckets, found->second);
        return shard.buckets.front();
    }
    const std::size_t most = std::max<std::size_t>(1, limit_.most_clients / shard_count);
    while (shard.buckets.size() >= most) {
        shard.index.erase(shard.buckets.back().client);
        shard.buckets.pop_back();
    }
    shard.buckets.push_front({std::string(client), limit_.burst, now});
    shard.index.emplace(shard.buckets.front().client, shard.buckets.begin());
    return shard.buckets.front();
}

std::size_t RateLimiter::clients() const {
    std::size_t total = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        total += shard.buckets.size();
    }
    return total;
}

}  // namespace euromesh::federation

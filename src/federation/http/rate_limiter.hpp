// How often each client may call: a token bucket for each name, in a table that cannot grow without end.
//
// A bucket holds at most `burst` tokens and gains `per_second`; a call takes its cost. When the table is full
// the bucket that was not used for longest is forgotten. Time is passed in. Thread rule: safe from any
// thread; clients are spread over several locks.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace euromesh::federation {

struct RateLimit {
    double per_second = 0;  // 0: no limit
    double burst = 0;
    std::size_t most_clients = 100000;
};

class RateLimiter {
  public:
    explicit RateLimiter(RateLimit limit) : limit_(limit) {}

    // 0: go on. Otherwise how long until so much will be there; nothing is taken.
    Nanoseconds take(std::string_view client, double cost, Nanoseconds now);
    std::size_t clients() const;

  private:
    struct Bucket {
        std::string client;
        double tokens;
        Nanoseconds seen;
    };
    struct Shard {
        mutable std::mutex mutex;
        std::list<Bucket> buckets;  // last used first
        std::unordered_map<std::string_view, std::list<Bucket>::iterator> index;
    };
    static constexpr std::size_t shard_count = 16;
    Bucket& bucket_of(Shard& shard, std::string_view client, Nanoseconds now);

    RateLimit limit_;
    std::array<Shard, shard_count> shards_;
};

}  // namespace euromesh::federation

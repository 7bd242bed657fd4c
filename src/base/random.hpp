// A small, seeded random source: the same seed gives the same numbers on every machine.
//
// SplitMix64 (Steele, Lea, Flood 2014): state is one word, so that a sampler's position can be stored in a
// checkpoint. Not for secrets: those come from base/os/entropy.hpp. Not thread-safe.
#pragma once

#include <cstdint>

namespace euromesh {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next();
    // Uniform in [0, bound), without modulo bias (Lemire 2019). bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Uniform in [0, 1), 53 bits.
    double uniform();
    // Standard normal (Box-Muller, one of the pair).
    double normal();

    std::uint64_t state() const { return state_; }

  private:
    std::uint64_t state_;
};

// A seed for a named part of a run, so that parts do not share a stream.
std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t part);

}  // namespace euromesh

// One site of bench_recovery: a session whose compute is a wait, and which tells each committed round.
//
// It prints one line of JSON a round: {"round", "at_s" (monotonic clock, one for all processes of a machine),
// "contributed", "members"}. Thread rule: one thread; it ends after the last round, or with its process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::bench {

struct SiteOptions {
    std::size_t rank = 0;
    std::vector<os::Endpoint> endpoints;
    std::uint64_t compute_ms = 100;  // of a round
    std::size_t values = 1u << 18;
    std::uint64_t silence_ms = 60'000;  // a peer silent for longer is taken for dead
};

std::vector<std::string> to_words(const SiteOptions& options);
Result<SiteOptions> parse_site(const std::vector<std::string>& words);

Status run_site(const SiteOptions& options);

}  // namespace euromesh::bench

// Several centres with a scheduler each, in real time (Slurm) or in a model's.
//
// Why one interface: the same experiments run on both, and what they measure can be compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "bench/forecast/load.hpp"
#include "federation/batch/queue_walk.hpp"

namespace euromesh::bench {

struct JobTimes {
    std::int64_t submitted_ms = -1, started_ms = -1, ended_ms = -1;  // -1: not yet
};

struct CentreView {
    federation::QueuePicture picture{};
    std::vector<std::size_t> waiting{};  // ids, as picture.waiting
};

class Centres {
  public:
    virtual ~Centres() = default;
    virtual std::int64_t now_ms() = 0;
    virtual Status wait_until(std::int64_t at_ms) = 0;
    virtual Status submit(std::size_t centre, std::size_t id, const LoadJob& job) = 0;
    virtual Result<std::vector<CentreView>> look() = 0;
    // By id; as of the last look.
    virtual const std::vector<JobTimes>& times() const = 0;
};

}  // namespace euromesh::bench

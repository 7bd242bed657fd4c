// How long a claim of some size will wait in a site's queue: a median and a p90, and how good such bands
// were.
//
// Why: nobody but the site's scheduler decides when a job starts, and what it tells is optimistic; recent
// waits of jobs of the same size are the plain predictor that published ones are compared with. Sizes are
// powers of two: waits grow with size, and too narrow classes have no samples. A class without enough samples
// takes the next larger one's (longer waits: cautious), then smaller ones'.
//
// Pure integers, one thread. It does not know capacity: capacity.hpp predicts from what is known to end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "federation/placement/model.hpp"

namespace euromesh::federation {

struct WaitSample {
    std::int64_t gpus = 1;
    std::int64_t wait_ms = 0;
};

// 0 for one GPU, 1 for two, 2 for three and four, ...
int size_class_of(std::int64_t gpus);

// Quantile of unsorted values by nearest rank: the least value that at least permille/1000 of them do not
// exceed. values not empty, permille 1 to 1000.
std::int64_t quantile(std::vector<std::int64_t> values, int permille);

class QueueModel {
  public:
    // window: newest samples kept a class; least: fewer are no evidence. 1 <= least <= window <= 4096.
    QueueModel(std::size_t window, std::size_t least);

    // A wait below 0 counts as 0.
    void record(WaitSample sample);
    // Nothing while no class has enough samples.
    std::optional<StartBand> predict(std::int64_t gpus) const;

  private:
    std::size_t window_;
    std::size_t least_;
    std::map<int, std::deque<std::int64_t>> waits_{};
};

struct BandOutcome {
    StartBand predicted{};
    std::int64_t wait_ms = 0;  // what came
};

// A good band has half of the outcomes at or below its median and nine tenths at or below its p90. Pinball
// loss (the proper score of a quantile: Koenker and Bassett 1978) tells which of two models is better.
struct BandCoverage {
    std::int64_t outcomes = 0;
    std::int64_t below_median_permille = 0;
    std::int64_t below_p90_permille = 0;
    std::int64_t median_loss_ms = 0;  // means over the outcomes
    std::int64_t p90_loss_ms = 0;
};
BandCoverage coverage_of(const std::vector<BandOutcome>& outcomes);

}  // namespace euromesh::federation

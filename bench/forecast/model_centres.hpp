// A discrete model of schedulers: first come, first served with EASY backfill (Lifka 1995), whole nodes.
//
// It is not what forecasts play on: those plan for all that wait (queue_walk.hpp), this one keeps a place for
// the first of them only.
#pragma once

#include "bench/forecast/centres.hpp"

namespace euromesh::bench {

class ModelCentres final : public Centres {
  public:
    explicit ModelCentres(const std::vector<std::int64_t>& nodes);
    std::int64_t now_ms() override { return now_; }
    Status wait_until(std::int64_t at_ms) override;
    Status submit(std::size_t centre, std::size_t id, const LoadJob& job) override;
    Result<std::vector<CentreView>> look() override;
    const std::vector<JobTimes>& times() const override { return times_; }

  private:
    struct Job {
        std::size_t id;
        LoadJob job;
        std::int64_t started_ms;
    };
    struct Centre {
        std::int64_t nodes = 0, free = 0;
        std::vector<Job> running{}, waiting{};
    };
    std::int64_t next_end() const;
    void end_what_is_over(Centre& centre);
    void schedule(Centre& centre);
    void start(Centre& centre, std::size_t at);

    std::vector<Centre> centres_{};
    std::vector<JobTimes> times_{};
    std::int64_t now_ = 0;
};

}  // namespace euromesh::bench

// Partitions of a real Slurm cluster as centres; milliseconds since the object was made.
#pragma once

#include <string>

#include "base/os/system_clock.hpp"
#include "bench/forecast/centres.hpp"
#include "federation/batch/slurm_queue.hpp"

namespace euromesh::bench {

class SlurmCentres final : public Centres {
  public:
    // preemptible: of harvest jobs, over the nodes of the first partition; empty: none.
    SlurmCentres(const std::string& slurm_conf, std::vector<std::string> partitions, std::string preemptible);
    std::int64_t now_ms() override { return wall_ms() - began_ms_; }
    Status wait_until(std::int64_t at_ms) override;
    Status submit(std::size_t centre, std::size_t id, const LoadJob& job) override;
    Result<std::vector<CentreView>> look() override;
    const std::vector<JobTimes>& times() const override { return times_; }

    const federation::SlurmCommands& commands() const { return commands_; }
    const Clock& clock() const { return clock_; }
    std::int64_t began_ms() const { return began_ms_; }
    // Node-milliseconds of harvest jobs between two moments.
    std::int64_t harvested_ms(std::int64_t from_ms, std::int64_t until_ms) const;

  private:
    std::int64_t wall_ms() const { return clock_.wall().count() / 1'000'000; }
    federation::SlurmQueueOptions options_of(std::size_t centre) const;
    bool is_of_before(const federation::SlurmQueueJob& job) const;
    void take_times();

    os::SystemClock clock_;
    federation::SlurmCommands commands_;
    std::vector<std::string> partitions_;
    std::string preemptible_;
    std::int64_t began_ms_;
    std::vector<JobTimes> times_{};
    federation::SlurmQueue queue_{};
};

}  // namespace euromesh::bench

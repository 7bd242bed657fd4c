// The parts that every training process has in common: a trainer made from the run file, texts, progress.
#pragma once

#include <vector>

#include "apps/teller.hpp"
#include "base/clock.hpp"
#include "contract/run_spec.hpp"
#include "sync/outer.hpp"
#include "trainer/text.hpp"
#include "trainer/trainer.hpp"

namespace euromesh::apps {

// Options of one training process that are not in the run file.
struct ProcessOptions {
    trainer::Device device = trainer::Device::cpu;
    int threads = 1;
};

Result<trainer::Device> parse_device(const std::string& name);

trainer::ModelConfig model_of(const contract::RunSpec& spec);
trainer::OptimiserConfig optimiser_of(const contract::RunSpec& spec);

// Initial parameters depend on the run's seed only: all sites begin with the same model.
Result<trainer::Trainer> make_trainer(const contract::RunSpec& spec, const ProcessOptions& options);

// The windows that the site of this rank draws in this round. They depend on nothing else, so that a site
// that was killed, or that joins late, goes on with the data of the round it is in: there is no position to
// lose.
trainer::Sampler sampler_of(const contract::RunSpec& spec, std::size_t rank, std::uint64_t round);

// The run's steps cut into rounds; the last one may be short.
class Rounds {
  public:
    explicit Rounds(const contract::RunSpec& spec);
    std::uint64_t count() const { return begins_.size() - 1; }
    std::uint64_t first_step(std::uint64_t round) const { return begins_[round]; }
    std::uint64_t steps(std::uint64_t round) const { return begins_[round + 1] - begins_[round]; }

  private:
    std::vector<std::uint64_t> begins_;  // of each round, and the end of the last
};

sync::OuterSchedule schedule_of(const contract::RunSpec& spec);

// The bytes of one training window: context + 1.
std::size_t window_length(const contract::RunSpec& spec);

Result<trainer::Text> open_text(const contract::RunSpec& spec, const std::filesystem::path& file);

// Mean nats per byte on `windows` evenly spaced windows of the site's held-out text.
Result<double> held_out_loss(const contract::RunSpec& spec, const contract::SiteSpec& site,
                             std::int64_t windows, trainer::Trainer& trainer);

// Tells "progress" events, twice a second at most.
class Progress {
  public:
    Progress(const Clock& clock, EventTeller& teller)
        : clock_(clock), teller_(teller), last_(clock.monotonic()) {}
    void stepped(std::uint64_t step, std::size_t tokens, double loss);

  private:
    const Clock& clock_;
    EventTeller& teller_;
    Nanoseconds last_;
    std::size_t tokens_ = 0;
};

}  // namespace euromesh::apps

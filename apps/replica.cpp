#include "apps/replica.hpp"

namespace euromesh::apps {

using contract::RunSpec;
using contract::SiteSpec;

Result<trainer::Device> parse_device(const std::string& name) {
    if (name == "cpu") return trainer::Device::cpu;
    if (name == "torch-cpu") return trainer::Device::torch_cpu;
    if (name == "cuda") return trainer::Device::cuda;
    return fail(Code::bad_input, "--device '{}': use cpu, torch-cpu or cuda", name);
}

trainer::ModelConfig model_of(const RunSpec& spec) {
    trainer::ModelConfig model;
    model.dim = static_cast<std::size_t>(spec.model.dim);
    model.layers = static_cast<std::size_t>(spec.model.layers);
    model.heads = static_cast<std::size_t>(spec.model.heads);
    model.hidden = static_cast<std::size_t>(spec.model.hidden);
    model.context = static_cast<std::size_t>(spec.model.context);
    model.tied = spec.model.tied;
    model.rope_theta = spec.model.rope_theta;
    return model;
}

trainer::OptimiserConfig optimiser_of(const RunSpec& spec) {
    trainer::OptimiserConfig config;
    const contract::InnerSpec& inner = spec.inner;
    config.method = inner.optimiser == "muon" ? trainer::Method::muon : trainer::Method::adamw;
    config.schedule.decay = inner.schedule == "wsd" ? trainer::Decay::wsd : trainer::Decay::cosine;
    config.schedule.peak = inner.learning_rate;
    // A run cut short by --steps or --minutes still warms up and then trains.
    config.schedule.warmup = static_cast<std::uint64_t>(std::min(inner.warmup, spec.steps / 4));
    config.schedule.steps = static_cast<std::uint64_t>(spec.steps);
    config.schedule.floor = inner.final_fraction;
    config.schedule.decay_share = inner.decay_fraction;
    config.beta1 = inner.beta1;
    config.beta2 = inner.beta2;
    config.weight_decay = inner.weight_decay;
    config.clip = inner.clip;
    config.muon_rate = inner.matrix_learning_rate;
    return config;
}

Result<trainer::Trainer> make_trainer(const RunSpec& spec, const ProcessOptions& options) {
    return trainer::Trainer::create(model_of(spec), optimiser_of(spec), spec.seed, options.device,
                                    options.threads);
}

trainer::Sampler sampler_of(const RunSpec& spec, std::size_t rank, std::uint64_t round) {
    return trainer::Sampler::start(derive_seed(spec.seed, rank + 1), round);
}

// With fragments a round is of one of them, so that each gets its own every H steps.
sync::OuterSchedule schedule_of(const RunSpec& spec) {
    sync::OuterSchedule schedule;
    const std::int64_t fragments = spec.outer.fragments;
    schedule.first_inner_steps = static_cast<std::uint64_t>(spec.outer.first_inner_steps / fragments);
    schedule.inner_steps = static_cast<std::uint64_t>(spec.outer.inner_steps / fragments);
    schedule.growth_rounds = static_cast<std::uint64_t>(spec.outer.growth_rounds);
    if (spec.outer.final_fraction < 1) {
        schedule.final_lr_fraction = spec.outer.final_fraction;
        schedule.lr_rounds = static_cast<std::uint64_t>(spec.steps * fragments / spec.outer.inner_steps);
    }
    return schedule;
}

Rounds::Rounds(const RunSpec& spec) : begins_{0} {
    const sync::OuterSchedule schedule = schedule_of(spec);
    const auto steps = static_cast<std::uint64_t>(spec.steps);
    while (begins_.back() < steps) {
        const std::uint64_t next = begins_.back() + schedule.inner_steps_of(begins_.size() - 1);
        begins_.push_back(std::min(next, steps));
    }
}

std::size_t window_length(const RunSpec& spec) {
    return static_cast<std::size_t>(spec.model.context) + 1;
}

Result<trainer::Text> open_text(const RunSpec& spec, const std::filesystem::path& file) {
    return trainer::Text::open(file, window_length(spec));
}

Result<double> held_out_loss(const RunSpec& spec, const SiteSpec& site, std::int64_t windows,
                             trainer::Trainer& trainer) {
    EM_ASSIGN(const trainer::Text text, open_text(spec, site.heldout));
    return trainer.evaluate(
        trainer::held_out_windows(text, static_cast<std::size_t>(windows), window_length(spec)));
}

void Progress::stepped(std::uint64_t step, std::size_t tokens, double loss) {
    tokens_ += tokens;
    const double elapsed = to_seconds(clock_.monotonic() - last_);
    if (elapsed < 0.5) return;
    teller_.tell({{"event", "progress"},
                  {"step", step},
                  {"loss", loss},
                  {"tokens_per_second", static_cast<double>(tokens_) / elapsed}});
    last_ = clock_.monotonic();
    tokens_ = 0;
}

}  // namespace euromesh::apps

// One replica in training: parameters, inner optimiser, a step, evaluation and generation.
//
// Why: everything that knows how values are stored and computed (hand-written kernels on a CPU, torch on an
// accelerator) stays behind this class; the rest of the program sees one flat float buffer in the order of
// layout(). read_parameters and write_parameters always copy, so that a caller's outer parameters can never
// be the replica's own memory. Not thread-safe. Invariant: the layout never changes after create().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "trainer/model.hpp"
#include "trainer/optimiser.hpp"
#include "trainer/text.hpp"

namespace euromesh::trainer {

// cpu: our kernels, on one thread whatever `threads` says: a replica a core.
// torch_cpu: autograd, the reference. cuda: torch on the first visible accelerator.
enum class Device { cpu, torch_cpu, cuda };

struct StepResult {
    double loss = 0;       // mean nats per token (a byte) before the update
    double grad_norm = 0;  // before clipping
    double rate = 0;
};

struct GenerateOptions {
    std::size_t count = 200;
    double temperature = 0.8;  // 0 takes the most likely byte
    std::size_t top_k = 40;    // 0: all
    std::uint64_t seed = 1;
};

// First and second moments, flat in the order of the layout, and the number of steps done.
struct OptimiserState {
    std::vector<float> first;
    std::vector<float> second;
    std::uint64_t step = 0;
};

class Trainer {
  public:
    // bad_input: an impossible configuration. unavailable: no accelerator although cuda is asked for, or no
    // bf16 products although bf16 is.
    static Result<Trainer> create(const ModelConfig& model, const OptimiserConfig& optimiser,
                                  std::uint64_t seed, Device device = Device::cpu, int threads = 1,
                                  Precision precision = Precision::automatic);
    Trainer(Trainer&&) noexcept;
    Trainer& operator=(Trainer&&) noexcept;
    ~Trainer();

    const ModelConfig& model() const;
    const contract::Layout& layout() const;
    std::size_t parameter_count() const;
    // "cpu kernels (avx512), fp32", "torch cuda, bf16": for reports.
    std::string device_name() const;

    // Copies. The span has parameter_count() values.
    void read_parameters(std::span<float> out) const;
    void write_parameters(std::span<const float> values);

    // One optimiser step. batch.length is at most context + 1. internal: the loss is not finite (the
    // parameters are then unchanged).
    Result<StepResult> step(const Batch& batch);
    // Loss and gradient without an update; `gradient` has parameter_count() values. For tests and
    // data-parallel training, followed by apply_gradient().
    Result<double> gradient(const Batch& batch, std::span<float> gradient);
    Result<StepResult> apply_gradient(std::span<const float> gradient, double loss);

    // Mean nats per byte over all windows.
    Result<double> evaluate(const Batch& windows);
    // The bytes that follow the prompt. bad_input: an empty prompt.
    Result<std::string> generate(std::string_view prompt, const GenerateOptions& options);

    std::uint64_t steps_done() const;
    OptimiserState optimiser_state() const;
    // bad_input: sizes that are not this model's.
    Status restore_optimiser(const OptimiserState& state);
    // Zero moments, at a given step: for a site that joins a run.
    void reset_optimiser(std::uint64_t step);

  private:
    struct State;
    explicit Trainer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace euromesh::trainer

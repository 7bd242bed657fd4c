// Where a replica's values live and how they are computed: the seam between Trainer and a device.
//
// Two implementations pass one conformance suite (backend_test.cpp): kernels on the processor and torch. An
// object belongs to one thread. Spans given to a Backend are only used during the call; what it returns is a
// copy. Foreign exceptions end inside the implementation and come out as unavailable.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "contract/layout.hpp"
#include "trainer/kernels.hpp"
#include "trainer/model.hpp"
#include "trainer/optimiser.hpp"
#include "trainer/text.hpp"

namespace euromesh::trainer {

// Flat buffers in the order of the model's layout.
enum class Buffer { parameters, gradient, first_moment, second_moment };

class Backend {
  public:
    virtual ~Backend() = default;
    virtual std::string name() const = 0;

    virtual void read(Buffer buffer, std::span<float> out) const = 0;
    virtual void write(Buffer buffer, std::span<const float> values) = 0;

    // Mean loss over the batch's tokens; its gradient replaces the gradient buffer.
    virtual Result<double> compute_gradient(const Batch& batch) = 0;
    virtual double gradient_norm() const = 0;
    // The gradient is used as gradient * update.scale.
    virtual Status apply(const Update& update) = 0;

    virtual Result<double> loss(const Batch& batch) = 0;
    // Scores of the byte that follows these tokens (1 to context of them); out has vocab values.
    virtual Status next_scores(std::span<const std::uint8_t> tokens, std::span<float> out) = 0;
};

// half: large products in bf16, for kernels that have them.
std::unique_ptr<Backend> make_host_backend(const ModelConfig& model, const OptimiserConfig& optimiser,
                                           const Kernels& kernels, bool half);
// half: large products in bf16.
Result<std::unique_ptr<Backend>> make_torch_backend(const ModelConfig& model,
                                                    const OptimiserConfig& optimiser, bool cuda, bool half,
                                                    int threads);

}  // namespace euromesh::trainer

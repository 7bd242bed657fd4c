// The processor's backend: flat buffers in our own memory, HostModel for the passes, kernels for the update.
#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "trainer/backend.hpp"
#include "trainer/host_model.hpp"

namespace euromesh::trainer {
namespace {

// Orthogonalises a matrix of rows <= columns by the Newton-Schulz iteration of optimiser.hpp.
class Orthogonaliser {
  public:
    Orthogonaliser(const Kernels& kernels, bool half, std::size_t rows, std::size_t columns)
        : kernels_(kernels),
          half_(half),
          rows_(rows),
          columns_(columns),
          square_(rows * rows),
          polynomial_(rows * rows),
          next_(rows * columns),
          panel_(kernels.packed_size(columns, columns)),
          pairs_(rows * (columns + 1) / 2 + rows) {}

    void run(float* x) {
        const double norm = std::sqrt(kernels_.sum_of_squares(rows_ * columns_, x)) + 1e-7;
        kernels_.blend(rows_ * columns_, 0, x, static_cast<float>(1 / norm), x);
        for (int round = 0; round < muon_iterations; ++round) improve(x);
    }

  private:
    void improve(float* x) {
        pack({.depth = columns_, .columns = rows_, .from = x, .depth_stride = 1, .column_stride = columns_});
        symmetric_product(x, columns_, square_.data());
        pack({.depth = rows_, .columns = rows_, .from = square_.data(), .depth_stride = rows_});
        symmetric_product(square_.data(), rows_, polynomial_.data());
        kernels_.blend(rows_ * rows_, muon_b, square_.data(), muon_c, polynomial_.data());
        pack({.depth = rows_, .columns = columns_, .from = x, .depth_stride = columns_});
        multiply(polynomial_.data(), rows_, columns_, next_.data(), Part::full);
        kernels_.blend(rows_ * columns_, 1, next_.data(), muon_a, x);
    }
    void pack(const Packing& packing) {
        (half_ ? kernels_.pack_half : kernels_.pack)(packing, panel_.data());
    }
    // Half of it is computed and mirrored.
    void symmetric_product(const float* left, std::size_t depth, float* out) {
        multiply(left, depth, rows_, out, Part::lower_result);
        for (std::size_t row = 0; row < rows_; ++row)
            for (std::size_t column = 0; column < row; ++column)
                out[column * rows_ + row] = out[row * rows_ + column];
    }
    void multiply(const float* left, std::size_t depth, std::size_t columns, float* out, Part part) {
        const Product product{.rows = rows_,
                              .columns = columns,
                              .depth = depth,
                              .left = left,
                              .left_row = depth,
                              .packed = panel_.data(),
                              .out = out,
                              .out_row = columns,
                              .part = part};
        half_ ? kernels_.multiply_half(product, pairs_.data()) : kernels_.multiply(product);
    }

    const Kernels& kernels_;
    const bool half_;
    std::size_t rows_, columns_;
    AlignedFloats square_, polynomial_, next_, panel_, pairs_;
};

void transpose(std::size_t rows, std::size_t columns, const float* from, float* to) {
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < columns; ++column)
            to[column * rows + row] = from[row * columns + column];
}

class HostBackend final : public Backend {
  public:
    HostBackend(const ModelConfig& model, const OptimiserConfig& optimiser, const Kernels& kernels, bool half)
        : optimiser_(optimiser),
          kernels_(kernels),
          half_(half),
          model_(model, kernels, half),
          segments_(update_segments(model_layout(model), optimiser.method)) {
        for (AlignedFloats& buffer : buffers_)
            buffer = AlignedFloats(contract::value_count(model_layout(model)));
    }

    std::string name() const override {
        return fmt::format("cpu kernels ({}), {}", kernels_.name, half_ ? "bf16" : "fp32");
    }

    void read(Buffer buffer, std::span<float> out) const override {
        const std::span<const float> values = buffers_[static_cast<std::size_t>(buffer)].span();
        std::copy(values.begin(), values.end(), out.begin());
    }
    void write(Buffer buffer, std::span<const float> values) override {
        std::copy(values.begin(), values.end(), data(buffer));
        model_.parameters_changed();
    }

    Result<double> compute_gradient(const Batch& batch) override {
        return model_.gradient(batch, data(Buffer::parameters), data(Buffer::gradient));
    }
    double gradient_norm() const override {
        const AlignedFloats& gradient = buffers_[static_cast<std::size_t>(Buffer::gradient)];
        return std::sqrt(kernels_.sum_of_squares(gradient.size(), gradient.data()));
    }
    Status apply(const Update& update) override {
        for (const Segment& segment : segments_)
            segment.muon ? apply_muon(segment, update) : apply_adamw(segment, update);
        model_.parameters_changed();
        return {};
    }

    Result<double> loss(const Batch& batch) override { return model_.loss(batch, data(Buffer::parameters)); }
    Status next_scores(std::span<const std::uint8_t> tokens, std::span<float> out) override {
        model_.next_scores(tokens, data(Buffer::parameters), out);
        return {};
    }

  private:
    float* data(Buffer buffer) { return buffers_[static_cast<std::size_t>(buffer)].data(); }
    void apply_adamw(const Segment& segment, const Update& update);
    void apply_muon(const Segment& segment, const Update& update);
    void orthogonalise(const Segment& segment);

    OptimiserConfig optimiser_;
    const Kernels& kernels_;
    const bool half_;
    HostModel model_;
    std::vector<Segment> segments_;
    AlignedFloats buffers_[4];
    AlignedFloats direction_, turned_;
};

void HostBackend::apply_adamw(const Segment& segment, const Update& update) {
    const AdamW numbers{.scale = update.scale,
                        .rate = update.rate,
                        .decay = segment.decay ? static_cast<float>(optimiser_.weight_decay) : 0.0f,
                        .beta1 = static_cast<float>(optimiser_.beta1),
                        .beta2 = static_cast<float>(optimiser_.beta2),
                        .epsilon = static_cast<float>(optimiser_.epsilon),
                        .first_correction = update.first_correction,
                        .second_correction = update.second_correction};
    kernels_.adamw(segment.count, numbers, data(Buffer::gradient) + segment.begin,
                   data(Buffer::parameters) + segment.begin, data(Buffer::first_moment) + segment.begin,
                   data(Buffer::second_moment) + segment.begin);
}

// Nesterov: the momentum after this gradient, looked ahead by one more.
void HostBackend::apply_muon(const Segment& segment, const Update& update) {
    const auto keep = static_cast<float>(optimiser_.muon_momentum);
    const float* gradient = data(Buffer::gradient) + segment.begin;
    float* momentum = data(Buffer::first_moment) + segment.begin;
    float* parameters = data(Buffer::parameters) + segment.begin;
    if (direction_.size() < segment.count) direction_ = AlignedFloats(segment.count);
    kernels_.blend(segment.count, (1 - keep) * update.scale, gradient, keep, momentum);
    std::copy_n(momentum, segment.count, direction_.data());
    kernels_.blend(segment.count, (1 - keep) * update.scale, gradient, keep, direction_.data());
    orthogonalise(segment);
    const double shape = static_cast<double>(segment.rows) / static_cast<double>(segment.columns);
    const float rate = update.muon_rate * static_cast<float>(std::sqrt(std::max(1.0, shape)));
    const auto decay = static_cast<float>(optimiser_.weight_decay);
    kernels_.blend(segment.count, -rate, direction_.data(), 1 - update.muon_rate * decay, parameters);
}

// direction_ in place.
void HostBackend::orthogonalise(const Segment& segment) {
    if (segment.rows <= segment.columns) {
        Orthogonaliser(kernels_, half_, segment.rows, segment.columns).run(direction_.data());
        return;
    }
    if (turned_.size() < segment.count) turned_ = AlignedFloats(segment.count);
    transpose(segment.rows, segment.columns, direction_.data(), turned_.data());
    Orthogonaliser(kernels_, half_, segment.columns, segment.rows).run(turned_.data());
    transpose(segment.columns, segment.rows, turned_.data(), direction_.data());
}

}  // namespace

std::unique_ptr<Backend> make_host_backend(const ModelConfig& model, const OptimiserConfig& optimiser,
                                           const Kernels& kernels, bool half) {
    return std::make_unique<HostBackend>(model, optimiser, kernels, half);
}

}  // namespace euromesh::trainer

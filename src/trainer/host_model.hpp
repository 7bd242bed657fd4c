// The model's forward and backward pass written out for a processor, on the kernels of kernels.hpp.
//
// A batch goes through in slices of whole windows, about 256 tokens each, so that a slice's activations stay
// in the cache; gradients add up over slices in a fixed order. Weights are packed once after each change of
// the parameters. All memory is allocated on construction and on the first slice of a new size. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "trainer/kernels.hpp"
#include "trainer/model.hpp"
#include "trainer/text.hpp"

namespace euromesh::trainer {

// Floats on cache-line borders: vectors of 64 bytes then never straddle two lines.
class AlignedFloats {
  public:
    explicit AlignedFloats(std::size_t count = 0);
    float* data() { return values_.get(); }
    const float* data() const { return values_.get(); }
    std::size_t size() const { return size_; }
    std::span<float> span() { return {values_.get(), size_}; }
    std::span<const float> span() const { return {values_.get(), size_}; }

  private:
    struct Free {
        void operator()(float* values) const;
    };
    std::unique_ptr<float[], Free> values_;
    std::size_t size_ = 0;
};

// A matrix of the model, [out, in], packed for x w^T (forward) and for dy w (backward).
struct HostMatrix {
    std::size_t at = 0;  // in the flat parameters
    std::size_t out = 0;
    std::size_t in = 0;
    AlignedFloats forward;
    AlignedFloats backward;
};

struct HostLayer {
    HostMatrix qkv, output, gate_up, down;
    std::size_t attention_norm = 0;
    std::size_t feed_norm = 0;
};

// What the forward pass leaves for the backward pass, for one slice.
struct LayerActivations {
    AlignedFloats input, normed, qkv, weights, mixed, middle, feed_normed, gate_up, activated;
    AlignedFloats attention_inverse, feed_inverse;
};

class HostModel {
  public:
    // half: large products in bf16; the kernels must have them.
    HostModel(const ModelConfig& config, const Kernels& kernels, bool half);
    ~HostModel();
    HostModel(const HostModel&) = delete;
    HostModel& operator=(const HostModel&) = delete;

    // After every change of the parameters, before the next pass.
    void parameters_changed() { packed_ = false; }

    // Mean loss; the gradient is overwritten.
    double gradient(const Batch& batch, const float* parameters, float* gradient);
    double loss(const Batch& batch, const float* parameters);
    void next_scores(std::span<const std::uint8_t> tokens, const float* parameters, std::span<float> out);

  private:
    struct Slice {
        std::size_t windows = 0;
        std::size_t time = 0;
        std::size_t rows() const { return windows * time; }
    };
    void make_rotation();
    void pack_weights(const float* parameters);
    void pack_matrix(HostMatrix& matrix, const float* parameters);
    void reserve(const Slice& slice);
    void take_windows(const Batch& batch, std::size_t first, const Slice& slice);
    template <class Work>
    double for_each_slice(const Batch& batch, Work work);

    void forward(const Slice& slice, const float* parameters);
    void forward_layer(std::size_t index, const Slice& slice, const float* parameters);
    void backward(const Slice& slice, const float* parameters, float* gradient);
    void backward_feed(std::size_t index, const Slice& slice, const float* parameters, float* gradient);
    void backward_attention(std::size_t index, const Slice& slice, const float* parameters, float* gradient);

    void attention(LayerActivations& layer, const Slice& slice);
    void attention_head(const float* qkv, float* weights, float* mixed, std::size_t time);
    void attention_back(LayerActivations& layer, const Slice& slice);
    void attention_head_back(float* qkv, const float* weights, const float* dmixed, std::size_t time);
    void rotate_heads(AlignedFloats& qkv, const Slice& slice, float direction);

    void pack(const Packing& packing, AlignedFloats& packed);
    void multiply(const Product& product);
    void apply(const HostMatrix& matrix, const Slice& slice, const float* x, const float* add, float* y);
    void apply_back(const HostMatrix& matrix, const Slice& slice, const float* dy, float* dx);
    void weight_gradient(const HostMatrix& matrix, const Slice& slice, const float* dy, const float* x,
                         float* gradient);
    float* output_of(std::size_t layer);

    ModelConfig config_;
    const Kernels& kernels_;
    const bool half_;
    std::vector<HostLayer> layers_;
    HostMatrix head_;
    std::size_t final_norm_ = 0;
    std::size_t value_count_ = 0;
    bool packed_ = false;
    AlignedFloats cosine_, sine_;

    Slice reserved_;
    std::vector<LayerActivations> activations_;
    AlignedFloats last_, last_normed_, last_inverse_, scores_;
    AlignedFloats gradient_, branch_, wide_, panel_, pairs_, head_panel_, head_scores_;
    std::vector<std::uint8_t> tokens_, targets_;
};

}  // namespace euromesh::trainer

#include "trainer/host_model.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace euromesh::trainer {
namespace {

constexpr std::size_t slice_tokens = 256;
constexpr std::align_val_t alignment{64};

HostMatrix matrix_at(const Kernels& kernels, std::size_t at, std::size_t out, std::size_t in) {
    return {.at = at,
            .out = out,
            .in = in,
            .forward = AlignedFloats(kernels.packed_size(in, out)),
            .backward = AlignedFloats(kernels.packed_size(out, in))};
}

}  // namespace

AlignedFloats::AlignedFloats(std::size_t count)
    : values_(static_cast<float*>(::operator new(count * sizeof(float), alignment))), size_(count) {
    std::fill_n(values_.get(), count, 0.0f);
}

void AlignedFloats::Free::operator()(float* values) const {
    ::operator delete(values, alignment);
}

HostModel::HostModel(const ModelConfig& config, const Kernels& kernels, bool half)
    : config_(config), kernels_(kernels), half_(half) {
    EM_ASSERT(!half || kernels.multiply_half != nullptr, "these kernels have products in bf16");
    const std::size_t dim = config.dim, hidden = config.hidden;
    std::size_t at = config.vocab * dim;
    for (std::size_t index = 0; index < config.layers; ++index) {
        HostLayer layer;
        const auto take = [&](std::size_t out, std::size_t in) {
            const std::size_t begin = at;
            at += out * in;
            return matrix_at(kernels, begin, out, in);
        };
        layer.qkv = take(3 * dim, dim);
        layer.output = take(dim, dim);
        layer.gate_up = take(2 * hidden, dim);
        layer.down = take(dim, hidden);
        layer.attention_norm = at;
        layer.feed_norm = at + dim;
        at += 2 * dim;
        layers_.push_back(std::move(layer));
    }
    final_norm_ = at;
    at += dim;
    head_ = matrix_at(kernels, config.tied ? 0 : at, config.vocab, dim);
    value_count_ = config.tied ? at : at + config.vocab * dim;

    make_rotation();
}

void HostModel::make_rotation() {
    const std::size_t half = config_.head_size() / 2;
    cosine_ = AlignedFloats(config_.context * half);
    sine_ = AlignedFloats(config_.context * half);
    for (std::size_t t = 0; t < config_.context; ++t) {
        for (std::size_t i = 0; i < half; ++i) {
            const double frequency =
                std::pow(config_.rope_theta, -static_cast<double>(i) / static_cast<double>(half));
            cosine_.data()[t * half + i] = static_cast<float>(std::cos(static_cast<double>(t) * frequency));
            sine_.data()[t * half + i] = static_cast<float>(std::sin(static_cast<double>(t) * frequency));
        }
    }
}

HostModel::~HostModel() = default;

void HostModel::pack(const Packing& packing, AlignedFloats& packed) {
    (half_ ? kernels_.pack_half : kernels_.pack)(packing, packed.data());
}

void HostModel::multiply(const Product& product) {
    half_ ? kernels_.multiply_half(product, pairs_.data()) : kernels_.multiply(product);
}

void HostModel::pack_matrix(HostMatrix& matrix, const float* parameters) {
    const float* from = parameters + matrix.at;
    pack({.depth = matrix.in,
          .columns = matrix.out,
          .from = from,
          .depth_stride = 1,
          .column_stride = matrix.in},
         matrix.forward);
    pack({.depth = matrix.out, .columns = matrix.in, .from = from, .depth_stride = matrix.in},
         matrix.backward);
}

void HostModel::pack_weights(const float* parameters) {
    if (packed_) return;
    for (HostLayer& layer : layers_)
        for (HostMatrix* matrix : {&layer.qkv, &layer.output, &layer.gate_up, &layer.down})
            pack_matrix(*matrix, parameters);
    pack_matrix(head_, parameters);
    packed_ = true;
}

void HostModel::reserve(const Slice& slice) {
    if (slice.rows() <= reserved_.rows() && slice.time <= reserved_.time) return;
    reserved_ = {.windows = std::max(slice.windows, reserved_.windows),
                 .time = std::max(slice.time, reserved_.time)};
    const std::size_t rows = reserved_.rows(), time = reserved_.time, dim = config_.dim;
    const auto floats = [&](std::size_t columns) { return AlignedFloats(rows * columns); };
    activations_.clear();
    for (std::size_t index = 0; index < config_.layers; ++index) {
        activations_.push_back({.input = floats(dim),
                                .normed = floats(dim),
                                .qkv = floats(3 * dim),
                                .weights = floats(config_.heads * time),
                                .mixed = floats(dim),
                                .middle = floats(dim),
                                .feed_normed = floats(dim),
                                .gate_up = floats(2 * config_.hidden),
                                .activated = floats(config_.hidden),
                                .attention_inverse = floats(1),
                                .feed_inverse = floats(1)});
    }
    last_ = floats(dim);
    last_normed_ = floats(dim);
    last_inverse_ = floats(1);
    scores_ = floats(config_.vocab);
    gradient_ = floats(dim);
    branch_ = floats(dim);
    wide_ = floats(config_.hidden);
    panel_ = AlignedFloats(kernels_.packed_size(rows, std::max(config_.hidden, dim)));
    const std::size_t widest = std::max({3 * dim, 2 * config_.hidden, config_.vocab});
    pairs_ = AlignedFloats(half_ ? (rows + 1) * (widest + 1) / 2 : 0);
    head_panel_ = AlignedFloats(
        4 * kernels_.packed_size(std::max(time, config_.head_size()), std::max(time, config_.head_size())));
    head_scores_ = AlignedFloats(time * time);
}

void HostModel::take_windows(const Batch& batch, std::size_t first, const Slice& slice) {
    tokens_.clear();
    targets_.clear();
    for (std::size_t window = first; window < first + slice.windows; ++window) {
        const std::uint8_t* bytes = batch.bytes.data() + window * batch.length;
        tokens_.insert(tokens_.end(), bytes, bytes + slice.time);
        targets_.insert(targets_.end(), bytes + 1, bytes + 1 + slice.time);
    }
}

template <class Work>
double HostModel::for_each_slice(const Batch& batch, Work work) {
    const std::size_t time = batch.length - 1;
    const std::size_t windows = std::clamp<std::size_t>(slice_tokens / time, 1, batch.rows);
    reserve({.windows = windows, .time = time});
    double sum = 0;
    for (std::size_t first = 0; first < batch.rows; first += windows) {
        const Slice slice{.windows = std::min(windows, batch.rows - first), .time = time};
        take_windows(batch, first, slice);
        sum += work(slice);
    }
    return sum / static_cast<double>(batch.tokens());
}

double HostModel::gradient(const Batch& batch, const float* parameters, float* gradient) {
    pack_weights(parameters);
    std::fill_n(gradient, value_count_, 0.0f);
    const float scale = 1.0f / static_cast<float>(batch.tokens());
    return for_each_slice(batch, [&](const Slice& slice) {
        forward(slice, parameters);
        const double loss =
            kernels_.cross_entropy(slice.rows(), config_.vocab, scores_.data(), targets_.data(), scale);
        backward(slice, parameters, gradient);
        return loss;
    });
}

double HostModel::loss(const Batch& batch, const float* parameters) {
    pack_weights(parameters);
    return for_each_slice(batch, [&](const Slice& slice) {
        forward(slice, parameters);
        return kernels_.cross_entropy(slice.rows(), config_.vocab, scores_.data(), targets_.data(), 0);
    });
}

void HostModel::next_scores(std::span<const std::uint8_t> tokens, const float* parameters,
                            std::span<float> out) {
    pack_weights(parameters);
    const Slice slice{.windows = 1, .time = tokens.size()};
    reserve(slice);
    tokens_.assign(tokens.begin(), tokens.end());
    forward(slice, parameters);
    const float* last = scores_.data() + (slice.rows() - 1) * config_.vocab;
    std::copy(last, last + config_.vocab, out.begin());
}

void HostModel::apply(const HostMatrix& matrix, const Slice& slice, const float* x, const float* add,
                      float* y) {
    multiply({.rows = slice.rows(),
              .columns = matrix.out,
              .depth = matrix.in,
              .left = x,
              .left_row = matrix.in,
              .packed = matrix.forward.data(),
              .add = add,
              .out = y,
              .out_row = matrix.out});
}

void HostModel::apply_back(const HostMatrix& matrix, const Slice& slice, const float* dy, float* dx) {
    multiply({.rows = slice.rows(),
              .columns = matrix.in,
              .depth = matrix.out,
              .left = dy,
              .left_row = matrix.out,
              .packed = matrix.backward.data(),
              .out = dx,
              .out_row = matrix.in});
}

// gradient += dy^T x
void HostModel::weight_gradient(const HostMatrix& matrix, const Slice& slice, const float* dy, const float* x,
                                float* gradient) {
    pack({.depth = slice.rows(), .columns = matrix.in, .from = x, .depth_stride = matrix.in}, panel_);
    float* out = gradient + matrix.at;
    multiply({.rows = matrix.out,
              .columns = matrix.in,
              .depth = slice.rows(),
              .left = dy,
              .left_row = 1,
              .left_depth = matrix.out,
              .packed = panel_.data(),
              .add = out,
              .out = out,
              .out_row = matrix.in});
}

float* HostModel::output_of(std::size_t layer) {
    return layer + 1 < config_.layers ? activations_[layer + 1].input.data() : last_.data();
}

void HostModel::forward(const Slice& slice, const float* parameters) {
    const std::size_t dim = config_.dim;
    float* x = activations_[0].input.data();
    for (std::size_t row = 0; row < slice.rows(); ++row)
        std::copy_n(parameters + tokens_[row] * dim, dim, x + row * dim);
    for (std::size_t index = 0; index < config_.layers; ++index) forward_layer(index, slice, parameters);
    kernels_.norm(slice.rows(), dim, last_.data(), parameters + final_norm_,
                  static_cast<float>(config_.norm_eps), last_normed_.data(), last_inverse_.data());
    apply(head_, slice, last_normed_.data(), nullptr, scores_.data());
}

void HostModel::forward_layer(std::size_t index, const Slice& slice, const float* parameters) {
    const HostLayer& layer = layers_[index];
    LayerActivations& a = activations_[index];
    const std::size_t rows = slice.rows(), dim = config_.dim;
    const auto eps = static_cast<float>(config_.norm_eps);
    kernels_.norm(rows, dim, a.input.data(), parameters + layer.attention_norm, eps, a.normed.data(),
                  a.attention_inverse.data());
    apply(layer.qkv, slice, a.normed.data(), nullptr, a.qkv.data());
    attention(a, slice);
    apply(layer.output, slice, a.mixed.data(), a.input.data(), a.middle.data());
    kernels_.norm(rows, dim, a.middle.data(), parameters + layer.feed_norm, eps, a.feed_normed.data(),
                  a.feed_inverse.data());
    apply(layer.gate_up, slice, a.feed_normed.data(), nullptr, a.gate_up.data());
    kernels_.swiglu(rows, config_.hidden, a.gate_up.data(), a.activated.data());
    apply(layer.down, slice, a.activated.data(), a.middle.data(), output_of(index));
}

void HostModel::backward(const Slice& slice, const float* parameters, float* gradient) {
    const std::size_t dim = config_.dim;
    weight_gradient(head_, slice, scores_.data(), last_normed_.data(), gradient);
    apply_back(head_, slice, scores_.data(), branch_.data());
    std::fill_n(gradient_.data(), slice.rows() * dim, 0.0f);
    kernels_.norm_back(slice.rows(), dim, last_.data(), parameters + final_norm_, last_inverse_.data(),
                       branch_.data(), gradient_.data(), gradient + final_norm_);
    for (std::size_t index = config_.layers; index-- > 0;) {
        backward_feed(index, slice, parameters, gradient);
        backward_attention(index, slice, parameters, gradient);
    }
    for (std::size_t row = 0; row < slice.rows(); ++row)
        kernels_.blend(dim, 1, gradient_.data() + row * dim, 1, gradient + tokens_[row] * dim);
}

void HostModel::backward_feed(std::size_t index, const Slice& slice, const float* parameters,
                              float* gradient) {
    const HostLayer& layer = layers_[index];
    LayerActivations& a = activations_[index];
    weight_gradient(layer.down, slice, gradient_.data(), a.activated.data(), gradient);
    apply_back(layer.down, slice, gradient_.data(), wide_.data());
    kernels_.swiglu_back(slice.rows(), config_.hidden, a.gate_up.data(), wide_.data());
    weight_gradient(layer.gate_up, slice, a.gate_up.data(), a.feed_normed.data(), gradient);
    apply_back(layer.gate_up, slice, a.gate_up.data(), branch_.data());
    kernels_.norm_back(slice.rows(), config_.dim, a.middle.data(), parameters + layer.feed_norm,
                       a.feed_inverse.data(), branch_.data(), gradient_.data(), gradient + layer.feed_norm);
}

void HostModel::backward_attention(std::size_t index, const Slice& slice, const float* parameters,
                                   float* gradient) {
    const HostLayer& layer = layers_[index];
    LayerActivations& a = activations_[index];
    weight_gradient(layer.output, slice, gradient_.data(), a.mixed.data(), gradient);
    apply_back(layer.output, slice, gradient_.data(), branch_.data());
    attention_back(a, slice);
    weight_gradient(layer.qkv, slice, a.qkv.data(), a.normed.data(), gradient);
    apply_back(layer.qkv, slice, a.qkv.data(), branch_.data());
    kernels_.norm_back(slice.rows(), config_.dim, a.input.data(), parameters + layer.attention_norm,
                       a.attention_inverse.data(), branch_.data(), gradient_.data(),
                       gradient + layer.attention_norm);
}

}  // namespace euromesh::trainer

// The one translation unit with torch headers: autograd over plain operations, on a processor or CUDA.
// Values live in flat tensors; every layer's weight is a view of them, and so is its gradient.
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>

#include "base/assert.hpp"
#include "trainer/torch_module.hpp"

namespace euromesh::trainer {
namespace {

using at::Tensor;

std::int64_t extent(std::size_t value) {
    return static_cast<std::int64_t>(value);
}

// First line only: torch appends a stack.
std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

template <class Work>
auto guarded(std::string_view doing, Work&& work) -> Result<decltype(work())> {
    try {
        return work();
    } catch (const std::exception& error) {
        return fail(Code::unavailable, "torch, {}: {}", doing, first_line(error.what()));
    }
}

struct LayerWeights {
    Tensor q, k, v, o, gate, up, down, attention_norm, feed_norm;
};

class TorchBackend final : public Backend {
  public:
    TorchBackend(const ModelConfig& model, const OptimiserConfig& optimiser, torch::Device device, bool half);

    std::string name() const override {
        return std::string(device_.is_cuda() ? "torch cuda" : "torch cpu") + (half_ ? ", bf16" : ", fp32");
    }
    void read(Buffer buffer, std::span<float> out) const override;
    void write(Buffer buffer, std::span<const float> values) override;
    Result<double> compute_gradient(const Batch& batch) override;
    double gradient_norm() const override;
    Status apply(const Update& update) override;
    Result<double> loss(const Batch& batch) override;
    Status next_scores(std::span<const std::uint8_t> tokens, std::span<float> out) override;

  private:
    void cut_views();
    void make_rotation();
    Tensor& buffer_of(Buffer buffer) { return buffers_[static_cast<std::size_t>(buffer)]; }
    const Tensor& buffer_of(Buffer buffer) const { return buffers_[static_cast<std::size_t>(buffer)]; }

    Tensor windows_of(const Batch& batch, std::size_t first, std::size_t rows) const;
    Tensor linear(const Tensor& x, const Tensor& weight) const;
    Tensor norm(const Tensor& x, const Tensor& weight) const;
    Tensor rotate(const Tensor& x) const;
    Tensor attention(const Tensor& x, const LayerWeights& layer) const;
    Tensor feed_forward(const Tensor& x, const LayerWeights& layer) const;
    Tensor scores(const Tensor& tokens) const;
    Tensor mean_loss(const Tensor& windows) const;

    void apply_adamw(const Segment& segment, const Update& update);
    void apply_muon(const Segment& segment, const Update& update);

    ModelConfig model_;
    OptimiserConfig optimiser_;
    torch::Device device_;
    bool half_;
    std::vector<Segment> segments_;
    Tensor buffers_[4];
    std::vector<Tensor> leaves_;
    Tensor embedding_, final_norm_, head_;
    std::vector<LayerWeights> layers_;
    Tensor cosine_, sine_, mask_;
};

TorchBackend::TorchBackend(const ModelConfig& model, const OptimiserConfig& optimiser, torch::Device device,
                           bool half)
    : model_(model), optimiser_(optimiser), device_(device), half_(half) {
    const contract::Layout layout = model_layout(model);
    segments_ = update_segments(layout, optimiser.method);
    const auto options = torch::TensorOptions().dtype(torch::kFloat32).device(device);
    for (Tensor& buffer : buffers_) buffer = torch::zeros({extent(contract::value_count(layout))}, options);
    cut_views();
    make_rotation();
}

void TorchBackend::cut_views() {
    std::int64_t at = 0;
    for (const contract::TensorSpec& tensor : model_layout(model_)) {
        const std::int64_t size = extent(tensor.size());
        Tensor leaf = buffer_of(Buffer::parameters).narrow(0, at, size).view(tensor.shape).detach();
        leaf.set_requires_grad(true);
        // Backward adds into a gradient that is already there: so the flat buffer receives it.
        leaf.mutable_grad() = buffer_of(Buffer::gradient).narrow(0, at, size).view(tensor.shape);
        leaves_.push_back(leaf);
        at += size;
    }
    embedding_ = leaves_[0];
    for (std::size_t index = 0; index < model_.layers; ++index) {
        const Tensor* w = &leaves_[1 + index * 9];
        layers_.push_back({w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]});
    }
    final_norm_ = leaves_[1 + model_.layers * 9];
    head_ = model_.tied ? embedding_ : leaves_.back();
}

void TorchBackend::make_rotation() {
    const std::int64_t half = extent(model_.head_size() / 2);
    const std::int64_t context = extent(model_.context);
    const auto wide = torch::TensorOptions().dtype(torch::kFloat64);
    const Tensor frequency = torch::pow(model_.rope_theta, -torch::arange(half, wide) / half);
    const Tensor angle = torch::outer(torch::arange(context, wide), frequency);
    cosine_ = angle.cos().to(torch::kFloat32).to(device_);
    sine_ = angle.sin().to(torch::kFloat32).to(device_);
    mask_ = torch::ones({context, context}, torch::kBool).triu(1).to(device_);
}

void TorchBackend::read(Buffer buffer, std::span<float> out) const {
    const torch::NoGradGuard no_gradient;
    // copy_ into a view of the caller's memory: to() would hand out our own memory on a processor.
    torch::from_blob(out.data(), {extent(out.size())}, torch::kFloat32).copy_(buffer_of(buffer));
}

void TorchBackend::write(Buffer buffer, std::span<const float> values) {
    const torch::NoGradGuard no_gradient;
    auto* data = const_cast<float*>(values.data());  // from_blob has no const form; it is only read
    buffer_of(buffer).copy_(torch::from_blob(data, {extent(values.size())}, torch::kFloat32));
}

Tensor TorchBackend::windows_of(const Batch& batch, std::size_t first, std::size_t rows) const {
    auto* data = const_cast<std::uint8_t*>(batch.bytes.data() + first * batch.length);
    return torch::from_blob(data, {extent(rows), extent(batch.length)}, torch::kUInt8)
        .to(device_)
        .to(torch::kInt64);
}

// The weights stay fp32: only the operands of this product are rounded.
Tensor TorchBackend::linear(const Tensor& x, const Tensor& weight) const {
    if (!half_) return torch::matmul(x, weight.t());
    return torch::matmul(x.to(torch::kBFloat16), weight.t().to(torch::kBFloat16)).to(torch::kFloat32);
}

Tensor TorchBackend::norm(const Tensor& x, const Tensor& weight) const {
    return x * torch::rsqrt(x.square().mean(-1, true) + model_.norm_eps) * weight;
}

// x: [batch, heads, time, head]; pairs are (i, i + head/2), as in Hugging Face's Llama.
Tensor TorchBackend::rotate(const Tensor& x) const {
    const auto halves = x.chunk(2, -1);
    const Tensor cosine = cosine_.narrow(0, 0, x.size(2));
    const Tensor sine = sine_.narrow(0, 0, x.size(2));
    return torch::cat({halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine}, -1);
}

Tensor TorchBackend::attention(const Tensor& x, const LayerWeights& layer) const {
    const std::int64_t batch = x.size(0), time = x.size(1), heads = extent(model_.heads);
    const auto split = [&](const Tensor& y) { return y.view({batch, time, heads, -1}).transpose(1, 2); };
    const Tensor q = rotate(split(linear(x, layer.q)));
    const Tensor k = rotate(split(linear(x, layer.k)));
    const Tensor v = split(linear(x, layer.v));
    const double scale = 1 / std::sqrt(static_cast<double>(model_.head_size()));
    const Tensor mask = mask_.narrow(0, 0, time).narrow(1, 0, time);
    const Tensor weights =
        (torch::matmul(q, k.transpose(-1, -2)) * scale).masked_fill(mask, -INFINITY).softmax(-1);
    return linear(torch::matmul(weights, v).transpose(1, 2).reshape({batch, time, -1}), layer.o);
}

Tensor TorchBackend::feed_forward(const Tensor& x, const LayerWeights& layer) const {
    return linear(torch::silu(linear(x, layer.gate)) * linear(x, layer.up), layer.down);
}

Tensor TorchBackend::scores(const Tensor& tokens) const {
    Tensor x = torch::embedding(embedding_, tokens);
    for (const LayerWeights& layer : layers_) {
        x = x + attention(norm(x, layer.attention_norm), layer);
        x = x + feed_forward(norm(x, layer.feed_norm), layer);
    }
    return linear(norm(x, final_norm_), head_);
}

Tensor TorchBackend::mean_loss(const Tensor& windows) const {
    const std::int64_t time = windows.size(1) - 1;
    const Tensor logits = scores(windows.narrow(1, 0, time));
    return torch::nn::functional::cross_entropy(logits.reshape({-1, logits.size(-1)}),
                                                windows.narrow(1, 1, time).reshape({-1}));
}

Result<double> TorchBackend::compute_gradient(const Batch& batch) {
    return guarded("computing the gradient", [&] {
        buffer_of(Buffer::gradient).zero_();
        const Tensor value = mean_loss(windows_of(batch, 0, batch.rows));
        value.backward();
        return value.item<double>();
    });
}

double TorchBackend::gradient_norm() const {
    return buffer_of(Buffer::gradient).norm().item<double>();
}

Status TorchBackend::apply(const Update& update) {
    const auto done = guarded("updating the parameters", [&] {
        const torch::NoGradGuard no_gradient;
        for (const Segment& segment : segments_)
            segment.muon ? apply_muon(segment, update) : apply_adamw(segment, update);
        return true;
    });
    if (!done) return fail(done.error());
    return {};
}

void TorchBackend::apply_adamw(const Segment& segment, const Update& update) {
    const auto part = [&](Buffer buffer) {
        return buffer_of(buffer).narrow(0, extent(segment.begin), extent(segment.count));
    };
    Tensor p = part(Buffer::parameters), m = part(Buffer::first_moment), v = part(Buffer::second_moment);
    const Tensor g = part(Buffer::gradient) * update.scale;
    m.mul_(optimiser_.beta1).add_(g, 1 - optimiser_.beta1);
    v.mul_(optimiser_.beta2).addcmul_(g, g, 1 - optimiser_.beta2);
    if (segment.decay) p.mul_(1 - double{update.rate} * optimiser_.weight_decay);
    const Tensor divisor = (v * update.second_correction).sqrt_().add_(optimiser_.epsilon);
    p.addcdiv_(m, divisor, -double{update.rate} * double{update.first_correction});
}

Tensor orthogonalised(const Tensor& momentum) {
    const bool tall = momentum.size(0) > momentum.size(1);
    Tensor x = tall ? momentum.t().contiguous() : momentum;
    x = x / (x.norm() + 1e-7);
    for (int round = 0; round < muon_iterations; ++round) {
        const Tensor a = torch::mm(x, x.t());
        const Tensor b = muon_b * a + muon_c * torch::mm(a, a);
        x = muon_a * x + torch::mm(b, x);
    }
    return tall ? x.t() : x;
}

void TorchBackend::apply_muon(const Segment& segment, const Update& update) {
    const auto part = [&](Buffer buffer) {
        return buffer_of(buffer)
            .narrow(0, extent(segment.begin), extent(segment.count))
            .view({extent(segment.rows), extent(segment.columns)});
    };
    Tensor p = part(Buffer::parameters), m = part(Buffer::first_moment);
    const Tensor g = part(Buffer::gradient) * update.scale;
    m.mul_(optimiser_.muon_momentum).add_(g, 1 - optimiser_.muon_momentum);
    const Tensor nesterov = g.lerp(m, optimiser_.muon_momentum);
    const double shape = static_cast<double>(segment.rows) / static_cast<double>(segment.columns);
    p.mul_(1 - double{update.muon_rate} * optimiser_.weight_decay);
    p.add_(orthogonalised(nesterov), -double{update.muon_rate} * std::sqrt(std::max(1.0, shape)));
}

Result<double> TorchBackend::loss(const Batch& batch) {
    constexpr std::size_t rows_at_once = 64;
    return guarded("evaluating", [&] {
        const torch::NoGradGuard no_gradient;
        double sum = 0;
        for (std::size_t first = 0; first < batch.rows; first += rows_at_once) {
            const std::size_t rows = std::min(rows_at_once, batch.rows - first);
            sum += mean_loss(windows_of(batch, first, rows)).item<double>() * static_cast<double>(rows);
        }
        return sum / static_cast<double>(batch.rows);
    });
}

Status TorchBackend::next_scores(std::span<const std::uint8_t> tokens, std::span<float> out) {
    const auto done = guarded("generating", [&] {
        const torch::NoGradGuard no_gradient;
        Batch batch{.bytes = {tokens.begin(), tokens.end()}, .rows = 1, .length = tokens.size()};
        const Tensor all = scores(windows_of(batch, 0, 1));
        torch::from_blob(out.data(), {extent(out.size())}, torch::kFloat32).copy_(all[0][-1]);
        return true;
    });
    if (!done) return fail(done.error());
    return {};
}

}  // namespace
}  // namespace euromesh::trainer

using euromesh::trainer::TorchRequest;

extern "C" __attribute__((visibility("default")))
euromesh::Result<std::unique_ptr<euromesh::trainer::Backend>>
euromesh_make_torch_backend(const TorchRequest& request) {
    using namespace euromesh;
    if (request.cuda && !torch::cuda::is_available())
        return fail(Code::unavailable, "device cuda: no accelerator is visible to torch; use device cpu");
    return trainer::guarded("creating the model", [&]() -> std::unique_ptr<trainer::Backend> {
        at::set_num_threads(request.threads);
        return std::make_unique<trainer::TorchBackend>(
            request.model, request.optimiser, request.cuda ? torch::kCUDA : torch::kCPU, request.half);
    });
}

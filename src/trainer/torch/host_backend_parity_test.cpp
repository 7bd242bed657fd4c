// The processor's backend against the reference: autograd in torch.
#include <doctest/doctest.h>

#include <cmath>

#include "trainer/backend.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

struct Pair {
    std::unique_ptr<Backend> host;
    std::unique_ptr<Backend> torch;
    std::size_t count;

    Pair(const ModelConfig& model, const OptimiserConfig& optimiser, const Kernels& kernels,
         bool half = false)
        : host(make_host_backend(model, optimiser, kernels, half)),
          torch(make_torch_backend(model, optimiser, false, false, 1).value()),
          count(contract::value_count(model_layout(model))) {
        std::vector<float> values(count);
        initial_parameters(model, 5, values);
        for (float& value : values) value = value == 1.0f ? 0.9f : value * 6;
        host->write(Buffer::parameters, values);
        torch->write(Buffer::parameters, values);
    }
    std::vector<float> read(const Backend& backend, Buffer buffer) const {
        std::vector<float> values(count);
        backend.read(buffer, values);
        return values;
    }
};

Batch batch_of(std::size_t rows, std::size_t length) {
    Batch batch{.bytes = {}, .rows = rows, .length = length};
    Random random(rows);
    for (std::size_t i = 0; i < rows * length; ++i)
        batch.bytes.push_back(static_cast<std::uint8_t>(random.next()));
    return batch;
}

double distance(std::span<const float> a, std::span<const float> b) {
    double gap = 0, size = 1e-30;
    for (std::size_t i = 0; i < a.size(); ++i) {
        gap += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
        size += double{b[i]} * double{b[i]};
    }
    return std::sqrt(gap / size);
}

void compare_gradients(const ModelConfig& model, const Kernels& kernels) {
    CAPTURE(kernels.name);
    const Pair pair(model, {}, kernels);
    const Batch batch = batch_of(5, model.context + 1);
    const double loss = pair.host->compute_gradient(batch).value();
    CHECK(loss == doctest::Approx(pair.torch->compute_gradient(batch).value()).epsilon(1e-5));
    CHECK(pair.host->loss(batch).value() == doctest::Approx(pair.torch->loss(batch).value()).epsilon(1e-5));
    const std::vector<float> mine = pair.read(*pair.host, Buffer::gradient);
    const std::vector<float> theirs = pair.read(*pair.torch, Buffer::gradient);
    std::size_t at = 0;
    for (const contract::TensorSpec& tensor : model_layout(model)) {
        CAPTURE(tensor.name);
        CHECK(distance(std::span(mine).subspan(at, tensor.size()),
                       std::span(theirs).subspan(at, tensor.size())) < 1e-4);
        at += tensor.size();
    }
    CHECK(pair.host->gradient_norm() == doctest::Approx(pair.torch->gradient_norm()).epsilon(1e-4));
}

}  // namespace

TEST_CASE("loss and the gradient of every tensor are autograd's") {
    for (const Kernels* kernels : available_kernels()) {
        compare_gradients({.dim = 64, .layers = 2, .heads = 4, .hidden = 96, .context = 64}, *kernels);
        compare_gradients(
            {.vocab = 257, .dim = 42, .layers = 2, .heads = 3, .hidden = 37, .context = 11, .tied = false},
            *kernels);
        compare_gradients({.dim = 48, .layers = 1, .heads = 1, .hidden = 40, .context = 203}, *kernels);
    }
}

TEST_CASE("updates are torch's for AdamW and Muon") {
    const ModelConfig model{.dim = 32, .layers = 2, .heads = 2, .hidden = 80, .context = 16};
    for (const Method method : {Method::adamw, Method::muon}) {
        const OptimiserConfig optimiser{.method = method};
        const Pair pair(model, optimiser, *available_kernels().front());
        const std::vector<float> start = pair.read(*pair.host, Buffer::parameters);
        std::vector<float> gradient(pair.count);
        for (std::uint64_t step = 0; step < 3; ++step) {
            Random random(step + 1);
            for (float& value : gradient) value = static_cast<float>(random.normal());
            pair.host->write(Buffer::gradient, gradient);
            pair.torch->write(Buffer::gradient, gradient);
            const Update update = make_update(optimiser, 200 + step, pair.torch->gradient_norm());
            CHECK(update.scale < 1);
            REQUIRE(pair.host->apply(update));
            REQUIRE(pair.torch->apply(update));
        }
        std::vector<float> mine = pair.read(*pair.host, Buffer::parameters);
        std::vector<float> theirs = pair.read(*pair.torch, Buffer::parameters);
        for (std::size_t i = 0; i < pair.count; ++i) mine[i] -= start[i], theirs[i] -= start[i];
        CHECK(distance(mine, theirs) < 1e-3);
        CHECK(distance(pair.read(*pair.host, Buffer::first_moment),
                       pair.read(*pair.torch, Buffer::first_moment)) < 1e-5);
        CHECK(distance(pair.read(*pair.host, Buffer::second_moment),
                       pair.read(*pair.torch, Buffer::second_moment)) < 1e-5);
    }
}

TEST_CASE("scores for the next byte are torch's") {
    const ModelConfig model{.dim = 32, .layers = 2, .heads = 2, .hidden = 48, .context = 16};
    const Pair pair(model, {}, *available_kernels().front());
    const std::vector<std::uint8_t> tokens{1, 200, 3, 4, 5};
    std::vector<float> mine(model.vocab), theirs(model.vocab);
    REQUIRE(pair.host->next_scores(tokens, mine));
    REQUIRE(pair.torch->next_scores(tokens, theirs));
    CHECK(distance(mine, theirs) < 1e-5);
}

TEST_CASE("Muon in bf16 moves in nearly the direction of fp32") {
    const Kernels& kernels = *available_kernels().front();
    if (kernels.multiply_half == nullptr) return;
    const ModelConfig model{.dim = 36, .layers = 1, .heads = 2, .hidden = 85, .context = 16};
    const OptimiserConfig optimiser{.method = Method::muon, .weight_decay = 0};
    const Pair pair(model, optimiser, kernels, true);
    const std::vector<float> start = pair.read(*pair.host, Buffer::parameters);
    std::vector<float> gradient(pair.count);
    Random random(1);
    for (float& value : gradient) value = static_cast<float>(random.normal());
    for (Backend* backend : {pair.host.get(), pair.torch.get()}) {
        backend->write(Buffer::gradient, gradient);
        REQUIRE(backend->apply({.muon_rate = 0.1f}));
    }
    std::vector<float> mine = pair.read(*pair.host, Buffer::parameters);
    std::vector<float> theirs = pair.read(*pair.torch, Buffer::parameters);
    for (std::size_t i = 0; i < pair.count; ++i) mine[i] -= start[i], theirs[i] -= start[i];
    CHECK(distance(mine, theirs) < 0.03);
}

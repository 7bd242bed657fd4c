#include "trainer/host_model.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

// Sizes that leave a rest in every vector.
const ModelConfig odd{.vocab = 259, .dim = 36, .layers = 2, .heads = 3, .hidden = 50, .context = 21};

Batch batch_of(std::size_t rows, std::size_t length, std::uint64_t seed) {
    Batch batch{.bytes = {}, .rows = rows, .length = length};
    Random random(seed);
    for (std::size_t i = 0; i < rows * length; ++i)
        batch.bytes.push_back(static_cast<std::uint8_t>(random.next()));
    return batch;
}

// Larger than at the start of training, so that no part of the gradient is negligible.
std::vector<float> parameters_of(const ModelConfig& config) {
    std::vector<float> values(contract::value_count(model_layout(config)));
    initial_parameters(config, 3, values);
    for (float& value : values) value = value == 1.0f ? 0.8f : value * 8;
    return values;
}

double distance(std::span<const float> a, std::span<const float> b) {
    double gap = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        gap += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
        size += double{b[i]} * double{b[i]};
    }
    return std::sqrt(gap / size);
}

}  // namespace

TEST_CASE("the loss changes along the gradient as the gradient says") {
    for (const Kernels* kernels : available_kernels()) {
        CAPTURE(kernels->name);
        HostModel model(odd, *kernels, false);
        std::vector<float> parameters = parameters_of(odd), gradient(parameters.size());
        const Batch batch = batch_of(3, 22, 1);
        const double loss = model.gradient(batch, parameters.data(), gradient.data());
        CHECK(model.loss(batch, parameters.data()) == doctest::Approx(loss).epsilon(1e-9));
        double squares = 0;
        for (float value : gradient) squares += double{value} * double{value};
        const double step = 1e-3 / std::sqrt(squares);
        double around[2];
        for (const int side : {0, 1}) {
            std::vector<float> moved = parameters;
            for (std::size_t i = 0; i < moved.size(); ++i)
                moved[i] += static_cast<float>((side ? step : -step) * double{gradient[i]});
            model.parameters_changed();
            around[side] = model.loss(batch, moved.data());
        }
        CHECK((around[1] - around[0]) / (2 * step) == doctest::Approx(squares).epsilon(0.01));
    }
}

TEST_CASE("slices add up to the batch, whatever its size") {
    HostModel model(odd, *available_kernels().front(), false);
    const std::vector<float> parameters = parameters_of(odd);
    std::vector<float> whole(parameters.size()), sum(parameters.size()), one(parameters.size());
    const Batch batch = batch_of(29, 22, 2);  // more than two slices
    const double loss = model.gradient(batch, parameters.data(), whole.data());
    double losses = 0;
    for (std::size_t row = 0; row < batch.rows; ++row) {
        Batch single{.bytes = {}, .rows = 1, .length = 22};
        single.bytes.assign(batch.bytes.begin() + static_cast<std::ptrdiff_t>(row * 22),
                            batch.bytes.begin() + static_cast<std::ptrdiff_t>(row * 22 + 22));
        losses += model.gradient(single, parameters.data(), one.data()) / 29;
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one[i] / 29;
    }
    CHECK(losses == doctest::Approx(loss).epsilon(1e-6));
    CHECK(distance(whole, sum) < 1e-5);
}

TEST_CASE("the same call gives the same bits") {
    HostModel model(odd, *available_kernels().front(), false);
    const std::vector<float> parameters = parameters_of(odd);
    std::vector<float> first(parameters.size()), second(parameters.size());
    const Batch batch = batch_of(5, 22, 4);
    const double loss = model.gradient(batch, parameters.data(), first.data());
    model.loss(batch_of(2, 12, 5), parameters.data());
    CHECK(model.gradient(batch, parameters.data(), second.data()) == loss);
    CHECK(first == second);
}

TEST_CASE("kernel sets agree to rounding") {
    const std::vector<float> parameters = parameters_of(odd);
    const Batch batch = batch_of(4, 22, 6);
    std::vector<float> best(parameters.size()), other(parameters.size());
    HostModel(odd, *available_kernels().front(), false).gradient(batch, parameters.data(), best.data());
    HostModel(odd, *available_kernels().back(), false).gradient(batch, parameters.data(), other.data());
    CHECK(distance(best, other) < 1e-5);
}

TEST_CASE("products in bf16 stay near fp32, for odd sizes too") {
    const Kernels& kernels = *available_kernels().front();
    if (kernels.multiply_half == nullptr) return;
    const std::vector<float> parameters = parameters_of(odd);
    const Batch batch = batch_of(4, 22, 7);
    std::vector<float> full(parameters.size()), half(parameters.size());
    const double loss = HostModel(odd, kernels, false).gradient(batch, parameters.data(), full.data());
    CHECK(HostModel(odd, kernels, true).gradient(batch, parameters.data(), half.data()) ==
          doctest::Approx(loss).epsilon(3e-3));
    CHECK(distance(half, full) < 0.02);
    CHECK(distance(half, full) > 1e-5);  // they were rounded
}

TEST_CASE("memory grows with the window's length, not only with the number of tokens") {
    const Kernels& kernels = *available_kernels().front();
    const std::vector<float> parameters = parameters_of(odd);
    HostModel used(odd, kernels, false), fresh(odd, kernels, false);
    used.loss(batch_of(12, 5, 8), parameters.data());
    const Batch longer = batch_of(1, 22, 9);
    CHECK(used.loss(longer, parameters.data()) == fresh.loss(longer, parameters.data()));
    CHECK(used.loss(batch_of(12, 5, 8), parameters.data()) ==
          fresh.loss(batch_of(12, 5, 8), parameters.data()));
}

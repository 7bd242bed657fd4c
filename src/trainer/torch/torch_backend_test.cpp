#include <doctest/doctest.h>

#include <cmath>

#include "trainer/backend.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

const ModelConfig tiny{.dim = 16, .layers = 1, .heads = 2, .hidden = 24, .context = 8};

std::unique_ptr<Backend> make(const OptimiserConfig& optimiser = {}) {
    auto backend = make_torch_backend(tiny, optimiser, false, false, 1).value();
    std::vector<float> values(contract::value_count(model_layout(tiny)));
    initial_parameters(tiny, 5, values);
    for (float& value : values) value *= 4;
    backend->write(Buffer::parameters, values);
    return backend;
}

std::vector<float> read(const Backend& backend, Buffer buffer) {
    std::vector<float> values(contract::value_count(model_layout(tiny)));
    backend.read(buffer, values);
    return values;
}

Batch batch() {
    Batch windows{.bytes = {}, .rows = 2, .length = 9};
    for (int i = 0; i < 18; ++i) windows.bytes.push_back(static_cast<std::uint8_t>(i * 41));
    return windows;
}

}  // namespace

TEST_CASE("autograd's gradient is the slope of the loss") {
    const auto backend = make();
    const std::vector<float> start = read(*backend, Buffer::parameters);
    REQUIRE(backend->compute_gradient(batch()));
    REQUIRE(backend->compute_gradient(batch()));  // replaces the first, does not add to it
    const std::vector<float> gradient = read(*backend, Buffer::gradient);
    double squares = 0;
    for (float value : gradient) squares += double{value} * double{value};
    CHECK(backend->gradient_norm() == doctest::Approx(std::sqrt(squares)));
    const double step = 1e-3 / std::sqrt(squares);
    double around[2];
    for (const int side : {0, 1}) {
        std::vector<float> moved = start;
        for (std::size_t i = 0; i < moved.size(); ++i)
            moved[i] += static_cast<float>((side ? step : -step) * double{gradient[i]});
        backend->write(Buffer::parameters, moved);
        around[side] = backend->loss(batch()).value();
    }
    CHECK((around[1] - around[0]) / (2 * step) == doctest::Approx(squares).epsilon(0.01));
}

TEST_CASE("an AdamW step is the formula, value by value") {
    const OptimiserConfig optimiser;
    const auto backend = make(optimiser);
    const std::vector<float> start = read(*backend, Buffer::parameters);
    const std::vector<float> gradient(start.size(), 0.25f);
    backend->write(Buffer::gradient, gradient);
    REQUIRE(backend->apply(
        {.scale = 0.5f, .rate = 0.01f, .first_correction = 10.0f, .second_correction = 20.0f}));
    const std::vector<float> after = read(*backend, Buffer::parameters);
    // The first corrected moments are g and g^2: the step is rate * sign(g), after decay for matrices only.
    CHECK(after.front() == doctest::Approx(double{start.front()} * (1 - 0.001) - 0.01).epsilon(1e-5));
    CHECK(after.back() == doctest::Approx(double{start.back()} - 0.01).epsilon(1e-5));
    CHECK(read(*backend, Buffer::first_moment)[3] == doctest::Approx(0.0125));
    CHECK(read(*backend, Buffer::second_moment)[3] == doctest::Approx(0.05 * 0.015625));
}

TEST_CASE("a Muon step moves every direction of a matrix about equally") {
    const OptimiserConfig optimiser{.method = Method::muon, .weight_decay = 0};
    const auto backend = make(optimiser);
    const std::vector<float> start = read(*backend, Buffer::parameters);
    std::vector<float> gradient(start.size());
    for (std::size_t i = 0; i < 16; ++i)
        gradient[256 * 16 + i * 16 + i] = i < 8 ? 1.0f : 0.01f;  // q, diagonal
    backend->write(Buffer::gradient, gradient);
    REQUIRE(backend->apply({.muon_rate = 1}));
    const std::vector<float> after = read(*backend, Buffer::parameters);
    const auto moved = [&](std::size_t i) { return start[256 * 16 + i * 17] - after[256 * 16 + i * 17]; };
    CHECK(moved(0) > 0.6f);
    CHECK(moved(0) < 1.3f);
    CHECK(moved(15) / 0.01f > 10 * moved(0));  // grown far beyond its share of the gradient
}

TEST_CASE("cuda without an accelerator is refused; with one it agrees with the processor") {
    auto cuda = make_torch_backend(tiny, {}, true, true, 1);
    if (!cuda) {
        CHECK(cuda.error().code == Code::unavailable);
        CHECK(cuda.error().message.find("cuda") != std::string::npos);
        return;
    }
    const auto host = make();
    (*cuda)->write(Buffer::parameters, read(*host, Buffer::parameters));
    CHECK((*cuda)->loss(batch()).value() == doctest::Approx(host->loss(batch()).value()).epsilon(0.01));
}

TEST_CASE("rounding the products to bf16 changes the loss a little") {
    const auto full = make();
    auto half = make_torch_backend(tiny, {}, false, true, 1).value();
    half->write(Buffer::parameters, read(*full, Buffer::parameters));
    const double exact = full->loss(batch()).value(), rounded = half->loss(batch()).value();
    CHECK(rounded == doctest::Approx(exact).epsilon(0.01));
    CHECK(rounded != exact);
}

#include "trainer/trainer.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

const ModelConfig tiny{.vocab = 256, .dim = 32, .layers = 2, .heads = 2, .hidden = 48, .context = 16};

OptimiserConfig optimiser(Method method = Method::adamw) {
    OptimiserConfig config{.method = method};
    config.schedule = {.decay = Decay::constant, .peak = 3e-3, .warmup = 5};
    return config;
}

Trainer make(Device device, Method method = Method::adamw) {
    return Trainer::create(tiny, optimiser(method), 1, device).value();
}

Batch batch_of(std::size_t rows, std::uint64_t seed) {
    Batch batch{.bytes = {}, .rows = rows, .length = 17};
    Random random(seed);
    for (std::size_t row = 0; row < rows; ++row) {
        const std::uint64_t start = random.below(7);
        for (std::size_t at = 0; at < 17; ++at) batch.bytes.push_back("abcadab"[(start + at) % 7]);
    }
    return batch;
}

std::vector<float> parameters(const Trainer& trainer) {
    std::vector<float> values(trainer.parameter_count());
    trainer.read_parameters(values);
    return values;
}

std::vector<Device> devices() {
#ifdef EUROMESH_WITH_TORCH
    return {Device::cpu, Device::torch_cpu};
#else
    return {Device::cpu};
#endif
}

}  // namespace

TEST_CASE("a fresh model knows nothing, a trained one the pattern; the text follows it") {
    for (const Device device : devices()) {
        for (const Method method : {Method::adamw, Method::muon}) {
            Trainer trainer = make(device, method);
            CAPTURE(trainer.device_name());
            const Batch windows = batch_of(70, 99);
            CHECK(trainer.evaluate(windows).value() == doctest::Approx(std::log(256.0)).epsilon(0.02));
            double first = 0;
            StepResult last;
            for (std::uint64_t step = 0; step < 80; ++step) {
                last = trainer.step(batch_of(8, step)).value();
                if (step == 0) first = last.loss;
            }
            CHECK(first > 5);
            CHECK(last.loss < 1);
            CHECK(trainer.evaluate(windows).value() < 1);
            CHECK(trainer.steps_done() == 80);
            CHECK(trainer.generate("abcad", {.count = 4, .temperature = 0}).value() == "abab");
        }
    }
}

TEST_CASE("parameters are copied both ways, never shared") {
    for (const Device device : devices()) {
        Trainer trainer = make(device);
        std::vector<float> start = parameters(trainer);
        const std::vector<float> kept = start;
        REQUIRE(trainer.step(batch_of(4, 1)));
        CHECK(start == kept);
        CHECK(parameters(trainer) != kept);
        trainer.write_parameters(start);
        std::fill(start.begin(), start.end(), 0.0f);
        CHECK(parameters(trainer) == kept);
    }
}

TEST_CASE("restored parameters and moments continue the same run, bit for bit") {
    for (const Device device : devices()) {
        for (const Method method : {Method::adamw, Method::muon}) {
            Trainer whole = make(device, method);
            for (std::uint64_t step = 0; step < 3; ++step) REQUIRE(whole.step(batch_of(4, step)));
            Trainer resumed = make(device, method);
            resumed.write_parameters(parameters(whole));
            REQUIRE(resumed.restore_optimiser(whole.optimiser_state()));
            REQUIRE(whole.step(batch_of(4, 3)));
            REQUIRE(resumed.step(batch_of(4, 3)));
            CHECK(parameters(whole) == parameters(resumed));
            CHECK(resumed.steps_done() == 4);
            resumed.reset_optimiser(7);
            CHECK(resumed.optimiser_state().first == std::vector<float>(resumed.parameter_count()));
            CHECK(resumed.steps_done() == 7);
        }
    }
}

TEST_CASE("a step is a gradient and its application") {
    for (const Device device : devices()) {
        Trainer whole = make(device), parts = make(device);
        std::vector<float> gradient(parts.parameter_count());
        const double loss = parts.gradient(batch_of(4, 1), gradient).value();
        const StepResult applied = parts.apply_gradient(gradient, loss).value();
        const StepResult step = whole.step(batch_of(4, 1)).value();
        CHECK(step.loss == loss);
        CHECK(step.grad_norm == applied.grad_norm);
        CHECK(parameters(whole) == parameters(parts));
    }
}

TEST_CASE("a gradient that is not finite changes nothing and says so") {
    Trainer trainer = make(Device::cpu);
    const std::vector<float> before = parameters(trainer);
    std::vector<float> gradient(trainer.parameter_count(), std::nanf(""));
    CHECK(trainer.apply_gradient(gradient, 1.0).error().code == Code::internal);
    CHECK(parameters(trainer) == before);
    CHECK(trainer.steps_done() == 0);
}

TEST_CASE("generation repeats with its seed and handles prompts longer than the context") {
    Trainer trainer = make(Device::cpu);
    const std::string prompt(40, 'x');
    const std::string text = trainer.generate(prompt, {.count = 12, .seed = 5}).value();
    CHECK(text.size() == 12);
    CHECK(trainer.generate(prompt, {.count = 12, .seed = 5}).value() == text);
    CHECK(trainer.generate(prompt, {.count = 12, .seed = 6}).value() != text);
    CHECK_FALSE(trainer.generate("", {}));
}

TEST_CASE("impossible requests come back as errors") {
    ModelConfig odd = tiny;
    odd.heads = 3;
    CHECK(Trainer::create(odd, optimiser(), 1).error().code == Code::bad_input);
    CHECK(Trainer::create(tiny, OptimiserConfig{.beta1 = 2}, 1).error().code == Code::bad_input);
    CHECK(Trainer::create(tiny, optimiser(), 1, Device::cpu, 0).error().code == Code::bad_input);
    Trainer trainer = make(Device::cpu);
    CHECK(trainer.restore_optimiser({.first = {1}, .second = {1}, .step = 1}).error().code ==
          Code::bad_input);
}

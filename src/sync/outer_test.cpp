#include "sync/outer.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

namespace euromesh::sync {
namespace {

std::vector<float> normals(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

}  // namespace

TEST_CASE("the pseudo-gradient is theta_start - theta_local exactly, in every round") {
    OuterState state = OuterState::from(normals(1000, 1));
    std::vector<float> gradient(1000);
    for (std::uint64_t round = 0; round < 5; ++round) {
        std::vector<float> local = state.params;
        const auto moved = normals(1000, 10 + round);
        for (std::size_t i = 0; i < local.size(); ++i) local[i] += 0.01f * moved[i];
        pseudo_gradient(state.params, local, gradient);
        bool any = false;
        for (std::size_t i = 0; i < local.size(); ++i) {
            CHECK(gradient[i] == state.params[i] - local[i]);
            any = any || gradient[i] != 0.0f;
        }
        CHECK(any);  // the aliasing fault would give zeros
        outer_step({}, gradient, state.params, state.momentum);
    }
}

TEST_CASE("the first Nesterov step is 1 + mu times the plain one") {
    const std::vector<float> gradient = normals(100, 2);
    OuterState plain = OuterState::from(std::vector<float>(100, 0.0f));
    OuterState nesterov = plain;
    outer_step({OuterKind::mean, 0.7, 0.9}, gradient, plain.params, plain.momentum);
    outer_step({OuterKind::nesterov, 0.7, 0.9}, gradient, nesterov.params, nesterov.momentum);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
        CHECK(nesterov.params[i] == doctest::Approx(1.9 * plain.params[i]).epsilon(1e-6));
    }
}

TEST_CASE("mean with rate 1 is federated averaging") {
    const auto start = normals(50, 3), a = normals(50, 4), b = normals(50, 5);
    std::vector<float> mean(50);
    for (std::size_t i = 0; i < 50; ++i) {
        mean[i] = 0.25f * (start[i] - a[i]) + 0.75f * (start[i] - b[i]);
    }
    OuterState state = OuterState::from(start);
    outer_step({OuterKind::mean, 1.0, 0.9}, mean, state.params, state.momentum);
    for (std::size_t i = 0; i < 50; ++i) {
        CHECK(state.params[i] == doctest::Approx(0.25 * a[i] + 0.75 * b[i]).epsilon(1e-5));
        CHECK(state.momentum[i] == 0.0f);
    }
}

// By hand, torch.optim.SGD(lr=0.5, momentum=0.9, nesterov=True), gradients 1, 2, -1, from theta = 10:
//   b = 1;                  theta = 10    - 0.5 (1 + 0.9 * 1)       = 9.05
//   b = 0.9 + 2 = 2.9;      theta = 9.05  - 0.5 (2 + 0.9 * 2.9)     = 6.745
//   b = 2.61 - 1 = 1.61;    theta = 6.745 - 0.5 (-1 + 0.9 * 1.61)   = 6.5205
TEST_CASE("three steps as PyTorch's SGD with Nesterov takes them") {
    OuterState state = OuterState::from(std::vector<float>{10.0f});
    const OuterConfig config{OuterKind::nesterov, 0.5, 0.9};
    const double theta[] = {9.05, 6.745, 6.5205};
    const double buffer[] = {1.0, 2.9, 1.61};
    const float gradients[] = {1.0f, 2.0f, -1.0f};
    for (int step = 0; step < 3; ++step) {
        outer_step(config, std::span(&gradients[step], 1), state.params, state.momentum);
        CHECK(state.params[0] == doctest::Approx(theta[step]).epsilon(1e-6));
        CHECK(state.momentum[0] == doctest::Approx(buffer[step]).epsilon(1e-6));
    }
}

TEST_CASE("the digest sees one bit of either half and which half it is in") {
    OuterState state = OuterState::from(std::vector<float>(1000, 1.0f));
    const std::string before = state_digest(state);
    CHECK(before.size() == 32);
    CHECK(state_digest(OuterState(state)) == before);
    state.params[999] = std::nextafter(1.0f, 2.0f);
    const std::string params_changed = state_digest(state);
    CHECK(params_changed != before);
    state.params[999] = 1.0f;
    state.momentum[0] = -0.0f;
    CHECK(state_digest(state) != before);
    CHECK(state_digest({{1.0f, 2.0f}, {3.0f, 4.0f}}) != state_digest({{3.0f, 4.0f}, {1.0f, 2.0f}}));
}

TEST_CASE("weights follow the tokens and add up to 1") {
    const std::vector<std::uint64_t> tokens{100, 300, 600};
    CHECK(weights_of(WeightRule::tokens, tokens) == std::vector<double>{0.1, 0.3, 0.6});
    const auto equal = weights_of(WeightRule::equal, tokens);
    CHECK(equal == std::vector<double>(3, 1.0 / 3.0));
}

TEST_CASE("inner steps grow linearly and then stay") {
    OuterSchedule schedule;
    schedule.first_inner_steps = 10;
    schedule.inner_steps = 30;
    schedule.growth_rounds = 4;
    const std::uint64_t expected[] = {10, 15, 20, 25, 30, 30};
    for (std::uint64_t round = 0; round < 6; ++round)
        CHECK(schedule.inner_steps_of(round) == expected[round]);
    schedule.growth_rounds = 0;
    CHECK(schedule.inner_steps_of(0) == 30);
}

TEST_CASE("the outer rate falls linearly to its part and then stays") {
    OuterSchedule schedule;
    const OuterConfig base{OuterKind::nesterov, 0.8, 0.9};
    CHECK(schedule.outer_of(base, 1000) == base);
    schedule.final_lr_fraction = 0.5;
    schedule.lr_rounds = 4;
    CHECK(schedule.outer_of(base, 0).lr == doctest::Approx(0.8));
    CHECK(schedule.outer_of(base, 2).lr == doctest::Approx(0.6));
    CHECK(schedule.outer_of(base, 9).lr == doctest::Approx(0.4));
    CHECK(schedule.outer_of(base, 9).momentum == 0.9);
}

TEST_CASE("diagnostics: norm, cosine of successive steps, effective gain") {
    const std::vector<float> first{3.0f, 4.0f}, same{6.0f, 8.0f}, across{-4.0f, 3.0f};
    const OuterConfig nesterov{OuterKind::nesterov, 0.7, 0.9};
    CHECK(diagnose(nesterov, first, {}).norm == 5.0);
    CHECK(diagnose(nesterov, first, {}).effective_gain == doctest::Approx(1.9));
    CHECK(diagnose(nesterov, same, first).cosine == doctest::Approx(1.0));
    CHECK(diagnose(nesterov, same, first).effective_gain == doctest::Approx(2.71));
    CHECK(diagnose(nesterov, across, first).cosine == doctest::Approx(0.0));
    CHECK(diagnose({OuterKind::mean, 1, 0}, same, first).effective_gain == 1.0);
    CHECK(diagnose(nesterov, std::vector<float>(2, 0.0f), first).cosine == 0.0);
}

TEST_CASE("names are read back and wrong settings are refused in words") {
    CHECK(parse_outer_kind(name_of(OuterKind::mean)).value() == OuterKind::mean);
    CHECK(parse_outer_kind(name_of(OuterKind::nesterov)).value() == OuterKind::nesterov);
    CHECK_FALSE(parse_outer_kind("adam").has_value());
    CHECK(parse_weight_rule(name_of(WeightRule::equal)).value() == WeightRule::equal);
    CHECK(parse_weight_rule(name_of(WeightRule::tokens)).value() == WeightRule::tokens);
    CHECK_FALSE(parse_weight_rule("steps").has_value());
    CHECK(check(OuterConfig{}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::mean, 0, 0}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::nesterov, 0.7, 1.0}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::nesterov, std::nan(""), 0.9}).has_value());
}

}  // namespace euromesh::sync

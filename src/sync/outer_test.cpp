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

// What the header says, in double precision and one value at a time.
struct NaiveDelayedNesterov {
    double theta, b = 0, sum = 0;

    void step(const OuterConfig& config, std::uint64_t round, double mean) {
        sum += mean;
        double direction = mean;
        if ((round + 1) % config.delay == 0) {
            b = config.momentum * b + sum;
            sum = 0;
            direction += config.momentum * b;
        }
        theta -= config.lr * direction;
    }
};

OuterState new_state(const OuterConfig& config, std::span<const float> params) {
    OuterState state = OuterState::from(params);
    REQUIRE(prepare_state(config, 0, state).has_value());
    return state;
}

OuterState after_rounds(const OuterConfig& config, std::size_t values, std::uint64_t rounds) {
    OuterState state = new_state(config, normals(values, 99));
    for (std::uint64_t round = 0; round < rounds; ++round) {
        outer_step(config, round, normals(values, 100 + round), state);
    }
    return state;
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

// By hand, N = 2, lr = 0.5, mu = 0.9, D = 1, 2, -1, 3, from theta = 10:
//   t = 0: S = 1;                                          theta = 10    - 0.5 * 1                 = 9.5
//   t = 1: S = 3, b = 3;                                   theta = 9.5   - 0.5 (2 + 0.9 * 3)       = 7.15
//   t = 2: S = -1;                                         theta = 7.15  - 0.5 * -1                = 7.65
//   t = 3: S = 2, b = 2.7 + 2 = 4.7;                       theta = 7.65  - 0.5 (3 + 0.9 * 4.7)     = 4.035
TEST_CASE("four rounds of delayed Nesterov with N = 2, written out by hand") {
    const OuterConfig config{OuterKind::delayed_nesterov, 0.5, 0.9, 2};
    OuterState state = new_state(config, std::vector<float>{10.0f});
    const double theta[] = {9.5, 7.15, 7.65, 4.035}, buffer[] = {0, 3, 3, 4.7}, sum[] = {1, 0, -1, 0};
    const float means[] = {1.0f, 2.0f, -1.0f, 3.0f};
    for (std::uint64_t round = 0; round < 4; ++round) {
        outer_step(config, round, std::span(&means[round], 1), state);
        CHECK(state.params[0] == doctest::Approx(theta[round]).epsilon(1e-6));
        CHECK(state.momentum[0] == doctest::Approx(buffer[round]).epsilon(1e-6));
        CHECK(state.delayed[0] == doctest::Approx(sum[round]).epsilon(1e-6));
    }
}

TEST_CASE("delayed Nesterov stays near a reference in double precision over forty rounds") {
    for (const std::uint64_t delay : {1u, 3u, 4u}) {
        const OuterConfig config{OuterKind::delayed_nesterov, 0.7, 0.9, delay};
        const OuterState state = after_rounds(config, 20, 40);
        for (std::size_t i = 0; i < 20; ++i) {
            NaiveDelayedNesterov naive{normals(20, 99)[i]};
            for (std::uint64_t round = 0; round < 40; ++round) {
                naive.step(config, round, normals(20, 100 + round)[i]);
            }
            CHECK(std::abs(state.params[i] - naive.theta) < 1e-4);
            CHECK(std::abs(state.momentum[i] - naive.b) < 1e-4);
        }
    }
}

TEST_CASE("delayed Nesterov with N = 1 is Nesterov, bit by bit") {
    const OuterState delayed = after_rounds({OuterKind::delayed_nesterov, 0.7, 0.9, 1}, 500, 10);
    const OuterState nesterov = after_rounds({OuterKind::nesterov, 0.7, 0.9}, 500, 10);
    CHECK(delayed.params == nesterov.params);
    CHECK(delayed.momentum == nesterov.momentum);
    CHECK(delayed.delayed == std::vector<float>(500, 0.0f));
}

TEST_CASE("delayed Nesterov without momentum is the mean, and a doubled input moves it twice as far") {
    const OuterState plain = after_rounds({OuterKind::delayed_nesterov, 0.7, 0.0, 3}, 50, 7);
    CHECK(plain.params == after_rounds({OuterKind::mean, 0.7, 0.9}, 50, 7).params);
    const OuterConfig config{OuterKind::delayed_nesterov, 0.7, 0.9, 3};
    const std::vector<float> zeros(50, 0.0f);
    OuterState once = new_state(config, zeros), twice = once;
    for (std::uint64_t round = 0; round < 7; ++round) {
        std::vector<float> mean = normals(50, round);
        outer_step(config, round, mean, once);
        for (float& value : mean) value *= 2;
        outer_step(config, round, mean, twice);
    }
    for (std::size_t i = 0; i < 50; ++i) CHECK(twice.params[i] == 2 * once.params[i]);
}

TEST_CASE("in the long run a constant direction gains lr / (1 - mu) a round, whatever the delay") {
    for (const std::uint64_t delay : {1u, 2u, 5u}) {
        const OuterConfig config{OuterKind::delayed_nesterov, 0.1, 0.5, delay};
        OuterState state = new_state(config, std::vector<float>{0.0f});
        const std::vector<float> mean{1.0f};
        for (std::uint64_t round = 0; round < 100; ++round) outer_step(config, round, mean, state);
        const float before = state.params[0];
        for (std::uint64_t round = 100; round < 110; ++round) outer_step(config, round, mean, state);
        CHECK(before - state.params[0] == doctest::Approx(10 * 0.1 / (1 - 0.5)).epsilon(1e-4));
    }
}

TEST_CASE("only a new run's state gets what its kind needs; another kind's state is refused in words") {
    const OuterConfig delayed{OuterKind::delayed_nesterov, 0.7, 0.9, 2}, nesterov;
    const OuterState plain = OuterState::from(normals(8, 1));
    OuterState state = plain;
    REQUIRE(prepare_state(delayed, 0, state).has_value());
    CHECK(state.delayed == std::vector<float>(8, 0.0f));
    const OuterState filled = state;
    REQUIRE(prepare_state(delayed, 5, state).has_value());
    CHECK(state == filled);
    const Status other = prepare_state(nesterov, 5, state);
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().message.find("delayed-nesterov, not of nesterov") != std::string::npos);
    state = plain;
    CHECK_FALSE(prepare_state(delayed, 5, state).has_value());
    CHECK(state == plain);
    CHECK(prepare_state(nesterov, 5, state).has_value());
    state.delayed.resize(7);
    CHECK_FALSE(prepare_state(delayed, 0, state).has_value());
}

TEST_CASE("the digest covers the delayed sum, and without one it is the digest of two parts") {
    OuterState state{{1.0f, 2.0f}, {3.0f, 4.0f}, {}};
    const std::string two = state_digest(state);
    state.delayed = {0.0f, 0.0f};
    const std::string three = state_digest(state);
    CHECK(three != two);
    state.delayed[1] = -0.0f;
    CHECK(state_digest(state) != three);
    CHECK(state_digest({{1.0f, 2.0f}, {3.0f, 4.0f}, {5.0f, 6.0f}}) !=
          state_digest({{1.0f, 2.0f}, {5.0f, 6.0f}, {3.0f, 4.0f}}));
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

TEST_CASE("weights follow tokens, tokens^2 per step, or nothing") {
    const std::vector<SiteWork> work{{100, 10}, {300, 10}, {600, 60}};
    CHECK(weights_of(WeightRule::tokens, work) == std::vector<double>{0.1, 0.3, 0.6});
    CHECK(weights_of(WeightRule::equal, work) == std::vector<double>(3, 1.0 / 3.0));
    // 1000, 9000, 6000
    CHECK(weights_of(WeightRule::tokens2_per_step, work) == std::vector<double>{0.0625, 0.5625, 0.375});
}

TEST_CASE(
    "by each step a displacement of more steps needs no more weight, and who is missing counts as zero") {
    const std::vector<SiteWork> work{{640, 10}, {1920, 30}, {1280, 10}};  // 64, 64 and 128 tokens in a step
    CHECK(weights_of(WeightRule::each_step, work) == std::vector<double>{0.25, 0.25, 0.5});
    CHECK(weights_of(WeightRule::each_step, work, 1) ==
          std::vector<double>{0.25 * 0.75, 0.25 * 0.75, 0.5 * 0.75});
    CHECK(weights_of(WeightRule::tokens, work, 1) == weights_of(WeightRule::tokens, work));
}

TEST_CASE("all weights add up to 1, and do not ask in which unit tokens or steps are counted") {
    Random random(5);
    for (int trial = 0; trial < 50; ++trial) {
        std::vector<SiteWork> work(1 + random.below(20)), larger;
        for (SiteWork& one : work) one = {1 + random.below(1u << 30), 1 + random.below(1000)};
        for (const SiteWork& one : work) larger.push_back({one.tokens * 8, one.inner_steps * 4});
        for (const WeightRule rule :
             {WeightRule::tokens, WeightRule::equal, WeightRule::tokens2_per_step, WeightRule::each_step}) {
            const auto weights = weights_of(rule, work), scaled = weights_of(rule, larger);
            double sum = 0;
            for (const double weight : weights) sum += weight;
            CHECK(sum == doctest::Approx(1.0).epsilon(1e-14));
            CHECK(weights == scaled);  // powers of two: exactly
        }
    }
}

TEST_CASE("with as many tokens in each step, tokens^2 per step is tokens") {
    const std::vector<SiteWork> work{{64 * 7, 7}, {64 * 30, 30}, {64 * 500, 500}};
    const auto by_tokens = weights_of(WeightRule::tokens, work);
    const auto by_both = weights_of(WeightRule::tokens2_per_step, work);
    for (std::size_t i = 0; i < work.size(); ++i) {
        CHECK(by_both[i] == doctest::Approx(by_tokens[i]).epsilon(1e-14));
    }
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
    const OuterConfig delayed{OuterKind::delayed_nesterov, 0.7, 0.9, 4};
    CHECK(diagnose(delayed, same, first).effective_gain == doctest::Approx(2.71));
    CHECK(diagnose(delayed, across, first).effective_gain == doctest::Approx(1 + 0.9 / 4));
}

TEST_CASE("names are read back and wrong settings are refused in words") {
    CHECK(parse_outer_kind(name_of(OuterKind::mean)).value() == OuterKind::mean);
    CHECK(parse_outer_kind(name_of(OuterKind::nesterov)).value() == OuterKind::nesterov);
    CHECK(parse_outer_kind("delayed-nesterov").value() == OuterKind::delayed_nesterov);
    CHECK(name_of(OuterKind::delayed_nesterov) == "delayed-nesterov");
    CHECK_FALSE(parse_outer_kind("adam").has_value());
    CHECK(parse_weight_rule(name_of(WeightRule::equal)).value() == WeightRule::equal);
    CHECK(parse_weight_rule(name_of(WeightRule::tokens)).value() == WeightRule::tokens);
    CHECK(parse_weight_rule("tokens2-per-step").value() == WeightRule::tokens2_per_step);
    CHECK(name_of(WeightRule::tokens2_per_step) == "tokens2-per-step");
    CHECK(parse_weight_rule(name_of(WeightRule::each_step)).value() == WeightRule::each_step);
    CHECK_FALSE(parse_weight_rule("steps").has_value());
    CHECK(check(OuterConfig{}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::mean, 0, 0}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::nesterov, 0.7, 1.0}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::nesterov, std::nan(""), 0.9}).has_value());
    CHECK(check(OuterConfig{OuterKind::delayed_nesterov, 0.7, 0.9, 1000}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::delayed_nesterov, 0.7, 0.9, 0}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::delayed_nesterov, 0.7, 0.9, 1001}).has_value());
    CHECK_FALSE(check(OuterConfig{OuterKind::nesterov, 0.7, 0.9, 2}).has_value());
}

}  // namespace euromesh::sync

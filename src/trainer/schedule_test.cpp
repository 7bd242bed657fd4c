#include "trainer/schedule.hpp"

#include <doctest/doctest.h>

using namespace euromesh::trainer;

TEST_CASE("warm-up rises in equal parts and never starts at zero") {
    const Schedule schedule{.decay = Decay::constant, .peak = 2.0, .warmup = 3, .steps = 100};
    CHECK(rate_at(schedule, 0) == doctest::Approx(0.5));
    CHECK(rate_at(schedule, 2) == doctest::Approx(1.5));
    CHECK(rate_at(schedule, 3) == 2.0);
    CHECK(rate_at(schedule, 1000000) == 2.0);
}

TEST_CASE("cosine starts at the peak, is half way in the middle and stays at the floor") {
    const Schedule schedule{.decay = Decay::cosine, .peak = 1, .warmup = 100, .steps = 1100, .floor = 0.1};
    CHECK(rate_at(schedule, 100) == doctest::Approx(1));
    CHECK(rate_at(schedule, 600) == doctest::Approx(0.55));
    CHECK(rate_at(schedule, 1100) == doctest::Approx(0.1));
    CHECK(rate_at(schedule, 5000) == doctest::Approx(0.1));
}

TEST_CASE("warm-up, stable, decay goes down in a straight line over its share") {
    const Schedule schedule{
        .decay = Decay::wsd, .peak = 1, .warmup = 10, .steps = 1000, .floor = 0, .decay_share = 0.2};
    CHECK(rate_at(schedule, 799) == 1);
    CHECK(rate_at(schedule, 900) == doctest::Approx(0.5));
    CHECK(rate_at(schedule, 1000) == 0);
    CHECK(rate_at(schedule, 2000) == 0);
}

TEST_CASE("impossible schedules are refused with the field's name") {
    Schedule schedule;
    CHECK(validate(schedule));
    schedule.warmup = schedule.steps;
    CHECK(validate(schedule).error().message.find("warmup") != std::string::npos);
    schedule = Schedule{.peak = 0};
    CHECK(validate(schedule).error().message.find("learning rate 0") != std::string::npos);
    schedule = Schedule{.floor = 1.5};
    CHECK(validate(schedule).error().message.find("floor") != std::string::npos);
    CHECK(parse_decay("cosine").value() == Decay::cosine);
    CHECK_FALSE(parse_decay("linear"));
}

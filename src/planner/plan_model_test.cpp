#include "planner/plan_model.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::planner;

namespace {

constexpr double second_a_day = 86400;

// The same plan walked day by day, as slowly and plainly as it can be said.
double days_by_hand(const PlanModel& model, const std::vector<double>& values, int pieces_a_day) {
    const double step = 1.0 / pieces_a_day;
    const auto at = [&](InputIndex i, double otherwise) {
        return i == no_input ? otherwise : values[static_cast<std::size_t>(i)];
    };
    const double start = at(model.common.coordination_days, 0);
    const double available = model.availability(values, {});
    double done = 0;
    for (double day = start; day < model.horizon_days; day += step) {
        double rate = 0, sites = 0;
        for (const ModelUnit& unit : model.units) {
            if (!unit.fits || !unit.selected) continue;
            const double online = at(unit.online_day, -1e9);
            const double now = day + step / 2;
            if (now < online || now >= unit.end_day) continue;
            const double ramp = unit.ramp_days > 0 ? std::min(1.0, (now - online) / unit.ramp_days) : 1;
            rate += ramp * unit.share * unit.cards * at(unit.count_factor, 1) * unit.peak_flop_per_s *
                    at(unit.mfu, 0);
            sites += 1;
        }
        if (sites == 0) continue;
        const double efficiency = model.efficiency(values, {}, sites, rate * available).total;
        done += step * second_a_day * rate * available * efficiency;
        if (done >= model.target_flop) return day + step;
    }
    return never;
}

UncertainInput input(const char* id, double value) {
    return {id, id, "", Spread::certain(value), 0, 0, ""};
}

// Two systems, one that comes later and one that retires.
PlanModel small_model() {
    PlanModel model;
    model.inputs = {input("coordination", 30), input("mfu", 0.3),       input("online", 200),
                    input("wan", 10),          input("round_trip", 30), input("straggler", 0.02),
                    input("penalty", 1),       input("price", 2)};
    model.common.coordination_days = 0;
    model.common.wan_gbps = 3;
    model.common.round_trip_ms = 4;
    model.common.straggler = 5;
    model.common.penalty = 6;
    ModelUnit unit;
    unit.cards = 10000;
    unit.peak_flop_per_s = 1e15;
    unit.share = 0.2;
    unit.mfu = 1;
    unit.hour_price = 7;
    unit.watts = 700;
    unit.pue = 1.2;
    unit.carbon_g_per_kwh = 100;
    unit.price_eur_per_kwh = 0.1;
    ModelUnit later = unit;
    later.online_day = 2;
    later.cards = 30000;
    ModelUnit retiring = unit;
    retiring.end_day = 300;
    model.units = {unit, later, retiring};
    model.shape = prepare({.parameters = 70e9,
                           .active_parameters = 70e9,
                           .batch_tokens = 16e6,
                           .payload_bytes_per_parameter = 0.5,
                           .reference_batch_tokens = 16e6});
    model.access.reserved = true;
    model.target_flop = 1e25;
    model.horizon_days = 3650;
    return model;
}

}  // namespace

TEST_CASE("at 37 EF, MFU 0.35 and efficiency 0.73 the share alone gives 963, 241, 96 and 24 days") {
    PlanModel model;
    model.inputs = {input("mfu", 0.35)};
    ModelUnit unit;
    unit.cards = 37000;
    unit.peak_flop_per_s = 1e15;
    unit.mfu = 0;
    model.units = {unit};
    model.access = {.reserved = true, .maintenance_fraction = 0};
    model.fixed_efficiency = 0.73;
    model.target_flop = 6 * 405e9 * 8.1e12;
    model.horizon_days = 3650;
    const Stages plain{true, false, true, true, true};
    for (const auto& [share, days] :
         {std::pair{0.025, 963.93}, {0.10, 240.98}, {0.25, 96.39}, {1.0, 24.098}}) {
        model.units[0].share = share;
        CHECK(model.evaluate(model.central(), plain).days == doctest::Approx(days).epsilon(0.00005));
    }
}

TEST_CASE("walking from event to event gives what walking in small steps gives") {
    PlanModel model = small_model();
    for (const double target : {3e24, 1e25, 2e25, 5e25}) {
        model.target_flop = target;
        const double days = model.evaluate(model.central()).days;
        CAPTURE(target);
        CHECK(days == doctest::Approx(days_by_hand(model, model.central(), 24)).epsilon(0.0003));
    }
}

TEST_CASE("random fleets: events and small steps agree") {
    Random random(3);
    for (int round = 0; round < 25; ++round) {
        PlanModel model = small_model();
        model.fixed_efficiency = 0.6;  // with ramps, the efficiency is that of the middle of an interval
        const ModelUnit like = model.units[0];
        model.units.clear();
        for (int i = 0; i < 6; ++i) {
            ModelUnit unit = like;
            unit.cards = 1000 + 20000 * random.uniform();
            if (random.below(2) == 0) {
                unit.online_day = static_cast<InputIndex>(model.inputs.size());
                model.inputs.push_back(input("online", 900 * random.uniform()));
                if (random.below(2) == 0) unit.ramp_days = 300 * random.uniform();
            }
            if (random.below(3) == 0) unit.end_day = 200 + 900 * random.uniform();
            model.units.push_back(unit);
        }
        model.target_flop = 1e25 * (0.2 + 3 * random.uniform());
        const double days = model.evaluate(model.central()).days;
        const double by_hand = days_by_hand(model, model.central(), 12);
        CAPTURE(round);
        if (!std::isfinite(by_hand)) CHECK_FALSE(std::isfinite(days));
        if (std::isfinite(by_hand)) CHECK(std::abs(days - by_hand) < 0.3);
    }
}

TEST_CASE("more share is never later; a later start, a slower line, a heavier penalty never earlier") {
    const PlanModel model = small_model();
    const double days = model.evaluate(model.central()).days;
    PlanModel more = model;
    for (ModelUnit& unit : more.units) unit.share *= 1.5;
    CHECK(more.evaluate(model.central()).days < days);
    for (const std::size_t i : {0u, 2u, 4u, 5u, 6u}) {
        std::vector<double> values = model.central();
        values[i] *= 1.2;
        CHECK(model.evaluate(values).days >= days);
    }
    std::vector<double> slower = model.central();
    slower[3] /= 10;
    CHECK(model.evaluate(slower).days >= days);
}

TEST_CASE("what is never reached says so, and has used the whole horizon") {
    PlanModel model = small_model();
    model.target_flop = 1e30;
    const PlanOutcome outcome = model.evaluate(model.central());
    CHECK(outcome.days == never);
    CHECK(outcome.accelerator_hours > 0);
    model.units.clear();
    CHECK(model.evaluate(model.central()).days == never);
}

TEST_CASE("hours, energy, money and carbon follow from each other") {
    PlanModel model = small_model();
    model.units = {model.units[0]};
    const PlanOutcome outcome = model.evaluate(model.central());
    const double available = model.availability(model.central(), {});
    CHECK(outcome.accelerator_hours == doctest::Approx((outcome.days - 30) * 24 * available * 2000));
    CHECK(outcome.kwh == doctest::Approx(outcome.accelerator_hours * 0.7 * 1.2));
    CHECK(outcome.euros == doctest::Approx(outcome.accelerator_hours * 2));
    CHECK(outcome.electricity_euros == doctest::Approx(outcome.kwh * 0.1));
    CHECK(outcome.grams_co2e == doctest::Approx(outcome.kwh * 100));
    const PlanOutcome part = model.consumption_of(0, model.central(), outcome.days);
    CHECK(part.kwh == doctest::Approx(outcome.kwh));
}

TEST_CASE("the walk's spans add up to the target") {
    const PlanModel model = small_model();
    std::vector<Span> spans;
    const PlanOutcome outcome = model.evaluate(model.central(), {}, &spans);
    double done = 0;
    for (const Span& span : spans) {
        const double length = span.to_day - span.from_day;
        done += span.useful * (span.rate * length + span.slope * length * length / 2);
    }
    CHECK(done == doctest::Approx(model.target_flop));
    CHECK(spans.back().to_day == doctest::Approx(outcome.days));
    CHECK(spans.front().from_day == 30);
}

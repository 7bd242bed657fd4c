// The compiled plan: numbers only, evaluated once for an answer or a million times for its doubt.
//
// A model holds the units (systems and sites to be built) that a scenario may use, and which uncertain input
// moves what. evaluate() walks the events in time (a unit comes online, ramps up, retires) instead of the
// days, adds up useful FLOP and stops on the day when the target is reached:
//     rate(t)   = sum over units of  share x cards x count factor x peak x MFU x ramp(t)
//     useful(t) = rate(t) x availability x efficiency(sites(t), rate(t) x availability)
//     day       = least d with 86,400 s x integral of useful over [first day, d] >= target
// Efficiency is taken at the middle of each interval between two events. docs/models/plan.md.
//
// Constant after it was made; evaluate() allocates nothing and may run in any number of threads at once.
// Invariants: units <= max_units; days is +inf when the target is not reached within the horizon; hours, kWh
// and euros are then those of the whole horizon.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contract/measured.hpp"
#include "planner/availability.hpp"
#include "planner/efficiency.hpp"
#include "planner/spread.hpp"

namespace euromesh::planner {

inline constexpr std::size_t max_units = 256;
inline constexpr double never = std::numeric_limits<double>::infinity();

// Index of an input in PlanModel::inputs, or none.
using InputIndex = std::int32_t;
inline constexpr InputIndex no_input = -1;

struct ModelUnit {
    double cards = 0;
    double peak_flop_per_s = 0;  // of one card
    double share = 1;
    double end_day = never;  // since the scenario's first day
    double ramp_days = 0;
    InputIndex online_day = no_input;  // none: it runs already
    InputIndex count_factor = no_input;
    InputIndex mfu = no_input;
    InputIndex hour_price = no_input;  // euros an accelerator-hour
    double watts = 0;                  // of one card with its part of the host, without PUE
    double pue = 0;                    // 0: the input `pue`
    double carbon_g_per_kwh = 0;
    double price_eur_per_kwh = 0;
    bool fits = true;      // a replica of the model fits its memory
    bool selected = true;  // it adds more than it costs
};

// Inputs that concern all units.
struct CommonInputs {
    InputIndex coordination_days = no_input;
    InputIndex wall_time_h = no_input;
    InputIndex queue_h = no_input;
    InputIndex chained = no_input;
    InputIndex maintenance = no_input;
    InputIndex wan_gbps = no_input;
    InputIndex round_trip_ms = no_input;
    InputIndex straggler = no_input;
    InputIndex penalty = no_input;
    InputIndex pue = no_input;
    InputIndex power = no_input;        // factor on watts
    InputIndex carbon = no_input;       // factor on grams
    InputIndex electricity = no_input;  // factor on the price of a kWh
};

// What the model takes into account; all off is cards x peak x MFU x efficiency, from the first day.
struct Stages {
    bool memory = true;        // only units that a replica fits, and that help
    bool availability = true;  // queues, wall times, maintenance, failures
    bool efficiency = true;    // exchange, stragglers, penalties
    bool coordination = true;  // the wait for the first allocation
    bool events = true;        // units come and go; off: everything runs from the first day for ever
};

struct PlanOutcome {
    double days = never;  // from the scenario's first day
    double accelerator_hours = 0;
    double kwh = 0;
    double euros = 0;              // accelerator-hours at market price, electricity included
    double electricity_euros = 0;  // a part of it
    double grams_co2e = 0;
};
inline constexpr std::size_t outcome_count = 6;

// The state of a federation between two events.
struct Span {
    double from_day = 0;
    double to_day = 0;
    double rate = 0;   // FLOP/s at its start: share x cards x peak x MFU
    double slope = 0;  // FLOP/s a day
    double sites = 0;
    double useful = 0;  // FLOP a day and FLOP/s of rate: 86,400 x availability x efficiency
    Efficiency efficiency;
};

struct PlanModel {
    std::vector<ModelUnit> units;
    std::vector<UncertainInput> inputs;
    CommonInputs common;
    PreparedShape shape;
    AvailabilityInputs access;                   // what is not uncertain of it
    std::optional<contract::Measured> measured;  // in place of the formula where it holds
    double fixed_efficiency = 0;                 // in place of the efficiency model; 0: none
    double target_flop = 0;
    double horizon_days = 0;

    // `values`: one an input. `spans`: when given, receives what it walked through (at most 3 a unit + 1).
    PlanOutcome evaluate(std::span<const double> values, const Stages& stages = {},
                         std::vector<Span>* spans = nullptr) const;

    double availability(std::span<const double> values, const Stages& stages) const;
    Efficiency efficiency(std::span<const double> values, const Stages& stages, double sites,
                          double flop_per_s) const;
    // FLOP/s of one unit: share x cards x count factor x peak x MFU.
    double rate(const ModelUnit& unit, std::span<const double> values) const;
    double first_day(const ModelUnit& unit, std::span<const double> values, const Stages& stages) const;
    bool takes_part(const ModelUnit& unit, const Stages& stages) const;

    std::vector<double> central() const;

    // Hours, energy, money and carbon of one unit until a day.
    PlanOutcome consumption_of(std::size_t unit, std::span<const double> values, double until_day) const;

  private:
    double start_day(std::span<const double> values, const Stages& stages) const;
    void add_consumption(PlanOutcome& outcome, const ModelUnit& unit, std::span<const double> values,
                         const Stages& stages, double until, double available) const;
};

// outcome as the Monte Carlo stores it: days, accelerator_hours, kwh, euros, electricity_euros, grams_co2e.
void store(const PlanOutcome& outcome, std::span<double> out);

}  // namespace euromesh::planner

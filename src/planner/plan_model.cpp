#include "planner/plan_model.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "planner/measured_efficiency.hpp"

namespace euromesh::planner {
namespace {

constexpr double seconds_per_day = 86400;

double at(std::span<const double> values, InputIndex index, double otherwise) {
    return index == no_input ? otherwise : values[static_cast<std::size_t>(index)];
}

// What changes at one moment. Without initialisers: a walk has room for hundreds of them and uses few.
struct Event {
    double day, rate, slope, sites;
};

// Events in the order of their days, on the stack: a plan is evaluated a million times.
class Events {
  public:
    void add(const Event& event) {
        EM_ASSERT(count_ < events_.size(), "three events a unit");
        std::size_t place = count_++;
        for (; place > 0 && events_[place - 1].day > event.day; --place) events_[place] = events_[place - 1];
        events_[place] = event;
    }
    std::span<const Event> list() const { return {events_.data(), count_}; }

  private:
    std::array<Event, 3 * max_units + 1> events_;
    std::size_t count_ = 0;
};

// One unit's part in the state at the first day, and its later events.
void add_unit(Event& state, Events& events, const ModelUnit& unit, double rate, double online, double start,
              double end) {
    if (end <= std::max(online, start)) return;
    const double slope = unit.ramp_days > 0 ? rate / unit.ramp_days : 0;
    const double full = online + unit.ramp_days;
    if (full <= start) {
        state.rate += rate;
        state.sites += 1;
    } else if (online <= start) {
        state.rate += slope * (start - online);
        state.slope += slope;
        state.sites += 1;
        if (full < end) events.add({full, 0, -slope, 0});
    } else {
        events.add({online, slope > 0 ? 0 : rate, slope, 1});
        if (slope > 0 && full < end) events.add({full, 0, -slope, 0});
    }
    if (end < never) {
        const double reached = slope > 0 ? std::min(rate, slope * (end - online)) : rate;
        events.add({end, -reached, end <= full ? -slope : 0, -1});
    }
}

// The time after which `rate` growing by `slope` has added up to `amount`: rate t + slope t^2 / 2 = amount.
double time_to(double amount, double rate, double slope) {
    if (slope == 0) return amount / rate;
    return 2 * amount / (rate + std::sqrt(rate * rate + 2 * slope * amount));
}

struct Walk {
    const PlanModel& model;
    std::span<const double> values;
    const Stages& stages;
    double availability;
    std::vector<Span>* spans;
    double day;
    double done = 0;

    // Goes on to `until`; true when the target is reached before, `day` is then that day.
    bool advance(const Event& state, double until) {
        const double length = until - day;
        // Rates that cancelled out leave rounding behind: no site, no rate.
        if (length <= 0 || state.sites < 0.5) return leave(until);
        const double middle = state.rate + state.slope * length / 2;
        if (!(middle * availability > 0)) return leave(until);
        const Efficiency efficiency = model.efficiency(values, stages, state.sites, middle * availability);
        const double useful = seconds_per_day * availability * efficiency.total;
        if (spans != nullptr)
            spans->push_back({day, until, state.rate, state.slope, state.sites, useful, efficiency});
        const double wanted = (model.target_flop - done) / useful;
        if (wanted <= length * middle) {
            day += time_to(wanted, state.rate, state.slope);
            if (spans != nullptr) spans->back().to_day = day;
            return true;
        }
        done += useful * length * middle;
        return leave(until);
    }

    bool leave(double until) {
        day = std::max(day, until);
        return false;
    }
};

double days_active(double first, double end, double until, double ramp) {
    const double last = std::min(end, until);
    if (last <= first) return 0;
    const double length = last - first;
    if (ramp <= 0) return length;
    return length >= ramp ? length - ramp / 2 : length * length / (2 * ramp);
}

}  // namespace

void store(const PlanOutcome& outcome, std::span<double> out) {
    out[0] = outcome.days;
    out[1] = outcome.accelerator_hours;
    out[2] = outcome.kwh;
    out[3] = outcome.euros;
    out[4] = outcome.electricity_euros;
    out[5] = outcome.grams_co2e;
}

std::vector<double> PlanModel::central() const {
    std::vector<double> values;
    for (const UncertainInput& input : inputs) values.push_back(input.spread.central);
    return values;
}

bool PlanModel::takes_part(const ModelUnit& unit, const Stages& stages) const {
    return !stages.memory || (unit.fits && unit.selected);
}

double PlanModel::rate(const ModelUnit& unit, std::span<const double> values) const {
    return unit.share * unit.cards * at(values, unit.count_factor, 1) * unit.peak_flop_per_s *
           at(values, unit.mfu, 0);
}

double PlanModel::first_day(const ModelUnit& unit, std::span<const double> values,
                            const Stages& stages) const {
    return stages.events ? at(values, unit.online_day, -never) : -never;
}

double PlanModel::availability(std::span<const double> values, const Stages& stages) const {
    if (!stages.availability) return 1;
    AvailabilityInputs inputs_now = access;
    inputs_now.wall_time_h = at(values, common.wall_time_h, access.wall_time_h);
    inputs_now.queue_h = at(values, common.queue_h, access.queue_h);
    inputs_now.chained = at(values, common.chained, access.chained);
    inputs_now.maintenance_fraction = at(values, common.maintenance, access.maintenance_fraction);
    return availability_of(inputs_now);
}

Efficiency PlanModel::efficiency(std::span<const double> values, const Stages& stages, double sites,
                                 double flop_per_s) const {
    if (!stages.efficiency) return {};
    if (fixed_efficiency > 0) {
        Efficiency fixed;
        fixed.total = fixed_efficiency;
        return fixed;
    }
    const Conditions conditions{.wan_bytes_per_s = at(values, common.wan_gbps, 10) * 1e9 / 8,
                                .round_trip_s = at(values, common.round_trip_ms, 0) * 1e-3,
                                .straggler = at(values, common.straggler, 0),
                                .penalty_scale = at(values, common.penalty, 0)};
    if (measured) {
        const auto found = measured_efficiency(*measured, shape.shape, conditions, sites, flop_per_s);
        if (found) return *found;
    }
    return efficiency_of(shape, conditions, sites, flop_per_s);
}

PlanOutcome PlanModel::evaluate(std::span<const double> values, const Stages& stages,
                                std::vector<Span>* spans) const {
    EM_ASSERT(values.size() == inputs.size(), "one value an input");
    const double start = start_day(values, stages);
    Event state{};
    Events events;
    for (const ModelUnit& unit : units) {
        if (!takes_part(unit, stages)) continue;
        add_unit(state, events, unit, rate(unit, values), first_day(unit, values, stages), start,
                 stages.events ? unit.end_day : never);
    }
    Walk walk{*this, values, stages, availability(values, stages), spans, start};
    bool reached = false;
    for (const Event& event : events.list()) {
        reached = walk.advance(state, std::min(event.day, horizon_days));
        if (reached || event.day >= horizon_days) break;
        state.rate += state.slope * (event.day - std::max(state.day, start)) + event.rate;
        state.slope += event.slope;
        state.sites += event.sites;
        state.day = event.day;
    }
    if (!reached && walk.day < horizon_days) reached = walk.advance(state, horizon_days);
    PlanOutcome outcome;
    if (reached) outcome.days = walk.day;
    for (const ModelUnit& unit : units)
        if (takes_part(unit, stages))
            add_consumption(outcome, unit, values, stages, std::min(walk.day, horizon_days),
                            walk.availability);
    return outcome;
}

double PlanModel::start_day(std::span<const double> values, const Stages& stages) const {
    return stages.coordination ? std::max(0.0, at(values, common.coordination_days, 0)) : 0;
}

PlanOutcome PlanModel::consumption_of(std::size_t unit, std::span<const double> values,
                                      double until_day) const {
    PlanOutcome outcome;
    add_consumption(outcome, units[unit], values, {}, std::min(until_day, horizon_days),
                    availability(values, {}));
    return outcome;
}

void PlanModel::add_consumption(PlanOutcome& outcome, const ModelUnit& unit, std::span<const double> values,
                                const Stages& stages, double until, double available) const {
    const double start = start_day(values, stages);
    const double online = first_day(unit, values, stages);
    const double days = days_active(std::max(start, online), stages.events ? unit.end_day : never, until,
                                    online > start ? unit.ramp_days : 0);
    const double hours = days * 24 * available * unit.share * unit.cards * at(values, unit.count_factor, 1);
    const double pue = unit.pue > 0 ? unit.pue : at(values, common.pue, 1);
    const double kwh = hours * unit.watts * at(values, common.power, 1) * pue / 1000;
    outcome.accelerator_hours += hours;
    outcome.kwh += kwh;
    outcome.euros += hours * at(values, unit.hour_price, 0);
    outcome.electricity_euros += kwh * unit.price_eur_per_kwh * at(values, common.electricity, 1);
    outcome.grams_co2e += kwh * unit.carbon_g_per_kwh * at(values, common.carbon, 1);
}

}  // namespace euromesh::planner

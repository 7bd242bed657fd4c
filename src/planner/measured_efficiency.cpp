#include "planner/measured_efficiency.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "planner/convergence.hpp"

namespace euromesh::planner {
namespace {

using contract::Measured;

constexpr std::int64_t rounds_for_bytes = 10;  // so that the joining and leaving are small
constexpr std::int64_t rounds_for_gap = 100;  // a cold start alone costs more than the method: convergence.md

bool within(double factor, double a, double b) {
    return a > 0 && b > 0 && a <= factor * b && b <= factor * a;
}

double sites_of(const Measured& measured) {
    return static_cast<double>(measured.sites.size());
}

bool alike(const Measured& measured, const RunShape& shape, double sites) {
    return measured.sites.size() > 1 && within(2, sites_of(measured), sites) &&
           within(2, static_cast<double>(measured.inner_steps), shape.inner_steps);
}

// exposed over compute, of the formula and as measured
bool same_regime(const Measured& measured, const Efficiency& formula) {
    const double measured_share = measured.utilisation(), share = formula.utilisation;
    if (!(measured_share > 0 && share > 0)) return false;
    return within(2, (1 - measured_share) / measured_share, (1 - share) / share);
}

bool waits_hold(const Measured& measured, const RunShape& shape, double sites, const Efficiency& formula) {
    return alike(measured, shape, sites) && same_regime(measured, formula);
}

}  // namespace

std::optional<double> measured_payload(const Measured& measured, std::string_view codec) {
    const double sites = sites_of(measured);
    if (measured.codec != codec || sites < 2 || measured.rounds < rounds_for_bytes) return std::nullopt;
    return measured.bytes_per_parameter / bytes_on_busiest_line(Topology::ring, 1, sites);
}

std::optional<double> measured_penalty(const Measured& measured, const RunShape& shape, double sites) {
    const bool holds = measured.loss_gap && measured.rounds >= rounds_for_gap &&
                       alike(measured, shape, sites) &&
                       within(10, static_cast<double>(measured.parameters), shape.parameters);
    if (!holds) return std::nullopt;
    return compute_for_log_loss_ratio(std::max(0.0, std::log1p(*measured.loss_gap)));
}

std::optional<Efficiency> measured_efficiency(const Measured& measured, const RunShape& shape,
                                              const Conditions& conditions, double sites, double flop_per_s) {
    Efficiency result = efficiency_of(shape, conditions, sites, flop_per_s);
    const std::optional<double> penalty = measured_penalty(measured, shape, sites);
    const bool waits = waits_hold(measured, shape, sites, result);
    if (!penalty && !waits) return std::nullopt;
    if (penalty) result.penalty = *penalty;
    // The measured wait is for exchanges and for slower sites together: no straggler on top of it.
    const double straggler = waits ? 0 : conditions.straggler;
    if (waits) result.utilisation = measured.utilisation();
    result.total = result.utilisation * (1 - straggler) / (result.penalty * result.batch_penalty);
    return result;
}

RunShape with_measured_payload(const Measured& measured, std::string_view codec, RunShape shape) {
    shape.payload_bytes_per_parameter =
        measured_payload(measured, codec).value_or(shape.payload_bytes_per_parameter);
    return shape;
}

namespace {

facts::Source source_of(const Measured& measured) {
    return {.name = "measured: run " + measured.run + ", euromesh " + measured.program,
            .as_of = measured.date,
            .grade = facts::Grade::a};
}

void measured_leaf(Trace& trace, const Measured& measured, const char* id, const char* label, double value,
                   const char* unit, bool used, const char* bounds) {
    trace.leaf({.id = id,
                .label = label,
                .value = value,
                .unit = unit,
                .source = source_of(measured),
                .note = used ? "used" : std::string("not used: holds only for ") + bounds});
}

void replace(Trace& trace, const char* id, const char* label, double value, const char* unit,
             const char* formula, const char* input) {
    trace.derive(
        {.id = id, .label = label, .value = value, .unit = unit, .formula = formula, .inputs = {input}});
}

void describe_bytes(Trace& trace, const Measured& measured, std::string_view codec) {
    const std::optional<double> payload = measured_payload(measured, codec);
    measured_leaf(trace, measured, "measured.bytes", "bytes a site sent, of a parameter and outer step",
                  measured.bytes_per_parameter, "bytes", payload.has_value(),
                  "the same codec, two sites or more and 10 outer steps");
    if (payload)
        replace(trace, "efficiency.payload", "bytes of a parameter on the wire", *payload, "bytes",
                "bytes / (2 (M - 1)/M)", "measured.bytes");
}

void describe_waits(Trace& trace, const Measured& measured, bool used) {
    measured_leaf(trace, measured, "measured.utilisation", "compute over compute and waiting",
                  measured.utilisation(), "1", used,
                  "H and sites within a factor 2 and the same ratio of waiting to compute");
    if (!used) return;
    replace(trace, "efficiency.utilisation", "compute over round time", measured.utilisation(), "1",
            "as measured", "measured.utilisation");
    replace(trace, "efficiency.straggler", "part of a round lost by waiting", 0, "1",
            "within the measured waiting", "measured.utilisation");
}

void describe_gap(Trace& trace, const Measured& measured, const std::optional<double>& penalty) {
    if (!measured.loss_gap) return;
    measured_leaf(trace, measured, "measured.loss_gap", "loss above data parallelism", *measured.loss_gap,
                  "1", penalty.has_value(),
                  "H and sites within a factor 2, parameters within 10 and 100 outer steps");
    if (penalty)
        replace(trace, "efficiency.penalty", "more compute for the same loss", *penalty, "1",
                "exp(ln(1 + gap) / 0.0375)", "measured.loss_gap");
}

}  // namespace

void describe_measured_efficiency(Trace& trace, const Measured& measured, std::string_view codec,
                                  const RunShape& shape, const Conditions& conditions, double sites,
                                  double flop_per_s) {
    const RunShape used = with_measured_payload(measured, codec, shape);
    const Efficiency formula = efficiency_of(used, conditions, sites, flop_per_s);
    const std::optional<Efficiency> found =
        measured_efficiency(measured, used, conditions, sites, flop_per_s);
    describe_bytes(trace, measured, codec);
    describe_waits(trace, measured, waits_hold(measured, used, sites, formula));
    describe_gap(trace, measured, measured_penalty(measured, used, sites));
    describe_efficiency(trace, used, conditions, sites, flop_per_s, found.value_or(formula));
}

}  // namespace euromesh::planner

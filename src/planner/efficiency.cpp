#include "planner/efficiency.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "planner/convergence.hpp"
#include "planner/critical_batch.hpp"

namespace euromesh::planner {
namespace {

constexpr double flop_per_parameter_and_token = 6;
constexpr double compute_optimal_tokens = 20;  // a parameter: Hoffmann et al. 2022, arXiv 2203.15556

double training_tokens_of(const RunShape& shape) {
    return shape.training_tokens > 0 ? shape.training_tokens : compute_optimal_tokens * shape.parameters;
}

double step_seconds(const RunShape& shape, double flop_per_s) {
    return flop_per_parameter_and_token * shape.active_parameters * shape.batch_tokens / flop_per_s;
}

}  // namespace

PreparedShape prepare(const RunShape& shape) {
    return {.shape = shape,
            .gap = gap_terms(shape.parameters, shape.inner_steps),
            .payload_bytes = shape.parameters * shape.payload_bytes_per_parameter,
            .batch_penalty =
                batch_penalty(shape.batch_tokens, training_tokens_of(shape), shape.reference_batch_tokens)};
}

Efficiency efficiency_of(const PreparedShape& prepared, const Conditions& conditions, double sites,
                         double flop_per_s) {
    EM_ASSERT(sites >= 1 && flop_per_s > 0, "a run has a site, and the site computes");
    const RunShape& shape = prepared.shape;
    const double step_s = step_seconds(shape, flop_per_s);
    const double compute_s = shape.inner_steps * step_s;
    Efficiency result;
    result.exchange_s = exchange_seconds(shape.topology, prepared.payload_bytes, sites,
                                         conditions.wan_bytes_per_s, conditions.round_trip_s);
    result.exposed_s = std::max(0.0, result.exchange_s - shape.overlap_steps * step_s);
    result.round_s = compute_s + result.exposed_s;
    result.utilisation = compute_s / result.round_s;
    result.penalty = convergence_penalty(prepared.gap, sites, conditions.penalty_scale);
    result.batch_penalty = prepared.batch_penalty;
    const double waits = sites > 1 ? conditions.straggler : 0;
    result.total = result.utilisation * (1 - waits) / (result.penalty * result.batch_penalty);
    return result;
}

Efficiency efficiency_of(const RunShape& shape, const Conditions& conditions, double sites,
                         double flop_per_s) {
    return efficiency_of(prepare(shape), conditions, sites, flop_per_s);
}

namespace {

// A list of figures reads better than the same braces twenty times.
struct Described {
    Trace& trace;

    void choice(const char* id, const char* label, double value, const char* unit) const {
        trace.leaf({.id = std::string("efficiency.") + id,
                    .label = label,
                    .value = value,
                    .unit = unit,
                    .source = {.name = "the scenario", .grade = facts::Grade::c}});
    }
    void derived(const char* id, const char* label, double value, const char* unit, const char* formula,
                 std::vector<std::string> inputs, const char* note = "") const {
        if (trace.find(std::string("efficiency.") + id) != nullptr) return;
        for (std::string& input : inputs) input.insert(0, "efficiency.");
        trace.derive({.id = std::string("efficiency.") + id,
                      .label = label,
                      .value = value,
                      .unit = unit,
                      .formula = formula,
                      .inputs = std::move(inputs),
                      .note = note});
    }
};

void describe_choices(const Described& to, const RunShape& shape, const Conditions& conditions, double sites,
                      double flop_per_s) {
    to.choice("sites", "sites", sites, "1");
    to.choice("flop_per_s", "what all sites together compute", flop_per_s, "FLOP/s");
    to.choice("parameters", "parameters that are exchanged", shape.parameters, "1");
    to.choice("active_parameters", "parameters that compute for a token", shape.active_parameters, "1");
    to.choice("batch", "tokens of one inner step, all sites together", shape.batch_tokens, "tokens");
    to.choice("reference_batch", "batch for which the compute was budgeted", shape.reference_batch_tokens,
              "tokens");
    to.choice("tokens", "training tokens", training_tokens_of(shape), "tokens");
    to.choice("inner_steps", "inner steps between exchanges", shape.inner_steps, "1");
    to.choice("overlap_steps", "inner steps that may hide an exchange", shape.overlap_steps, "1");
    to.choice("payload", "bytes of a parameter on the wire", shape.payload_bytes_per_parameter, "bytes");
    to.choice("wan", "usable line of one site", conditions.wan_bytes_per_s, "bytes/s");
    to.choice("round_trip", "round trip between sites", conditions.round_trip_s, "s");
    to.choice("straggler", "part of a round lost by waiting", conditions.straggler, "1");
    to.choice("penalty_scale", "0 optimistic, 1 central, 2 pessimistic", conditions.penalty_scale, "1");
}

void describe_fits(Trace& trace) {
    trace.leaf({.id = "efficiency.diloco_fits",
                .label = "loss exponent in compute, of the scaling laws of DiLoCo",
                .value = 0.0375,
                .unit = "1",
                .source = {"Scaling laws for DiLoCo, tables 4, 5, 7", "https://arxiv.org/abs/2503.09799",
                           "2025-03", facts::Grade::b},
                .note = "fits up to 2.4B and 8 replicas, measured to 10B and 4: beyond is extrapolated"});
    trace.leaf({.id = "efficiency.critical_batch_fit",
                .label = "exponent of the critical batch in training tokens",
                .value = 0.462,
                .unit = "1",
                .source = {"Power Lines (recalled); exponent 0.47 in arXiv 2410.21676",
                           "https://arxiv.org/abs/2505.13738", "2025-05", facts::Grade::c},
                .note = "B = 0.0471 D^0.462 sequences of 2,048 tokens"});
}

}  // namespace

void describe_efficiency(Trace& trace, const RunShape& shape, const Conditions& conditions, double sites,
                         double flop_per_s, const Efficiency& found) {
    const Described to{trace};
    describe_choices(to, shape, conditions, sites, flop_per_s);
    describe_fits(trace);
    to.derived("step", "one inner step", step_seconds(shape, flop_per_s), "s",
               "6 active_parameters batch / flop_per_s", {"active_parameters", "batch", "flop_per_s"});
    to.derived("exchange", "one exchange", found.exchange_s, "s",
               shape.topology == Topology::ring  ? "2 (M - 1)/M payload N / wan + (M - 1) round_trip"
               : shape.topology == Topology::hub ? "2 M payload N / wan + round_trip"
                                                 : "(M - 1) payload N / wan + round_trip",
               {"sites", "payload", "parameters", "wan", "round_trip"}, "docs/models/wan.md");
    to.derived("utilisation", "compute over round time", found.utilisation, "1",
               "H step / (H step + max(0, exchange - overlap_steps step))",
               {"inner_steps", "step", "exchange", "overlap_steps"});
    to.derived("penalty", "more compute for the same loss", found.penalty, "1",
               "exp(ln(loss ratio of M, N, H) / exponent)",
               {"sites", "parameters", "inner_steps", "penalty_scale", "diloco_fits"},
               "docs/models/convergence-penalty.md");
    to.derived("batch_penalty", "more tokens for a large batch", found.batch_penalty, "1",
               "(Bc + B) / (Bc + Bref)", {"batch", "reference_batch", "tokens", "critical_batch_fit"},
               "docs/models/critical-batch.md");
    to.derived("total", "share of the compute that is progress", found.total, "1",
               "utilisation (1 - straggler) / (penalty batch_penalty)",
               {"utilisation", "straggler", "penalty", "batch_penalty"});
}

void describe_efficiency(Trace& trace, const RunShape& shape, const Conditions& conditions, double sites,
                         double flop_per_s) {
    describe_efficiency(trace, shape, conditions, sites, flop_per_s,
                        efficiency_of(shape, conditions, sites, flop_per_s));
}

}  // namespace euromesh::planner

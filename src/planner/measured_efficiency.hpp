// What a measured run says about a planned one, and what it does not.
//
// A run of a million parameters on two cores says little about 405 billion on ten sites. Three things are
// measured, and each holds within its own bounds (docs/models/efficiency.md gives the reasons):
//   payload      bytes of a parameter on the wire, framing and encryption included: same codec. Frames do not
//                grow with the model, so that the measured value is an upper bound for a larger one.
//   utilisation  H, sites within a factor 2, and the formula's exchange-to-compute ratio within a factor 2 of
//                the measured wait-to-compute ratio: then both runs are in the same regime.
//   loss gap     H, sites within a factor 2, parameters within a factor 10, at least 100 outer steps
//   measured.
// Pure functions of plain values.
#pragma once

#include <optional>
#include <string_view>

#include "contract/measured.hpp"
#include "planner/efficiency.hpp"

namespace euromesh::planner {

// Bytes of a parameter on the wire for RunShape::payload_bytes_per_parameter: what a site sent, over the
// 2 (M - 1)/M payloads of our reduce-scatter. nullopt: another codec, one site, or fewer than 10 outer steps.
std::optional<double> measured_payload(const contract::Measured& measured, std::string_view codec);

// The convergence penalty that the measured loss gap means, when it holds for this shape and number of sites.
std::optional<double> measured_penalty(const contract::Measured& measured, const RunShape& shape,
                                       double sites);

// The formula with every factor replaced whose measurement holds; nullopt when neither utilisation nor loss
// gap does.
std::optional<Efficiency> measured_efficiency(const contract::Measured& measured, const RunShape& shape,
                                              const Conditions& conditions, double sites, double flop_per_s);

// The shape with the measured bytes in place of the codec's, when they hold.
RunShape with_measured_payload(const contract::Measured& measured, std::string_view codec, RunShape shape);

// Writes what was measured (ids "measured.*", each with a note whether the plan uses it and why not), the
// figures "efficiency.*" that rest on it, and the rest as describe_efficiency does. `shape` as above.
void describe_measured_efficiency(Trace& trace, const contract::Measured& measured, std::string_view codec,
                                  const RunShape& shape, const Conditions& conditions, double sites,
                                  double flop_per_s);

}  // namespace euromesh::planner

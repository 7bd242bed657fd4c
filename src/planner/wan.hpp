// How long an exchange of pseudo-gradients between sites takes.
//
// Question: M sites each hold the same number of parameters; how many bytes cross one site's line in an outer
// step, and for how many seconds? Pure functions of doubles, no allocation: safe in a Monte Carlo loop and
// from any thread. docs/models/wan.md has the derivation. Units: bytes, seconds, bytes/s.
//
// Model: every site has one line of `bytes_per_s`, full duplex, that it uses alone; the slowest line sets the
// time. Shared backbones and TCP's own slow start are not modelled: give what one stream really reaches.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace euromesh::planner {

// ring        reduce-scatter and all-gather: 2 (M - 1)/M payloads a site (Patarasu and Yuan 2009). Our
// engine's
//             direct exchange moves the same bytes, in fewer hops.
// hub         every site dials out to one machine, which adds up and answers: its line carries M payloads in
//             and M out, one after the other, since nothing can be sent before the last payload is in.
// all_to_all  every site sends its whole payload to each other one (as through an object store without sums).
enum class Topology { ring, hub, all_to_all };

std::string_view name_of(Topology topology);
// not_found: names the ones that exist.
Result<Topology> topology_of(std::string_view name);

// Bytes that a parameter takes on the wire, scales included, framing not. fp32 4, bf16 and fp16 2,
// int8 1 + 4/256, int4 and e3m0 0.5 + 4/256, topk 64 x (12 + 2) bits and two levels of 16 bits for each
// 4,096 values = 0.0283 (src/sync/codec_topk.hpp; after arXiv 2508.15706). not_found: names the codecs that
// exist.
Result<double> payload_of(std::string_view codec);

// Bytes that cross the busiest line in one direction during one exchange. 0 for one site.
double bytes_on_busiest_line(Topology topology, double payload_bytes, double sites);

// One exchange from the first byte to the last. 0 for one site.
double exchange_seconds(Topology topology, double payload_bytes, double sites, double bytes_per_s,
                        double round_trip_s);

}  // namespace euromesh::planner

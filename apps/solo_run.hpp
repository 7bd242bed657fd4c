// What a federated run is compared with: one site's model trained alone, and data parallelism on all texts.
//
// Both see the same number of steps, the same learning rates and the same first parameters as the federated
// run. Alone: the site's own text and batch. Data parallel: in each step one batch from every site's text, as
// if the gradients had been averaged in every step. Both are evaluated on every language's held-out text.
#pragma once

#include "apps/replica.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

Status train_alone(const contract::RunSpec& spec, std::size_t rank, const ProcessOptions& options,
                   const Clock& clock, EventTeller& teller);

Status train_data_parallel(const contract::RunSpec& spec, const ProcessOptions& options, const Clock& clock,
                           EventTeller& teller);

// Tokens per second of one process, measured for about `seconds`: how --minutes chooses the number of steps.
Result<double> measure_rate(const contract::RunSpec& spec, const ProcessOptions& options, const Clock& clock,
                            double seconds);

}  // namespace euromesh::apps

// What a large batch costs, and how large a batch a fleet needs.
//
// Up to the critical batch, twice the batch takes half the steps; beyond it more data is spent for nothing.
// Pure functions of doubles, no allocation. docs/models/critical-batch.md has sources and limits.
// Units: tokens.
#pragma once

namespace euromesh::planner {

// Critical batch of a run over `training_tokens` (a fit, see critical_batch.cpp).
double critical_batch_tokens(double training_tokens);

// Tokens needed with this batch over tokens needed with the reference batch: (1 + B/Bc) / (1 + Bref/Bc), at
// least 1 (McCandlish et al. 2018, arXiv 1812.06162, equation 2.11 in another form). `reference_batch` is the
// batch for which the target's FLOP was budgeted; 0 charges the whole 1 + B/Bc.
double batch_penalty(double batch_tokens, double training_tokens, double reference_batch_tokens);

// A fleet has to give every accelerator something to do in every step.
struct BatchNeed {
    double batch_tokens = 0;  // the smallest global batch with which all accelerators have work
    double penalty = 1;       // what that batch costs
};
BatchNeed batch_need(double accelerators, double tokens_per_accelerator, double training_tokens,
                     double reference_batch_tokens);

}  // namespace euromesh::planner

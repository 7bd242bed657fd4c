// How much more compute a federated run needs for the same loss than data parallelism.
//
// The published scaling laws of DiLoCo (arXiv 2503.09799) give the loss by number of replicas M and
// parameters N; a loss ratio is turned into compute by their own exponent. Pure functions of doubles, no
// allocation. docs/models/convergence-penalty.md has formula, sources and limits. Beyond 10B parameters or 8
// sites every value is an extrapolation: grade C.
#pragma once

namespace euromesh::planner {

// The natural logarithm of (loss of the federated run / loss of data parallelism) at the same compute, never
// below 0; 0 for one site. It grows by 9 % with each doubling of H beyond the 30 of the fits.
// optimistic: the fits as published, extrapolated to any N and M.
double optimistic_log_loss_ratio(double parameters, double sites, double inner_steps);
// central: the same, but never below what was measured at 10B, so that a larger model gets no credit.
double central_log_loss_ratio(double parameters, double sites, double inner_steps);

// exp(log_loss_ratio / exponent of loss in compute): 1 or more.
double compute_for_log_loss_ratio(double log_loss_ratio);

// The formula of the published EuroMesh analysis (June 2026): min(1.6, alpha0 + k_H log2(H/500) + k_N log2
// M).
struct PublishedPenalty {
    double alpha0 = 1.20;  // its pessimistic column
    double per_doubling_of_steps = 0.05;
    double per_doubling_of_sites = 0.06;
    double most = 1.6;
};
double published_penalty(const PublishedPenalty& constants, double sites, double inner_steps);

// scale 0: optimistic; 1: central; 2: pessimistic, the larger of twice the central gap and the published
// formula's pessimistic column; linear in between, held outside. 1 for one site. Never falls with scale,
// sites or inner_steps, never rises with parameters.
double convergence_penalty(double parameters, double sites, double inner_steps, double scale);

// What N and H alone decide, for a loop in which they stay: same result, in a third of the time.
struct GapTerms {
    double at_2 = 0;  // ln of the fitted loss ratio with 2 sites, 4, 8
    double at_4 = 0;
    double at_8 = 0;
    double steps_factor = 1;
    double published_doublings = 0;  // log2(H / 500)
};
GapTerms gap_terms(double parameters, double inner_steps);
double convergence_penalty(const GapTerms& terms, double sites, double scale);

}  // namespace euromesh::planner

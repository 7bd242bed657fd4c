// The normal distribution, exact and fast.
//
// normal_cdf and normal_quantile are as exact as double allows (relative error below 1e-14). NormalTable
// gives the same two functions within the errors stated below, without a branch that depends on the data: a
// million scenarios call them a hundred times each. Pure functions; a table is constant after it was made, so
// that any number of threads may read it.
#pragma once

#include <cstdint>
#include <vector>

namespace euromesh::planner {

// P(Z <= z).
double normal_cdf(double z);
// The inverse: Wichura, Algorithm AS 241 (Applied Statistics 37, 1988), routine PPND16. 0 -> -inf, 1 -> +inf.
double normal_quantile(double p);

class NormalTable {
  public:
    // The one table of the program, made on first use (about 0.2 ms).
    static const NormalTable& shared();

    // Linear between 4,096 steps: absolute error below 1e-6, relative error below 2e-4. |z| > 8 is taken
    // as 8.
    double cdf(double z) const;
    // Absolute error of z below 2e-5. p outside 2^-33 .. 1 - 2^-33, which Sobol points never leave, counts as
    // these.
    double quantile(double p) const;

  private:
    NormalTable();
    struct Line {
        double value = 0;
        double slope = 0;
    };
    std::vector<Line> cdf_;       // by z, even steps
    std::vector<Line> quantile_;  // by the bits of p: 128 even steps in each power of two
};

}  // namespace euromesh::planner

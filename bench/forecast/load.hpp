// Loads like those of published traces: seeded, in milliseconds of a site's time.
//
// Arrivals are Poisson; sizes log-uniform with a liking for powers of two (Lublin and Feitelson 2003); limits
// few round values (Tsafrir, Etsion, Feitelson 2005); the part of the limit that a job uses is about uniform,
// with some that fail at once and some that use all of it (Mu'alem and Feitelson 2001).
#pragma once

#include <cstdint>
#include <vector>

namespace euromesh::bench {

struct LoadJob {
    std::int64_t arrives_ms = 0;
    std::int64_t nodes = 1;
    std::int64_t limit_ms = 0;
    std::int64_t run_ms = 0;  // at most the limit
};

struct LoadForm {
    std::uint64_t seed = 1;
    std::int64_t nodes = 1000;               // of the machine
    std::int64_t largest = 256;              // job
    std::int64_t percent = 80;               // of the machine's node-hours that is asked for
    std::int64_t until_ms = 0;               // arrivals end
    std::int64_t limit_unit_ms = 3'600'000;  // limits are 1, 2, 3, 4, 6 or 8 of it
    std::int64_t limits_most = 8;
    bool fills = true;  // at the beginning there is enough to fill the machine, with ages
};

// In order of arrival.
std::vector<LoadJob> make_load(const LoadForm& form);

}  // namespace euromesh::bench

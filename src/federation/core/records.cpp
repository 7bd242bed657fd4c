#include "federation/core/records.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace euromesh::federation {

std::int64_t milli_gpu_hours(std::int64_t gpus, std::int64_t duration_ms) {
    EM_ASSERT(gpus >= 0 && duration_ms >= 0, "amounts of computing are not negative");
    constexpr std::int64_t ms_per_milli_hour = 3600;
    if (gpus == 0 || duration_ms == 0) return 0;
    if (duration_ms > amount_most / gpus) return amount_most;
    return std::min(amount_most, (gpus * duration_ms + ms_per_milli_hour - 1) / ms_per_milli_hour);
}

}  // namespace euromesh::federation

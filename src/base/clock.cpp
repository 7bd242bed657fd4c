#include "base/clock.hpp"

#include <fmt/format.h>

namespace euromesh {

std::string iso8601_utc(Nanoseconds wall) {
    using namespace std::chrono;
    const sys_seconds moment{duration_cast<seconds>(wall)};
    const auto midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss time{moment - midnight};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace euromesh

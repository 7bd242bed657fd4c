// Time, passed in. Code that needs the time takes a Clock&; only base/os/clock.hpp has the real one.
#pragma once

#include <chrono>
#include <string>

namespace euromesh {

using Nanoseconds = std::chrono::nanoseconds;

class Clock {
  public:
    virtual ~Clock() = default;
    // Since an arbitrary origin; never goes back.
    virtual Nanoseconds monotonic() const = 0;
    // Since 1970-01-01 UTC; may jump.
    virtual Nanoseconds wall() const = 0;
};

class ManualClock final : public Clock {
  public:
    Nanoseconds monotonic() const override { return now_; }
    Nanoseconds wall() const override { return origin_ + now_; }
    void advance(Nanoseconds step) { now_ += step; }

  private:
    Nanoseconds now_{0};
    Nanoseconds origin_{std::chrono::hours(24) * 365 * 56};
};

inline double to_seconds(Nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

// "2026-11-21T03:42:00Z". Years 1970 to 9999.
std::string iso8601_utc(Nanoseconds wall);

}  // namespace euromesh

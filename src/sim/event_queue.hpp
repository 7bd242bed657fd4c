// Simulated time: what happens next happens at once, in an order that depends on nothing but the events.
//
// Why: a whole run of many sites and hours fits into milliseconds of one thread, and the same seed gives the
// same run. Events of one moment happen in the order in which they were asked for.
//
// One thread. Invariant: now() never goes back. It does not know what the events do.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.hpp"

namespace euromesh::sim {

using Task = std::function<void()>;

// Rounded to whole nanoseconds.
Nanoseconds from_seconds(double seconds);

class EventQueue {
  public:
    Nanoseconds now() const { return now_; }
    // A time that has passed is now.
    void at(Nanoseconds time, Task task);
    void after(Nanoseconds delay, Task task) { at(now_ + delay, std::move(task)); }

    // Does the next event; false: there is none before `limit`.
    bool step(Nanoseconds limit);
    std::uint64_t done() const { return done_; }

  private:
    struct Event {
        Nanoseconds time;
        std::uint64_t order;
        Task task;
    };
    static bool is_later(const Event& a, const Event& b) {
        return a.time != b.time ? a.time > b.time : a.order > b.order;
    }

    std::vector<Event> heap_;
    Nanoseconds now_{0};
    std::uint64_t asked_ = 0;
    std::uint64_t done_ = 0;
};

// The clock of one simulated site. The wall clock may jump; the monotonic one is the queue's.
class SimClock final : public Clock {
  public:
    explicit SimClock(const EventQueue& queue) : queue_(queue) {}
    Nanoseconds monotonic() const override { return queue_.now(); }
    Nanoseconds wall() const override { return origin + offset_ + queue_.now(); }
    void jump(Nanoseconds by) { offset_ += by; }

  private:
    static constexpr Nanoseconds origin{std::chrono::hours(24) * 365 * 56};
    const EventQueue& queue_;
    Nanoseconds offset_{0};
};

}  // namespace euromesh::sim

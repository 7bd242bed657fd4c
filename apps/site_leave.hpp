// When a site is told to leave (SIGTERM before an allocation ends): what it still does, and until when. And
// afterwards: where the time between two of its lives went.
//
// By the run's policy the inner steps of the round go on for a quarter of leave_s and are handed in, with
// fewer steps if need be, and the round is waited for until half of it; or they are dropped. Then the others
// are told, and the checkpoint is written. So a site is gone leave_s after the signal when one inner step
// and the checkpoint take less than a quarter each.
//
// A gap is accounted in whole milliseconds of UTC from the end of the last inner step that counted to the
// first of the next life, in parts that add up exactly. Thread rule: one thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/os/file.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

class SiteLeave {
  public:
    SiteLeave(const contract::RunSpec& spec, const Clock& clock)
        : drops_(spec.leave == "drop"), limit_(std::chrono::seconds(spec.leave_s)), clock_(clock) {}

    bool is_asked();
    // There is time for another inner step of the round.
    bool steps_go_on();
    bool drops() const { return drops_; }
    // After the signal: for the round, and for helping the others.
    Nanoseconds round_limit() const { return drops_ ? Nanoseconds{0} : limit_ / 2; }
    Nanoseconds help_limit() const { return limit_ / 4; }

  private:
    bool drops_;
    Nanoseconds limit_;
    const Clock& clock_;
    std::optional<Nanoseconds> asked_;
};

// Moments of a life, in order, UTC in milliseconds.
struct LifeBegin {
    std::int64_t process_ms = 0;  // the program began
    std::int64_t made_ms = 0;     // it has its model and text
    std::int64_t loaded_ms = 0;   // its checkpoint
    std::int64_t joined_ms = 0;   // a state and peers: it trains
};

struct LifeEnd {
    std::int64_t worked_until_ms = 0;  // the last inner step ended
    std::int64_t handed_in_ms = 0;     // what comes of it is known, or not waited for
    std::int64_t left_ms = 0;          // the others know
    std::int64_t saved_ms = 0;         // the checkpoint is durable
};

// The part of a "left" event that says when.
Json leave_parts(const LifeEnd& end);

// The "gap" event; nothing for a first life. `last`: the newest event of the lives before that says when.
std::optional<Json> gap_of(const std::optional<Json>& last, const LifeBegin& begin);

// The newest event in the file that has at_ms; half a line at its end does not matter.
std::optional<Json> last_timed_event(const os::Path& file);

std::int64_t utc_ms(const Clock& clock);
// Which allocation of its claim this process has, by EUROMESH_ALLOCATION; 0: none.
std::int64_t allocation_number();

}  // namespace euromesh::apps

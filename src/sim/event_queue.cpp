#include "sim/event_queue.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace euromesh::sim {

Nanoseconds from_seconds(double seconds) {
    return Nanoseconds(static_cast<Nanoseconds::rep>(std::llround(seconds * 1e9)));
}

void EventQueue::at(Nanoseconds time, Task task) {
    heap_.push_back({std::max(time, now_), asked_++, std::move(task)});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
}

bool EventQueue::step(Nanoseconds limit) {
    if (heap_.empty() || heap_.front().time >= limit) return false;
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    const Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.time;
    done_ += 1;
    event.task();
    return true;
}

}  // namespace euromesh::sim

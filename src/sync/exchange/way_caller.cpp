#include "sync/exchange/way_caller.hpp"

#include "base/assert.hpp"

namespace euromesh::sync {

void WayCaller::begin() {
    EM_ASSERT(!calling_, "one call at a time");
    calling_ = true;
    // Joins the thread of the call before, which has ended.
    thread_ = os::Thread([this](const std::stop_token& stop) { call(stop); });
}

void WayCaller::call(const std::stop_token& stop) {
    Result<Arrival> outcome = way_->connect(stop);
    {
        const std::lock_guard lock(mutex_);
        outcome_ = std::move(outcome);
    }
    waker_->wake();
}

std::optional<Result<Arrival>> WayCaller::take() {
    if (!calling_) return std::nullopt;
    const std::lock_guard lock(mutex_);
    if (!outcome_) return std::nullopt;
    calling_ = false;
    return std::exchange(outcome_, std::nullopt);
}

}  // namespace euromesh::sync

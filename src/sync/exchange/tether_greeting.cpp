#include "sync/exchange/tether_greeting.hpp"

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {
constexpr std::size_t remembered = 64;
}

void TetherGreeting::begin(std::uint64_t mine) {
    EM_ASSERT(mine != 0, "a session's number is not 0");
    if (agreed_) retire_all_but(0);
    heard_.clear();
    mine_ = mine;
    peer_ = 0;
    agreed_ = false;
}

void TetherGreeting::retire_all_but(std::uint64_t number) {
    for (const auto& [other, known] : heard_) {
        if (other == number) continue;
        if (past_.size() >= remembered) past_.erase(past_.begin());
        past_.emplace(other, 0);
    }
    heard_.clear();
    if (number != 0) heard_[number] = true;
}

bool TetherGreeting::is_over(std::uint64_t number) {
    const auto found = past_.find(number);
    if (found == past_.end()) return false;
    if (++found->second <= 1) return true;
    past_.erase(found);
    return false;
}

Heard TetherGreeting::hear(const TetherHello& peer) {
    if (peer.mine == 0 || (peer.mine == peer_ && agreed_)) {
        return peer.mine != 0 && peer.theirs != mine_ ? Heard::tell : Heard::nothing_new;
    }
    const bool knows_us = peer.theirs == mine_;
    if (!knows_us && is_over(peer.mine)) return Heard::nothing_new;
    if (agreed_) return Heard::ended;
    if (heard_.size() < remembered) heard_[peer.mine] = true;
    const bool same = peer_ == peer.mine;
    peer_ = peer.mine;
    agreed_ = knows_us;
    if (agreed_) retire_all_but(peer_);
    return same && agreed_ ? Heard::nothing_new : Heard::tell;
}

}  // namespace euromesh::sync

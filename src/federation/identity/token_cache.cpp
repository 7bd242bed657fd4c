#include "federation/identity/token_cache.hpp"

#include <cstring>

namespace euromesh::federation {

std::size_t TokenCache::FirstBytes::operator()(const Sha256Digest& digest) const {
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

std::shared_ptr<const Principal> TokenCache::find(std::string_view token, std::int64_t now_ms) {
    const Sha256Digest digest = sha256(token);
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(digest);
    if (found == entries_.end()) return nullptr;
    if (now_ms < found->second->expires_ms) return found->second;
    entries_.erase(found);
    return nullptr;
}

void TokenCache::keep(std::string_view token, std::shared_ptr<const Principal> who,
                      std::uint64_t generation) {
    const Sha256Digest digest = sha256(token);
    const std::lock_guard lock(mutex_);
    if (most_ == 0 || generation != generation_) return;
    if (!entries_.insert_or_assign(digest, std::move(who)).second) return;
    order_.push_back(digest);
    while (entries_.size() > most_ || order_.size() > 2 * most_) {
        entries_.erase(order_.front());
        order_.pop_front();
    }
}

void TokenCache::clear() {
    const std::lock_guard lock(mutex_);
    ++generation_;
    entries_.clear();
    order_.clear();
}

std::uint64_t TokenCache::generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
}

std::size_t TokenCache::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace euromesh::federation

// A bounded table whose entries go by themselves when their time is over: codes, tickets, sessions.
//
// Nothing is thrown out for lack of room while it is good, for that would let a stranger end others' log-ins;
// adding fails instead. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace euromesh::federation {

template <class T>
class ExpiringTable {
  public:
    explicit ExpiringTable(std::size_t most) : most_(most) {}

    // false: full, or the key is taken.
    bool add(const std::string& key, T value, std::int64_t until_ms, std::int64_t now_ms) {
        if (entries_.size() >= most_) {
            std::erase_if(entries_, [now_ms](const auto& one) { return one.second.until_ms <= now_ms; });
        }
        if (entries_.size() >= most_) return false;
        return entries_.emplace(key, Entry{std::move(value), until_ms}).second;
    }
    // Null: not there, or over.
    T* find(std::string_view key, std::int64_t now_ms) {
        const auto found = entries_.find(key);
        return found == entries_.end() || found->second.until_ms <= now_ms ? nullptr : &found->second.value;
    }
    // For good: a second take finds nothing.
    std::optional<T> take(std::string_view key, std::int64_t now_ms) {
        T* found = find(key, now_ms);
        if (found == nullptr) return std::nullopt;
        std::optional<T> value(std::move(*found));
        entries_.erase(entries_.find(key));
        return value;
    }
    template <class Wrong>
    void drop_if(const Wrong& wrong) {
        std::erase_if(entries_, [&](const auto& one) { return wrong(one.second.value); });
    }
    template <class Right>
    T* find_if(const Right& right, std::int64_t now_ms) {
        for (auto& [key, entry] : entries_) {
            if (entry.until_ms > now_ms && right(entry.value)) return &entry.value;
        }
        return nullptr;
    }
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        T value;
        std::int64_t until_ms = 0;
    };
    std::size_t most_;
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace euromesh::federation

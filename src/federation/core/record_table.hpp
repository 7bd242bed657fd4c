// Records by id, of which an image costs a pointer each and not a copy.
//
// Why: a snapshot of the coordinator's tables is written down while commands go on. The image shares the
// records with the table; a record that is edited while an image holds it is copied first, so the image stays
// what it was. Thread rule: a table belongs to one thread at a time; images may be read and dropped on any
// other. It does not: keep an order. find() gives the record as it is; edit() may move it, so look it up
// again after.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace euromesh::federation {

template <class T>
class RecordTable {
  public:
    using Image = std::vector<std::shared_ptr<const T>>;  // in no order

    std::size_t size() const { return records_.size(); }
    bool contains(const std::string& id) const { return records_.contains(id); }
    // nullptr: there is none.
    const T* find(const std::string& id) const {
        const auto found = records_.find(id);
        return found == records_.end() ? nullptr : found->second.get();
    }
    const T& at(const std::string& id) const {
        const T* record = find(id);
        EM_ASSERT(record != nullptr, "the record is there");
        return *record;
    }

    // nullptr: there is none.
    T* edit(const std::string& id) {
        const auto found = records_.find(id);
        if (found == records_.end()) return nullptr;
        std::shared_ptr<T>& record = found->second;
        if (record.use_count() > 1) record = std::make_shared<T>(*record);
        // An image that has just been dropped has done its last reading before.
        std::atomic_thread_fence(std::memory_order_acquire);
        return record.get();
    }
    T& edit_at(const std::string& id) {
        T* record = edit(id);
        EM_ASSERT(record != nullptr, "the record is there");
        return *record;
    }
    // nullptr: there is one already.
    const T* insert(const std::string& id, T record) {
        const auto [entry, fresh] = records_.try_emplace(id);
        if (!fresh) return nullptr;
        entry->second = std::make_shared<T>(std::move(record));
        return entry->second.get();
    }
    void erase(const std::string& id) { records_.erase(id); }

    template <class Visit>
    void for_each(const Visit& visit) const {
        for (const auto& [id, record] : records_) visit(id, std::as_const(*record));
    }
    Image image() const {
        Image image;
        image.reserve(records_.size());
        for (const auto& entry : records_) image.push_back(entry.second);
        return image;
    }

  private:
    std::unordered_map<std::string, std::shared_ptr<T>> records_;
};

}  // namespace euromesh::federation

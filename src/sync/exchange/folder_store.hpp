// A BlobStore in a folder of a shared file system: the spool.
//
// A put is a temporary file, fsync, rename, fsync of the folder. Other programs may put files there too, if
// they do so under a hidden name or leave incomplete ones shorter than their names say (rsync and scp do).
// Thread rule and invariants: BlobStore's.
#pragma once

#include <map>
#include <mutex>

#include "base/os/folder.hpp"
#include "sync/exchange/blob_store.hpp"

namespace euromesh::sync {

class FolderStore final : public BlobStore {
  public:
    // Made where it is missing, with the first put.
    explicit FolderStore(os::Path root) : root_(std::move(root)) {}

    Status put(const std::string& name, std::span<const std::byte> bytes, std::stop_token stop) override;
    Result<std::vector<Blob>> list(const std::string& folder, std::size_t most,
                                   std::stop_token stop) override;
    Result<std::size_t> get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                            std::stop_token stop) override;
    Status remove(const std::string& name, std::stop_token stop) override;
    void sweep(const std::string& folder) override;
    bool wait(const std::string& folder, Nanoseconds timeout) override;
    Patience patience() const override {
        return {std::chrono::milliseconds(1), std::chrono::milliseconds(250)};
    }
    StoreCounts counts() const override { return counter_.counts(); }
    std::string text() const override { return "spool " + root_.string(); }

    const os::Path& root() const { return root_; }

  private:
    os::Path root_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<os::FolderWatch>> watches_;  // under mutex_
    StoreCounter counter_;
};

}  // namespace euromesh::sync

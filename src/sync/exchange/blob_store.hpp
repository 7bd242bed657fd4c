// Named bytes that others see whole or not at all: a folder of a shared file system, or a bucket.
//
// Why: compute nodes without a network still share a file system, and every cloud has buckets. A StoreWay
// makes a stream of either, a relay carries from one to another; both need only these four operations.
//
// Thread rule: every member may be called from any thread, several at a time.
// Invariants
// - After put() a reader sees all of the bytes or, of an earlier put with this name, all of those; a put that
//   failed has changed nothing.
// - Names are made of parts between '/': letters, digits, '-', '_', '.', never beginning with '.' and never
//   ending with ".tmp"; at most 200 bytes each, 8 parts. Nothing else is ever written, told or removed.
// It does not: lock, notify reliably, or keep anything secret (what is carried is TLS between two sites).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

struct Blob {
    std::string name;
    std::uint64_t size = 0;
    bool operator==(const Blob&) const = default;
};

// Requests since the beginning; at an object store they cost money.
struct StoreCounts {
    std::uint64_t puts = 0, gets = 0, lists = 0, removes = 0, retries = 0;
    std::uint64_t put_bytes = 0, got_bytes = 0;
};

class BlobStore {
  public:
    virtual ~BlobStore() = default;

    // bad_input: the name; no_space: the disk or the quota is full; refused: no right to write there.
    virtual Status put(const std::string& name, std::span<const std::byte> bytes, std::stop_token stop) = 0;
    // The first `most` below `folder` ("" or parts without a '/' at the end), in order of names.
    virtual Result<std::vector<Blob>> list(const std::string& folder, std::size_t most,
                                           std::stop_token stop) = 0;
    // Bytes read from the offset; fewer than there is room for only at the end. not_found: it is gone.
    virtual Result<std::size_t> get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                                    std::stop_token stop) = 0;
    // One that is gone already is no error.
    virtual Status remove(const std::string& name, std::stop_token stop) = 0;

    // What dead writers left half-written in this folder, where that can be.
    virtual void sweep(const std::string& folder) { static_cast<void>(folder); }
    // Until something in the folder has changed (true, where that can be noticed), at most for `timeout`.
    virtual bool wait(const std::string& folder, Nanoseconds timeout) = 0;
    // How long a reader that has nothing to do should wait between looks: at least, and at most.
    struct Patience {
        Nanoseconds least{0}, most{0};
    };
    virtual Patience patience() const = 0;
    virtual StoreCounts counts() const = 0;
    virtual std::string text() const = 0;  // for people; no credentials
};

// bad_input: not a name as above.
Status check_blob_name(std::string_view name);

// "s3+https://host[:port]/bucket[/prefix]" (or s3+http), "s3://bucket[/prefix]" with the endpoint from
// AWS_ENDPOINT_URL, or else the path of a folder that is there.
Result<std::unique_ptr<BlobStore>> open_blob_store(const std::string& location);

// For implementations: counters that several threads add to.
class StoreCounter {
  public:
    void put(std::size_t bytes) { ++puts_, put_bytes_ += bytes; }
    void got(std::size_t bytes) { ++gets_, got_bytes_ += bytes; }
    void listed() { ++lists_; }
    void removed() { ++removes_; }
    void retried() { ++retries_; }
    StoreCounts counts() const { return {puts_, gets_, lists_, removes_, retries_, put_bytes_, got_bytes_}; }

  private:
    std::atomic<std::uint64_t> puts_{0}, gets_{0}, lists_{0}, removes_{0}, retries_{0};
    std::atomic<std::uint64_t> put_bytes_{0}, got_bytes_{0};
};

}  // namespace euromesh::sync

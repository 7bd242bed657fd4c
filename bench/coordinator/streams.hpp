// Many event streams of one coordinator at once, and what they get.
//
// A plain client of its own, for the load generator knows no streams: a thread that connects all, reads
// whatever comes, and counts events by their ids, which must grow. Counters may be read at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/thread.hpp"
#include "base/result.hpp"

struct ssl_ctx_st;  // of OpenSSL

namespace euromesh::bench {

struct StreamTarget {
    std::string host;
    std::uint16_t port = 0;
    bool tls = true;
    std::string token;
};

class StreamCrowd {
  public:
    struct Client;

    // One stream for each path ("/v1/events", "/v1/events?job=j7").
    StreamCrowd(StreamTarget target, std::vector<std::string> paths, const Clock& clock);
    ~StreamCrowd();

    // Whose answer has come, and who is still there.
    std::size_t open() const { return open_.load(); }
    std::size_t lost() const { return lost_.load(); }
    std::uint64_t events() const { return events_.load(); }
    std::uint64_t bytes() const { return bytes_.load(); }
    // Events whose id was not greater than that before.
    std::uint64_t out_of_order() const { return out_of_order_.load(); }
    // Of each stream; only after finish().
    std::vector<std::uint64_t> events_of_each() const;
    void finish();

  private:
    void run(const std::stop_token& stop);
    void connect(Client& client, ssl_ctx_st* context);
    bool ask(Client& client);
    void take_line(Client& client);
    void advance(Client& client);

    StreamTarget target_;
    const Clock& clock_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::atomic<std::size_t> open_{0}, lost_{0};
    std::atomic<std::uint64_t> events_{0}, bytes_{0}, out_of_order_{0};
    os::Thread thread_;
};

}  // namespace euromesh::bench

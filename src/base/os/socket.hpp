// TCP, thin and non-blocking.
//
// Why: the one place with socket calls; what it gives can be counted and waited for. Errors are Results that
// name the endpoint. Every socket is close-on-exec, non-blocking, without Nagle's delay, and lets the kernel
// notice a dead host (keep-alive and user time-out) without help of this process.
//
// Thread rule: a socket belongs to one thread at a time. Names are looked up with a blocking call in
// connect() and listen(); a numeric address never blocks.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/os/address.hpp"
#include "base/result.hpp"

namespace euromesh::os {

struct SocketOptions {
    // 0: the kernel's automatic size, which grows with the link; otherwise for both directions.
    std::size_t buffer_bytes = 0;
    // TCP congestion control by its kernel name; empty: the system's. One that the kernel lacks is ignored.
    std::string congestion;
    std::chrono::seconds dead_host_limit{30};
    // What the kernel sends at most, bytes a second; 0: no limit (SO_MAX_PACING_RATE).
    std::uint64_t pacing_bytes_per_s = 0;
    // Outgoing connections leave by this network interface; empty: the routing table decides.
    std::string interface;
};

class Socket {
  public:
    Socket() = default;
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket();

    // conflict: the port is taken; refused: no permission; not_found: no such host.
    static Result<Socket> listen(const Endpoint& endpoint, const SocketOptions& options);
    // Begins to connect; it is writable when that has ended, then connect_status() tells how.
    static Result<Socket> connect(const Endpoint& endpoint, const SocketOptions& options);
    // The same to one address: nothing is looked up. not_found: no such interface.
    static Result<Socket> connect(const Address& address, const SocketOptions& options);
    // Two ends of a stream inside this machine, for a thread or a child process at the other end.
    static Result<std::pair<Socket, Socket>> pair();

    // Nothing when no connection waits.
    Result<std::optional<Socket>> accept(const SocketOptions& options);
    Status connect_status() const;

    // Bytes moved; 0: would block. unavailable: the connection is closed or broken.
    Result<std::size_t> send(std::span<const iovec> pieces);
    Result<std::size_t> receive(std::span<std::byte> room);
    // As receive(), but what is seen stays to be received.
    Result<std::size_t> peek(std::span<std::byte> room);
    // What the kernel sends at most from now on, bytes a second; 0: as it is.
    void pace(std::uint64_t bytes_per_s);
    void shutdown_sending();
    // All that the other side has sent is read, and it has closed or shut down.
    bool has_ended() const;

    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    std::uint16_t local_port() const;
    std::string peer_text() const;  // "127.0.0.1:4242"
    std::string peer_host() const;  // "127.0.0.1"
    // The own address that leads to the peer, from connect() on; empty: there is none.
    std::string local_host() const;

  private:
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

// Ends another thread's wait_ready(). wake() is safe from any thread; the rest belongs to the one that waits.
class Waker {
  public:
    Waker();
    void wake();
    const Socket& socket() const { return waits_; }  // readable after wake(), until clear()
    void clear();

  private:
    Socket waits_, wakes_;
};

// One that wants neither is not looked at: not even for its end.
struct WaitItem {
    const Socket* socket = nullptr;
    bool want_read = false;
    bool want_write = false;
    bool readable = false;  // or closed, or broken
    bool writable = false;
};

// Waits until one of them can go on, or the time is over. Times below zero are zero.
void wait_ready(std::span<WaitItem> items, Nanoseconds timeout);

}  // namespace euromesh::os

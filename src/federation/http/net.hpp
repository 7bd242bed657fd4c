// Bytes to and from clients: event loops, a listener, connections in plain or TLS. The adapter to Boost.Asio,
// which no other file of ours includes.
//
// A loop is one thread that calls its streams' users; what it calls must not wait. Errors of a connection are
// not told apart: it is over (0 bytes), whatever the reason.
//
// Thread rule: an IoLoop's post(), is_current() and stop() are safe from any thread; a ByteStream belongs to
// the thread of its loop. It does not: understand what passes, count, limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/os/address.hpp"
#include "base/result.hpp"

namespace euromesh::federation {

class IoLoop {
  public:
    IoLoop();
    ~IoLoop();
    IoLoop(const IoLoop&) = delete;
    IoLoop& operator=(const IoLoop&) = delete;

    // Until stop(). On the thread that shall be the loop's.
    void run();
    void stop();
    // After run() has returned, on whatever thread: runs what was posted and what was called off meanwhile.
    void drain();
    // Runs later on the loop's thread. After stop() nothing runs any more.
    void post(std::function<void()> task);
    bool is_current() const;
    // From the loop's thread or before run().
    void every(Nanoseconds period, std::function<void()> task);

    struct State;
    State& state() { return *state_; }

  private:
    std::unique_ptr<State> state_;
};

// Who is told how an operation of a stream has ended. 0 bytes: the other side has ended it, or it is broken.
class StreamUser {
  public:
    virtual ~StreamUser() = default;
    virtual void on_handshake(bool is_good) = 0;
    virtual void on_read(std::size_t bytes) = 0;
    virtual void on_written(std::size_t bytes) = 0;
};

// At most one read and one write at a time; buffers stay until the user is told. The user is kept alive
// until then. After close() nobody is told any more.
class ByteStream {
  public:
    virtual ~ByteStream() = default;
    virtual void handshake(std::shared_ptr<StreamUser> user) = 0;
    virtual void read(std::span<char> room, std::shared_ptr<StreamUser> user) = 0;
    // Some of the bytes.
    virtual void write(std::string_view bytes, std::shared_ptr<StreamUser> user) = 0;
    // Plain: the other side is told that nothing more comes, and may be read further. TLS: nothing.
    virtual void end_sending() = 0;
    // TLS: says good-bye in the background for at most a second.
    virtual void close() = 0;
    // At once, without a word.
    virtual void cut() = 0;
    virtual const std::string& peer() const = 0;  // address without port
};

// What a TLS server shows: certificate chain and key. TLS 1.2 with forward secrecy, or 1.3.
class ServerIdentity {
  public:
    // PEM texts. bad_input: one of them is not, or the key is not the certificate's.
    static Result<std::shared_ptr<ServerIdentity>> make(const std::string& certificates,
                                                        const std::string& key);
    ~ServerIdentity();

    struct State;
    State& state() { return *state_; }

  private:
    explicit ServerIdentity(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

class Listener {
  public:
    // Called on the thread of the loop with that index; the connection is not yet secured.
    using Accepted = std::function<void(std::size_t loop, std::shared_ptr<ByteStream> stream)>;

    // Connections go to the loops in turn. Without an identity they are plain. conflict: the port is taken;
    // not_found: no such host; refused: no permission.
    static Result<std::unique_ptr<Listener>> open(const os::Endpoint& endpoint,
                                                  std::vector<std::shared_ptr<IoLoop>> loops,
                                                  Accepted accepted);
    ~Listener();

    std::uint16_t port() const;
    // For connections from now on. Safe from any thread.
    void use_identity(std::shared_ptr<ServerIdentity> identity);
    // Begins to accept, on the first loop's thread.
    void start();
    // On the first loop's thread.
    void close();

  private:
    struct State;
    explicit Listener(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

// Every address of the host is of this machine only.
Result<bool> is_loopback(const os::Endpoint& endpoint);

}  // namespace euromesh::federation

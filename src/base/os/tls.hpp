// A byte stream between two authenticated sites: mutual TLS 1.3 over a socket, or plain TCP.
//
// Adapter to OpenSSL: nothing else in the project includes its headers for connections. Both ends show a
// certificate signed by the run's own authority; no system authority is trusted; no session is resumed.
// Records are collected, so that a system call moves many of them.
//
// Thread rule: a Stream belongs to one thread; a TlsContext may be shared by streams of one thread.
// Error messages never contain key material.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::os {

// PEM text.
struct TlsCredentials {
    std::string authority;
    std::string certificate;
    std::string key;
};

struct PeerIdentity {
    std::string name;          // common name: the site's id
    std::string organisation;  // the run's id
};

class TlsContext {
  public:
    // bad_input: not PEM, or the key is not the certificate's. The clock decides whether peers have expired.
    static Result<TlsContext> make(const TlsCredentials& credentials, const Clock& clock);
    TlsContext(TlsContext&&) noexcept;
    TlsContext& operator=(TlsContext&&) noexcept;
    ~TlsContext();

  private:
    friend class TlsStream;
    struct State;
    explicit TlsContext(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

enum class StreamRole { dials, accepts };

// Non-blocking. Any error ends the stream; flush() after an error may still tell the other side why.
class Stream {
  public:
    virtual ~Stream() = default;

    // true: finished; false: go on when the socket is readable, or writable if has_unsent(). refused: the
    // other side is not who it must be, or says so of us.
    virtual Result<bool> handshake() = 0;
    // Empty for plain TCP. Only after the handshake.
    virtual PeerIdentity identity() const = 0;

    // Bytes moved; 0: would block.
    virtual Result<std::size_t> read(std::span<std::byte> room) = 0;
    virtual Result<std::size_t> write(std::span<const std::byte> head, std::span<const std::byte> body) = 0;
    // Moves collected bytes to the socket. true: none are left.
    virtual Result<bool> flush() = 0;

    virtual bool has_unsent() const = 0;
    // Received bytes wait inside: read() will give some although the socket shows nothing.
    virtual bool has_unread() const = 0;
    // Throws away what arrives, undecoded: for an end that waits for the other to close. As read().
    Result<std::size_t> discard();

    Socket& socket() { return socket_; }
    const Socket& socket() const { return socket_; }
    std::uint64_t sent_bytes() const { return sent_bytes_; }
    std::uint64_t received_bytes() const { return received_bytes_; }

  protected:
    explicit Stream(Socket socket) : socket_(std::move(socket)) {}
    Socket socket_;
    std::uint64_t sent_bytes_ = 0;
    std::uint64_t received_bytes_ = 0;
};

std::unique_ptr<Stream> make_plain_stream(Socket socket);
std::unique_ptr<Stream> make_tls_stream(Socket socket, const TlsContext& context, StreamRole role);

}  // namespace euromesh::os

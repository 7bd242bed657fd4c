// How an ordered byte stream to a peer comes to be.
//
// Why: the mesh checks certificates and speaks its frames over any stream; what differs between the exchanges
// (direct, through a proxy or a command, through a hub, by files, by an object store) is only how that
// stream is made. One Way belongs to one peer. Both sites of a pair call connect(); of the two, the higher
// rank dials in the sense of TLS and the lower one accepts. When a link ends, the mesh calls connect() again.
//
// Thread rule: connect() runs in a thread that the mesh owns, never twice at the same time; text() may be
// called from any thread. Different ways run at the same time.
//
// Invariants: the socket of an Arrival is a kernel descriptor that can be waited for: a TCP connection, or
// one end of a socket pair whose other end a child process or a carrier's thread serves. What a Way checks
// about the other end is its own affair; the mesh trusts none of it and asks for certificates itself.
//
// It does not: encrypt, authenticate the peer, retry (a failed connect() is called again after a pause).
#pragma once

#include <stop_token>
#include <string>

#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

struct Arrival {
    os::Socket socket;
    std::string address;  // for messages
};

class Way {
  public:
    virtual ~Way() = default;
    // Blocks until there is a stream whose other end is (or claims to be) the peer, or until stop is
    // requested (cancelled). Waits inside it are at most 50 ms long between looks at `stop`.
    // unavailable: not now, call again; refused or bad_input: not before somebody corrects something.
    virtual Result<Arrival> connect(std::stop_token stop) = 0;
    virtual std::string text() const = 0;  // "hub at host:port", for people
};

}  // namespace euromesh::sync

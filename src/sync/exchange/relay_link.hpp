// Two relays over one connection: each sends what leaves its spool for the other's site.
//
// Why: most centres let a login node dial out, and nothing else. Whoever dials, both directions share the
// connection. A file is offered with its size; the other end answers from which byte on it wants it, since a
// part may be there already; its bytes go from disk to socket and from socket to disk inside the kernel; and
// it is removed here only after the other end has said that it is durable there.
//
// On the wire: headers of 24 bytes (magic, kind, length of the name, a number) with the blob's name; after a
// `data` header as many raw bytes as its number says. First each end proves that it knows the relays' shared
// secret: HMAC-SHA-256 over both ends' random challenges, their roles and their sites. That keeps strangers
// from filling or emptying a spool; what is carried is TLS between the sites and needs no more.
//
// Thread rule: one thread; all I/O happens in step(). Bounded: 16 offers under way in a direction, 64 KiB of
// headers. Invariants: as relay.hpp. It does not: dial, wait, retry.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "base/os/part_file.hpp"
#include "sync/exchange/relay.hpp"

namespace euromesh::sync {

// What a relay without a site calls itself: it keeps for every site what another one has sent for it. No site
// can have this name.
inline constexpr std::string_view relay_depot = "DEPOT";

enum class RelayRole : std::uint8_t { dials = 1, listens = 2 };

struct RelayLinkConfig {
    std::string site;    // or relay_depot
    std::string secret;  // at least 16 bytes, the same at both ends
    RelayRole role = RelayRole::dials;
};

// bad_input: fewer than 16 bytes, or more than 4 KiB. A newline at the end does not count.
Result<std::string> read_relay_secret(const os::Path& file);

class RelayLink {
  public:
    RelayLink(FolderStore& spool, RelayLinkConfig config, os::Socket socket);
    RelayLink(const RelayLink&) = delete;
    RelayLink& operator=(const RelayLink&) = delete;

    // One turn of at most about a chunk in each direction. refused: the other end does not know the secret;
    // corrupted: it speaks something else; unavailable: the connection has ended; else: the spool.
    Status step(bool readable);
    // Offers what has come into the spool; cheap enough for several times a second.
    Status offer_new();

    const os::Socket& socket() const { return socket_; }
    bool wants_write() const { return !output_.empty() || sending_left_ > 0 || !wanted_.empty(); }
    bool is_known() const { return known_; }
    // The other end's site, once it is known.
    const std::string& peer() const { return peer_; }
    // Neither end had anything left when it was last asked.
    bool is_idle() const;
    const RelayCounts& counts() const { return counts_; }

  private:
    enum class Kind : std::uint32_t { challenge = 1, proof, offer, want, skip, data, done, idle };
    struct Head {
        Kind kind = Kind::idle;
        std::uint64_t number = 0;
        std::string name{};
    };
    struct Wanted {
        std::string name;
        std::uint64_t offset = 0;
    };

    static void append_head(std::string& text, Kind kind, std::uint64_t number, std::string_view name);
    Status find();
    void say(Kind kind, std::uint64_t number, std::string_view name);
    Status write();
    Status begin_chunk();
    Result<bool> write_text(std::string& text);
    Status write_chunk();
    Status read();
    Result<bool> read_head();
    Result<bool> read_data();
    Status take(const Head& head);
    Status take_greeting(const Head& head);
    Status take_offer(const Head& head);
    Status take_want(const Head& head);
    Status take_done(const Head& head);
    Status begin_data(const Head& head);
    Status commit(const std::string& name);
    Result<std::vector<Blob>> for_peer() const;
    bool is_for_us(const std::string& name, std::uint64_t size) const;
    std::string proof(RelayRole role) const;

    FolderStore& spool_;
    RelayLinkConfig config_;
    os::Socket socket_;
    RelayCounts counts_;
    std::string peer_;
    std::string own_challenge_, peer_challenge_;
    bool known_ = false;

    std::string output_;                            // headers that wait for the socket
    std::map<std::string, std::uint64_t> offered_;  // size by name: what we wait for an answer about
    std::deque<Blob> found_;                        // to be offered, as they were when last listed
    std::deque<Wanted> wanted_;                     // by the other end, in turn
    std::optional<os::OutgoingFile> sending_;
    std::string sending_name_;
    std::uint64_t sending_at_ = 0;
    std::string chunk_head_;        // of the chunk that goes next, as far as it is not sent
    std::size_t sending_left_ = 0;  // bytes of that chunk

    std::string input_;  // of a header that is not whole
    struct Coming {
        os::PartFile part;
        std::uint64_t size = 0;
    };
    std::map<std::string, Coming> coming_;
    std::string data_name_;
    std::uint64_t data_left_ = 0;
    bool peer_idle_ = false, said_idle_ = false;
};

}  // namespace euromesh::sync

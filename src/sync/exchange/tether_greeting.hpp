// How the two ends of a tether agree on a pair of sessions, over a carrier that may keep old greetings.
//
// Each end draws a random number for its session and tells it together with the peer's number, as far as it
// has heard one. A stream exists at an end when the peer's greeting names this end's number. A greeting with
// another number later means that the peer has begun anew: the stream is over, and the mesh makes a new one.
// Greetings of sessions that are over can come again (a relay that was killed between copying and deleting):
// a number that is known to be over counts only when it is heard twice more, which only a living peer does.
//
// Thread rule: none shared. Pure. Bounded: remembers at most 64 numbers of the past.
// It does not: authenticate. Who can write greetings can end streams; what they carry is TLS between sites.
#pragma once

#include <cstdint>
#include <map>

namespace euromesh::sync {

struct TetherHello {
    std::uint64_t mine = 0;    // the session of the end that speaks; never 0
    std::uint64_t theirs = 0;  // the peer's, as far as it is known
    bool operator==(const TetherHello&) const = default;
};

enum class Heard {
    nothing_new,
    tell,   // say hello() again: it has changed, or the peer does not know it yet
    ended,  // the peer has begun a new session
};

class TetherGreeting {
  public:
    // A new session with this number, random and not 0. What is known of the past stays.
    void begin(std::uint64_t mine);
    Heard hear(const TetherHello& peer);

    TetherHello hello() const { return {mine_, peer_}; }
    bool is_agreed() const { return agreed_; }

  private:
    void retire_all_but(std::uint64_t number);
    bool is_over(std::uint64_t number);

    std::uint64_t mine_ = 0;
    std::uint64_t peer_ = 0;
    bool agreed_ = false;
    std::map<std::uint64_t, unsigned> past_;  // how often each was heard since it is over
    std::map<std::uint64_t, bool> heard_;     // numbers of this session
};

}  // namespace euromesh::sync

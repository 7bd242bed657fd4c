// What two sites tell each other first, and whether they fit together.
//
// Pure: a hello is built from what a site runs and checked against the same; the mesh carries it. Every
// refusal is one line that names the other site, what differs, and what would be right.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/os/tls.hpp"

namespace euromesh::sync {

// Position in the run file's list of sites.
using Rank = std::size_t;

inline constexpr int exchange_protocol = 1;

struct Greeting {
    int protocol = exchange_protocol;
    std::string run;
    std::string site;
    std::vector<std::string> sites;  // all of the run, in order
    std::string layout;              // digest of the model's layout
    Json session;                    // free for the session
};

std::string greeting_text(const Greeting& greeting);
// bad_input: not a greeting. Accepts one of any protocol version as far as it is understood.
Result<Greeting> parse_greeting(std::span<const std::byte> bytes);

struct GreetingContext {
    // The certificate's names; absent without TLS.
    std::optional<os::PeerIdentity> certificate;
    // Whom we dialled; absent when the other side dialled us.
    std::optional<Rank> dialled;
};

// The other site's rank. refused: the reason, fit to be told to both sides.
Result<Rank> check_greeting(const Greeting& ours, const Greeting& theirs, const GreetingContext& context);

// Text from outside as one printable line of at most 400 bytes.
std::string one_line(std::span<const std::byte> bytes);

}  // namespace euromesh::sync

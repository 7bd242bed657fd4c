// What a site shows a hub before it gets a byte, and how the hub checks it.
//
// The talk between them, each a message of dialogue.hpp with a JSON object:
//   hub   {"hub":1,"challenge":HEX}                            32 random bytes, fresh for each connection
//   site  {"run":R,"site":A,"peer":B,"certificate":PEM,"signature":HEX}
//   hub   {"state":"waiting"}  or  {"state":"refused","reason":TEXT} and the end
//   hub   {"state":"paired"}   when B has come and wants A; from here on the stream is A's and B's
//
// The signature is by the site's key, over a label, the challenge and the three names, each with its length:
// it fits this connection, this run and this pair only, so that it cannot be replayed, and no other
// protocol's signature passes for it. It proves to the hub; the hub proves nothing: whoever answers in its
// place learns names and a certificate, and can carry or drop what the sites encrypt for each other, no more.
//
// Thread rule: pure functions, but make_challenge().
#pragma once

#include <array>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/os/tls.hpp"
#include "base/result.hpp"

namespace euromesh::sync {

inline constexpr int hub_protocol = 1;
inline constexpr std::size_t hub_message_most = 16u << 10;

using HubChallenge = std::array<std::uint8_t, 32>;

// Who comes, and whom it wants.
struct HubParty {
    RunId run;
    SiteId site;
    SiteId peer;
    auto operator<=>(const HubParty&) const = default;
};

struct HubProof {
    HubParty party;
    std::string certificate;
    std::string signature;  // bytes
};

HubChallenge make_challenge();

std::string hub_greeting_text(const HubChallenge& challenge);
// corrupted: not a hub, or one of another version.
Result<HubChallenge> parse_hub_greeting(std::string_view text);

// bad_input: the key cannot sign.
Result<HubProof> make_hub_proof(const HubParty& party, const os::TlsCredentials& credentials,
                                const HubChallenge& challenge);
std::string hub_proof_text(const HubProof& proof);
Result<HubProof> parse_hub_proof(std::string_view text);

// Which of the authorities (PEM) vouches for it. refused: none does, or the certificate is for another site
// or run, expired, or the signature is not of this connection.
Result<std::size_t> check_hub_proof(const HubProof& proof, const HubChallenge& challenge,
                                    std::span<const std::string> authorities, const Clock& clock);

enum class HubState { waiting, paired };
std::string hub_state_text(HubState state);
std::string hub_refusal_text(std::string_view reason);
// refused: the hub says no, with its reason.
Result<HubState> parse_hub_state(std::string_view text);

}  // namespace euromesh::sync

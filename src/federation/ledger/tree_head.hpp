// Signed heads: what the coordinator says the ledger is, and what the sites say they saw.
//
// A head travels as a "checkpoint" in a "signed note" (C2SP: signed-note, tlog-checkpoint, tlog-cosignature):
//
//     example.org/federation            origin: the name of the federation
//     1234                              number of entries
//     CsUYapGGPo4dkMgIAUqom/Xajj7h...   root, base64
//     time_ms 1763733300123             extension line: milliseconds since 1970, UTC
//     (empty line)
//     — example.org/federation Az3g...  the coordinator: base64 of key hint (4 bytes) and signature
//     — site-a jWbP...                  a site: base64 of key hint, time in seconds (8 bytes), signature
//
// The coordinator signs the four lines; a site signs "cosignature/v1", "time SECONDS" and the same four
// lines. A hint is the beginning of SHA-256(name, newline, kind, public key) with kind 1 for the log's own
// signature and 4 for a countersignature. Sites stand in the order of their names, each at most once, so that
// a head has one spelling. Plain values, pure functions. It does not know whose key is valid: key_book.hpp
// does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/signature.hpp"
#include "federation/ledger/merkle.hpp"

namespace euromesh::federation {

inline constexpr std::size_t origin_max_bytes = 200;
inline constexpr std::size_t head_max_bytes = 64u << 10;
inline constexpr std::size_t countersignatures_most = 200;

struct TreeHead {
    std::string origin;
    std::uint64_t size = 0;
    NodeHash root{};
    std::int64_t time_ms = 0;
    bool operator==(const TreeHead&) const = default;
};

using KeyHint = std::array<std::uint8_t, 4>;

struct Countersignature {
    std::string site;
    KeyHint hint{};
    std::int64_t time_s = 0;  // when the site signed
    Signature signature{};
    bool operator==(const Countersignature&) const = default;
};

struct SignedHead {
    TreeHead head;
    KeyHint hint{};
    Signature signature{};
    std::vector<Countersignature> countersignatures;  // by site, each once
    bool operator==(const SignedHead&) const = default;
};

// bad_input: 1 to 200 printable ASCII characters without space and plus, and not "cosignature/v1".
Status check_origin(std::string_view origin);

// The four lines that are signed.
std::string head_text(const TreeHead& head);
// What a site signs.
std::string countersigned_text(const TreeHead& head, std::int64_t time_s);

// The head's origin is valid (check_origin), size and time are below 2^63.
SignedHead sign_head(const TreeHead& head, const SigningKey& coordinator);
bool is_signed_by(const SignedHead& head, const PublicKey& coordinator);

// `site` is a SiteId's text. time_ms is rounded down to seconds, as the format has it.
Countersignature countersign(const TreeHead& head, std::string_view site, const SigningKey& key,
                             std::int64_t time_ms);
bool is_countersigned_by(const TreeHead& head, const Countersignature& countersignature,
                         const PublicKey& key);
// In its place; one of the same site is replaced.
void add_countersignature(SignedHead& head, Countersignature countersignature);

// Public keys as people hand them on (C2SP "vkey"): name+HINT+BASE64, one word without an end of line. The
// verifier reads such lines.
std::string coordinator_key_line(std::string_view origin, const PublicKey& key);
std::string site_key_line(std::string_view site, const PublicKey& key);

std::string encode(const SignedHead& head);
// Only what encode writes. bad_input: says the line and what would be right.
Result<SignedHead> decode_signed_head(std::string_view text);

}  // namespace euromesh::federation

// Signed heads as the verifier reads them: checkpoints in signed notes (C2SP), with countersignatures.
//
// Strict: one spelling for each head, so that no byte of it can change unnoticed. Form only here; whose keys
// are right is key_table.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/verify/hash_tree.hpp"
#include "base/result.hpp"

namespace euromesh::verify {

inline constexpr std::size_t note_max_bytes = 64u << 10;

using Key = std::array<unsigned char, 32>;
using SignatureBytes = std::array<unsigned char, 64>;
using Hint = std::array<unsigned char, 4>;

struct NoteSignature {
    std::string name;
    Hint hint{};
    std::int64_t time_s = 0;  // of a countersignature
    SignatureBytes signature{};
};

struct Note {
    std::string text;  // the four lines that are signed
    std::string origin;
    std::uint64_t size = 0;
    Hash root{};
    std::int64_t time_ms = 0;
    NoteSignature log;
    std::vector<NoteSignature> sites;
};

// bad_input: which line, and what is expected there.
Result<Note> read_note(std::string_view text);

bool is_name(std::string_view text);

bool log_signature_holds(const Note& note, const Key& key);
bool countersignature_holds(const Note& note, const NoteSignature& one, const Key& key);
// Ed25519.
bool signature_holds(const Key& key, std::string_view message, const SignatureBytes& signature);

// The first 4 bytes of SHA-256(name, newline, kind, key): kind 1 for the log, 4 for a site.
Hint hint_of(std::string_view name, unsigned char kind, const Key& key);

}  // namespace euromesh::verify

// Digests of bytes.
//
// SHA-256 where the digest is evidence (payloads, manifests, certificates); XXH3-128 where it only detects
// accidents (outer state of gigabytes, compared between sites every round): about 30 times faster here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh {

using Sha256Digest = std::array<std::uint8_t, 32>;
using FastDigest = std::array<std::uint8_t, 16>;

Sha256Digest sha256(std::span<const std::byte> bytes);
Sha256Digest sha256(std::string_view text);
FastDigest fast_digest(std::span<const std::byte> bytes);

// SHA-256 over pieces that arrive one after another. Not thread-safe.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void add(std::span<const std::byte> bytes);
    Sha256Digest finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string to_hex(std::span<const std::uint8_t> bytes);
// bad_input: not lower-case hexadecimal of exactly out.size() bytes.
Status from_hex(std::string_view text, std::span<std::uint8_t> out);

}  // namespace euromesh

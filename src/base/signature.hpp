// Ed25519 signatures (RFC 8032), their keys and the files that keep them.
//
// Why: ledger heads, countersignatures and key changes are signed by plain keys that any tool can check,
// apart from the certificates of TLS (base/os/certificate.hpp). A key's id is the SHA-256 of its public part.
// A SigningKey never shows its secret: not in an error, not in a log; the file is readable by its owner only.
// Plain values; a SigningKey may sign from several threads at once. It does not say what a signature means:
// every message that is signed has to start with words that no other kind of message starts with.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

class SigningKey {
  public:
    // From the kernel's entropy.
    static SigningKey generate();
    // From the 32 secret bytes of RFC 8032: for keys that are made elsewhere, and tests.
    static SigningKey from_seed(const std::array<std::uint8_t, 32>& seed);
    // PEM (PKCS 8, unencrypted), as `openssl genpkey -algorithm ed25519` writes it. not_found, refused: the
    // file is readable by others than its owner; bad_input: it holds no such key.
    static Result<SigningKey> read(const std::filesystem::path& file);

    // Durable, readable by the owner only; conflict: there is a file already.
    Status write(const std::filesystem::path& file) const;

    const PublicKey& public_key() const { return public_key_; }
    Signature sign(std::string_view message) const;

  private:
    struct Secret;
    explicit SigningKey(std::shared_ptr<const Secret> secret);
    std::shared_ptr<const Secret> secret_;
    PublicKey public_key_{};
};

// The owner of the key signed exactly this message.
bool is_signed(const PublicKey& key, std::string_view message, const Signature& signature);

// 64 hexadecimal digits.
std::string key_id(const PublicKey& key);

}  // namespace euromesh

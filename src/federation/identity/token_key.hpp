// Keys that sign and check tokens: RS256 and ES256 (RFC 7518), nothing else.
//
// Adapter to OpenSSL: nothing else in src/federation includes its headers. A key knows its algorithm, so that
// a token's header can never choose how it is checked. Ids are the key's own thumbprint (RFC 7638) when we
// make them. ES256 is the one that we sign with everywhere: small signatures, and the one algorithm of
// elliptic curves that every issuer, library and hardware token has.
//
// Thread rule: keys may be used by several threads at a time; copies share the key. No error or other text
// contains a private key: only pem() gives it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace euromesh::federation {

enum class TokenAlgorithm { rs256, es256 };

std::string_view name_of(TokenAlgorithm algorithm);  // "RS256", "ES256"

class TokenPublicKey {
  public:
    // A JSON Web Key (RFC 7517). bad_input: another kind than RSA of 2048 to 4096 bits or EC P-256, `alg` or
    // `use` that say that it is not for RS256 or ES256 signatures, not a point of the curve.
    static Result<TokenPublicKey> from_jwk(const Json& jwk);

    TokenAlgorithm algorithm() const;
    // `kid` of the JSON Web Key; empty when it has none.
    const std::string& id() const;
    // RFC 7638, base64url of a SHA-256.
    std::string thumbprint() const;
    // With kty, kid, alg, use and the numbers.
    Json jwk() const;
    // The owner of the private key has signed exactly this message. An ES256 signature is r and s, 32 bytes
    // each.
    bool verifies(std::string_view message, std::string_view signature) const;

  private:
    friend class TokenKey;
    struct State;
    explicit TokenPublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

class TokenKey {
  public:
    static TokenKey generate(TokenAlgorithm algorithm);
    // PKCS#8. bad_input: not PEM without passphrase, or another kind of key.
    static Result<TokenKey> from_pem(const std::string& pem);

    std::string pem() const;  // secret: for a file that only its owner reads
    const TokenPublicKey& public_key() const { return public_key_; }
    TokenAlgorithm algorithm() const { return public_key_.algorithm(); }
    std::string sign(std::string_view message) const;

  private:
    struct State;
    TokenKey(std::shared_ptr<const State> state, TokenPublicKey public_key)
        : state_(std::move(state)), public_key_(std::move(public_key)) {}
    static Result<TokenKey> wrap(std::shared_ptr<const State> state);
    std::shared_ptr<const State> state_;
    TokenPublicKey public_key_;
};

}  // namespace euromesh::federation

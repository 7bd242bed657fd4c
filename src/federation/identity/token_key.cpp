#include "federation/identity/token_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "federation/identity/base64url.hpp"
#include "federation/identity/strict_json.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t half_size = 32;  // of a P-256 coordinate, and of each half of a signature
constexpr int rsa_bits_least = 2048, rsa_bits_most = 4096;

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using PairPointer = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using BioPointer = std::unique_ptr<BIO, Freer<BIO_free_all>>;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* raw(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

Number number_of(std::string_view bytes) {
    return Number(BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

KeyPointer key_from(const char* kind, OSSL_PARAM* params) {
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    const bool made = context && params != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    ERR_clear_error();
    return KeyPointer(made ? key : nullptr);
}

KeyPointer rsa_from(std::string_view modulus, std::string_view exponent) {
    const Number n = number_of(modulus), e = number_of(exponent);
    const Builder builder(OSSL_PARAM_BLD_new());
    const bool filled = n && e && builder &&
                        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
    const Params params(filled ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
    return key_from("RSA", params.get());
}

KeyPointer ec_from(std::string_view x, std::string_view y) {
    const std::string point = "\x04" + std::string(x) + std::string(y);
    const Builder builder(OSSL_PARAM_BLD_new());
    const bool filled =
        builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) == 1;
    const Params params(filled ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
    return key_from("EC", params.get());
}

std::string parameter(const EVP_PKEY* key, const char* name, std::size_t least) {
    BIGNUM* number = nullptr;
    EM_ASSERT(EVP_PKEY_get_bn_param(key, name, &number) == 1, "a key has its numbers");
    const Number owned(number);
    std::string bytes(std::max(least, static_cast<std::size_t>(BN_num_bytes(number))), '\0');
    BN_bn2binpad(number, raw(bytes), static_cast<int>(bytes.size()));
    return base64url(bytes);
}

bool is_curve_p256(const EVP_PKEY* key) {
    char name[32] = {};
    std::size_t size = 0;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &size) == 1 &&
           std::string_view(name, size) == "prime256v1";
}

// The exponent is bounded because the work of a check grows with it.
bool is_good_rsa(const EVP_PKEY* key) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < rsa_bits_least || bits > rsa_bits_most) return false;
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &number) != 1) return false;
    const Number exponent(number);
    return BN_num_bits(number) <= 32 && BN_is_odd(number) && !BN_is_one(number);
}

std::optional<TokenAlgorithm> algorithm_of(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") && is_good_rsa(key)) return TokenAlgorithm::rs256;
    if (EVP_PKEY_is_a(key, "EC") && is_curve_p256(key)) return TokenAlgorithm::es256;
    return std::nullopt;
}

// As OpenSSL wants it: a DER sequence of r and s. Empty: not 64 bytes.
std::string der_of(std::string_view signature) {
    if (signature.size() != 2 * half_size) return {};
    const PairPointer pair(ECDSA_SIG_new());
    Number r = number_of(signature.substr(0, half_size)), s = number_of(signature.substr(half_size));
    if (!pair || !r || !s) return {};
    ECDSA_SIG_set0(pair.get(), r.release(), s.release());
    std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)), '\0');
    unsigned char* out = raw(der);
    i2d_ECDSA_SIG(pair.get(), &out);
    return der;
}

std::string halves_of(std::string_view der) {
    const unsigned char* in = raw(der);
    const PairPointer pair(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
    EM_ASSERT(pair, "OpenSSL reads its own signature");
    std::string signature(2 * half_size, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw(signature), half_size);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw(signature) + half_size, half_size);
    return signature;
}

// A key that is meant for something else is not for us: encryption, PS256, ES384.
bool is_for_signatures(const Json& jwk, std::string_view algorithm) {
    if (jwk.contains("use") && text_at(jwk, "use") != "sig") return false;
    return !jwk.contains("alg") || text_at(jwk, "alg") == algorithm;
}

std::string decoded(const Json& jwk, std::string_view key) {
    const auto text = text_at(jwk, key);
    return text && text->size() <= 1024 ? from_base64url(*text).value_or("") : "";
}

KeyPointer read_public(const Json& jwk) {
    const auto kind = text_at(jwk, "kty");
    if (kind == "RSA" && is_for_signatures(jwk, "RS256")) {
        const std::string n = decoded(jwk, "n"), e = decoded(jwk, "e");
        return n.empty() || e.empty() ? nullptr : rsa_from(n, e);
    }
    if (kind != "EC" || text_at(jwk, "crv") != "P-256" || !is_for_signatures(jwk, "ES256")) return nullptr;
    const std::string x = decoded(jwk, "x"), y = decoded(jwk, "y");
    return x.size() == half_size && y.size() == half_size ? ec_from(x, y) : nullptr;
}

int no_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

struct TokenPublicKey::State {
    KeyPointer key;
    TokenAlgorithm algorithm;
    std::string id;
};

struct TokenKey::State {
    KeyPointer key;
};

std::string_view name_of(TokenAlgorithm algorithm) {
    return algorithm == TokenAlgorithm::rs256 ? "RS256" : "ES256";
}

Result<TokenPublicKey> TokenPublicKey::from_jwk(const Json& jwk) {
    KeyPointer key = read_public(jwk);
    const auto algorithm = key ? algorithm_of(key.get()) : std::nullopt;
    ERR_clear_error();
    if (!algorithm) {
        return fail(Code::bad_input,
                    "JSON Web Key: not a key for RS256 (RSA, 2048 to 4096 bits) or ES256 (EC, P-256)");
    }
    return TokenPublicKey(
        std::make_shared<const State>(State{std::move(key), *algorithm, text_at(jwk, "kid").value_or("")}));
}

TokenAlgorithm TokenPublicKey::algorithm() const {
    return state_->algorithm;
}

const std::string& TokenPublicKey::id() const {
    return state_->id;
}

Json TokenPublicKey::jwk() const {
    const EVP_PKEY* key = state_->key.get();
    Json jwk;
    jwk["kid"] = id();
    jwk["use"] = "sig";
    jwk["alg"] = name_of(algorithm());
    if (algorithm() == TokenAlgorithm::rs256) {
        jwk["kty"] = "RSA";
        jwk["e"] = parameter(key, OSSL_PKEY_PARAM_RSA_E, 1);
        jwk["n"] = parameter(key, OSSL_PKEY_PARAM_RSA_N, 1);
    } else {
        jwk["kty"] = "EC";
        jwk["crv"] = "P-256";
        jwk["x"] = parameter(key, OSSL_PKEY_PARAM_EC_PUB_X, half_size);
        jwk["y"] = parameter(key, OSSL_PKEY_PARAM_EC_PUB_Y, half_size);
    }
    return jwk;
}

std::string TokenPublicKey::thumbprint() const {
    const Json all = jwk();
    Json needed;
    for (const char* name : {"crv", "e", "kty", "n", "x", "y"}) {
        if (all.contains(name)) needed[name] = all[name];
    }
    const Sha256Digest digest = sha256(needed.dump());
    return base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool TokenPublicKey::verifies(std::string_view message, std::string_view signature) const {
    const bool ec = algorithm() == TokenAlgorithm::es256;
    const std::string der = ec ? der_of(signature) : std::string();
    if (ec && der.empty()) return false;
    const std::string_view wanted = ec ? std::string_view(der) : signature;
    const DigestContext context(EVP_MD_CTX_new());
    const bool good =
        context &&
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) == 1 &&
        EVP_DigestVerify(context.get(), raw(wanted), wanted.size(), raw(message), message.size()) == 1;
    ERR_clear_error();
    return good;
}

Result<TokenKey> TokenKey::wrap(std::shared_ptr<const State> state) {
    const auto algorithm = algorithm_of(state->key.get());
    ERR_clear_error();
    if (!algorithm) {
        return fail(Code::bad_input, "token key: use an EC key on P-256, or RSA of {} to {} bits",
                    rsa_bits_least, rsa_bits_most);
    }
    EVP_PKEY_up_ref(state->key.get());
    TokenPublicKey::State shown{KeyPointer(state->key.get()), *algorithm, ""};
    TokenPublicKey unnamed(std::make_shared<const TokenPublicKey::State>(std::move(shown)));
    EVP_PKEY_up_ref(state->key.get());
    TokenPublicKey::State named{KeyPointer(state->key.get()), *algorithm, unnamed.thumbprint()};
    return TokenKey(std::move(state),
                    TokenPublicKey(std::make_shared<const TokenPublicKey::State>(std::move(named))));
}

TokenKey TokenKey::generate(TokenAlgorithm algorithm) {
    KeyPointer key(algorithm == TokenAlgorithm::rs256
                       ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{rsa_bits_least})
                       : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    EM_ASSERT(key, "OpenSSL makes keys");
    auto made = wrap(std::make_shared<const State>(State{std::move(key)}));
    EM_ASSERT(made, "a new key is one that we take");
    return std::move(*made);
}

Result<TokenKey> TokenKey::from_pem(const std::string& pem) {
    const BioPointer text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyPointer key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key) return fail(Code::bad_input, "token key: not an unencrypted private key in PEM form");
    return wrap(std::make_shared<const State>(State{std::move(key)}));
}

std::string TokenKey::pem() const {
    const BioPointer text(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(text.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string TokenKey::sign(std::string_view message) const {
    const DigestContext context(EVP_MD_CTX_new());
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(state_->key.get())), '\0');
    std::size_t size = signature.size();
    const bool made =
        context &&
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) == 1 &&
        EVP_DigestSign(context.get(), raw(signature), &size, raw(message), message.size()) == 1;
    EM_ASSERT(made, "a token key signs");
    signature.resize(size);
    return algorithm() == TokenAlgorithm::es256 ? halves_of(signature) : signature;
}

}  // namespace euromesh::federation

#include "base/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "base/os/file.hpp"

namespace euromesh {
namespace {

constexpr std::size_t key_file_max_bytes = 4096;

template <class T, void (*Free)(T*)>
struct Freer {
    void operator()(T* object) const { Free(object); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using DigestPointer = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX, EVP_MD_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;

// OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

KeyPointer parse_key(std::string_view pem) {
    const BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (key && EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) key.reset();
    return key;
}

Status check_private(const std::filesystem::path& file) {
    using std::filesystem::perms;
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (error || !std::filesystem::exists(status)) return {};  // reading it says what is wrong
    if ((status.permissions() & (perms::group_all | perms::others_all)) == perms::none) return {};
    return fail(Code::refused,
                "{}: others may read this secret key: chmod 600 it, and change the key if they did",
                file.string());
}

}  // namespace

struct SigningKey::Secret {
    KeyPointer key;
};

SigningKey::SigningKey(std::shared_ptr<const Secret> secret) : secret_(std::move(secret)) {
    std::size_t size = public_key_.size();
    EM_ASSERT(EVP_PKEY_get_raw_public_key(secret_->key.get(), public_key_.data(), &size) == 1 &&
                  size == public_key_.size(),
              "an Ed25519 key has a public part of 32 bytes");
}

SigningKey SigningKey::generate() {
    std::array<std::uint8_t, 32> seed{};
    os::fill_random(std::as_writable_bytes(std::span(seed)));
    SigningKey key = from_seed(seed);
    OPENSSL_cleanse(seed.data(), seed.size());
    return key;
}

SigningKey SigningKey::from_seed(const std::array<std::uint8_t, 32>& seed) {
    KeyPointer key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    EM_ASSERT(key != nullptr, "any 32 bytes are an Ed25519 key");
    return SigningKey(std::make_shared<const Secret>(Secret{std::move(key)}));
}

Result<SigningKey> SigningKey::read(const std::filesystem::path& file) {
    EM_TRY(check_private(file));
    EM_ASSIGN(std::string pem, os::read_file(file, key_file_max_bytes));
    KeyPointer key = parse_key(pem);
    OPENSSL_cleanse(pem.data(), pem.size());
    if (!key) {
        return fail(Code::bad_input, "{}: no unencrypted Ed25519 private key in PEM form", file.string());
    }
    return SigningKey(std::make_shared<const Secret>(Secret{std::move(key)}));
}

Status SigningKey::write(const std::filesystem::path& file) const {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) {
        return fail(Code::conflict, "{}: there is a file already; a key is never overwritten", file.string());
    }
    const BioPointer bio(BIO_new(BIO_s_secmem()));
    const bool written = bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), secret_->key.get(), nullptr, nullptr,
                                                              0, nullptr, nullptr) == 1;
    EM_ASSERT(written, "a key in memory can be written as text");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return os::write_secret_atomically(file, {data, static_cast<std::size_t>(size)});
}

Signature SigningKey::sign(std::string_view message) const {
    const DigestPointer context(EVP_MD_CTX_new());
    Signature signature{};
    std::size_t size = signature.size();
    EM_ASSERT(
        context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, secret_->key.get()) == 1 &&
            EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) == 1,
        "signing memory cannot fail");
    return signature;
}

bool is_signed(const PublicKey& key, std::string_view message, const Signature& signature) {
    const KeyPointer pointer(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
    const DigestPointer context(EVP_MD_CTX_new());
    const bool holds = pointer && context &&
                       EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pointer.get()) == 1 &&
                       EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(message),
                                        message.size()) == 1;
    ERR_clear_error();
    return holds;
}

std::string key_id(const PublicKey& key) {
    return to_hex(sha256(std::as_bytes(std::span(key))));
}

}  // namespace euromesh

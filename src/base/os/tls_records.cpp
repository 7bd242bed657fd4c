#include "base/os/tls_records.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <string_view>

#include "base/assert.hpp"
#include "base/os/fast_gcm.hpp"

namespace euromesh::os {
namespace {

constexpr std::size_t tag_bytes = 16;
constexpr std::size_t body_most_bytes = record_content_bytes + 256;  // RFC 8446, 5.2

unsigned char* raw(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* raw(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}

// HKDF-Expand-Label(secret, label, "", out.size()), RFC 8446, 7.1.
void expand(TrafficSecret& secret, std::string_view label, std::span<std::byte> out) {
    EVP_KDF* kdf = EVP_KDF_fetch(crypto_library(), "TLS13-KDF", nullptr);
    EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA256";
    char prefix[] = "tls13 ";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix, 6),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, const_cast<char*>(label.data()),
                                          label.size()),
        OSSL_PARAM_construct_end()};
    const bool done =
        context != nullptr && EVP_KDF_derive(context, raw(out.data()), out.size(), parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    EM_ASSERT(done, "OpenSSL derives the keys of TLS 1.3");
}

void write_head(std::size_t body, std::byte* head) {
    head[0] = std::byte{23};
    head[1] = head[2] = std::byte{3};
    head[3] = static_cast<std::byte>(body >> 8);
    head[4] = static_cast<std::byte>(body);
}

}  // namespace

struct RecordKey::Context {
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(crypto_library(), "AES-128-GCM", crypto_properties);
    EVP_CIPHER_CTX* state = EVP_CIPHER_CTX_new();
    ~Context() {
        EVP_CIPHER_CTX_free(state);
        EVP_CIPHER_free(cipher);
    }
};

RecordKey::RecordKey(const TrafficSecret& secret, Use use)
    : context_(std::make_unique<Context>()), secret_(secret), use_(use) {
    EM_ASSERT(context_->cipher != nullptr && context_->state != nullptr, "OpenSSL has AES-128-GCM");
    take_key();
}

RecordKey::~RecordKey() {
    OPENSSL_cleanse(secret_.data(), secret_.size());
    OPENSSL_cleanse(iv_.data(), iv_.size());
}

void RecordKey::take_key() {
    std::array<std::byte, 16> key;
    expand(secret_, "key", key);
    expand(secret_, "iv", iv_);
    sequence_ = 0;
    const int seals = use_ == Use::seals ? 1 : 0;
    const int done =
        EVP_CipherInit_ex2(context_->state, context_->cipher, raw(key.data()), nullptr, seals, nullptr);
    OPENSSL_cleanse(key.data(), key.size());
    EM_ASSERT(done == 1, "OpenSSL takes a key of the right size");
}

void RecordKey::update() {
    TrafficSecret next;
    expand(secret_, "traffic upd", next);
    secret_ = next;
    OPENSSL_cleanse(next.data(), next.size());
    take_key();
}

// The nonce is the iv xor the number of the record, RFC 8446, 5.3; the head is authenticated with the body.
void RecordKey::begin_record(const std::byte* head) {
    std::array<std::byte, 12> nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::byte>(sequence_ >> (8 * i));
    ++sequence_;
    int size = 0;
    const bool done =
        EVP_CipherInit_ex2(context_->state, nullptr, nullptr, raw(nonce.data()), -1, nullptr) == 1 &&
        EVP_CipherUpdate(context_->state, nullptr, &size, raw(head), record_head_bytes) == 1;
    EM_ASSERT(done, "OpenSSL begins a record");
}

void RecordKey::seal(RecordType type, std::span<const std::byte> content, std::span<std::byte> out) {
    EM_ASSERT(use_ == Use::seals && content.size() <= record_content_bytes,
              "a record that this key may seal");
    EM_ASSERT(out.size() == content.size() + record_overhead_bytes, "room for the sealed record");
    write_head(content.size() + 1 + tag_bytes, out.data());
    begin_record(out.data());
    EVP_CIPHER_CTX* state = context_->state;
    unsigned char* body = raw(out.data()) + record_head_bytes;
    const auto type_byte = static_cast<unsigned char>(type);
    int size = 0;
    bool done = content.empty() || EVP_CipherUpdate(state, body, &size, raw(content.data()),
                                                    static_cast<int>(content.size())) == 1;
    body += content.size();
    done = done && EVP_CipherUpdate(state, body, &size, &type_byte, 1) == 1 &&
           EVP_CipherFinal_ex(state, body + 1, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, tag_bytes, body + 1) == 1;
    EM_ASSERT(done, "OpenSSL seals a record");
}

Result<RecordKey::Opened> RecordKey::open(std::span<const std::byte> record, std::span<std::byte> room) {
    EM_ASSERT(use_ == Use::opens && record.size() >= record_overhead_bytes, "a whole record");
    const std::size_t content = record.size() - record_overhead_bytes;
    EM_ASSERT(room.size() >= content, "room for the content");
    EVP_CIPHER_CTX* state = context_->state;
    begin_record(record.data());
    const std::span<const std::byte> body = record.subspan(record_head_bytes);
    void* tag = const_cast<std::byte*>(body.last(tag_bytes).data());
    unsigned char type = 0;
    int size = 0;
    bool good = EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag) == 1;
    if (content > 0) {
        good = good && EVP_CipherUpdate(state, raw(room.data()), &size, raw(body.data()),
                                        static_cast<int>(content)) == 1;
    }
    good = good && EVP_CipherUpdate(state, &type, &size, raw(body.data()) + content, 1) == 1;
    unsigned char none[tag_bytes];
    good = good && EVP_CipherFinal_ex(state, none, &size) == 1;
    if (!good) {
        ERR_clear_error();
        return fail(Code::corrupted, "a TLS record is not what was sent (changed on the way?)");
    }
    // Zeros at the end are padding; the type is the last byte before them.
    std::size_t end = content;
    while (type == 0 && end > 0) type = static_cast<unsigned char>(room[--end]);
    return Opened{static_cast<RecordType>(type), end};
}

Result<std::size_t> record_size(std::span<const std::byte> received) {
    if (received.size() < record_head_bytes) return std::size_t{0};
    const std::size_t body =
        static_cast<std::size_t>(received[3]) << 8 | static_cast<std::size_t>(received[4]);
    const bool known = received[0] == std::byte{23} && received[1] == std::byte{3};
    if (!known || body < record_overhead_bytes - record_head_bytes || body > body_most_bytes) {
        return fail(Code::corrupted, "what follows the TLS handshake is not a record of TLS 1.3");
    }
    return record_head_bytes + body;
}

}  // namespace euromesh::os

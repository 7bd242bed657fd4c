#include "base/hash.hpp"

#include <openssl/evp.h>
#include <xxhash.h>

#include "base/assert.hpp"

namespace euromesh {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    EM_ASSERT(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "SHA-256 is always available");
}
Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) {
    EM_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1,
              "hashing memory cannot fail");
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest;
    unsigned size = 0;
    EM_ASSERT(EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1, "hashing memory cannot fail");
    EM_ASSERT(size == digest.size(), "a SHA-256 digest has 32 bytes");
    return digest;
}

Sha256Digest sha256(std::span<const std::byte> bytes) {
    Sha256 hash;
    hash.add(bytes);
    return hash.finish();
}

Sha256Digest sha256(std::string_view text) {
    return sha256(std::as_bytes(std::span(text.data(), text.size())));
}

FastDigest fast_digest(std::span<const std::byte> bytes) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
    FastDigest digest;
    std::copy(std::begin(canonical.digest), std::end(canonical.digest), digest.begin());
    return digest;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::uint8_t byte : bytes) {
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
    }
    return text;
}

Status from_hex(std::string_view text, std::span<std::uint8_t> out) {
    const auto value = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (text.size() != out.size() * 2) {
        return fail(Code::bad_input, "a digest of {} hexadecimal digits is expected, not {}", out.size() * 2,
                    text.size());
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = value(text[2 * i]), low = value(text[2 * i + 1]);
        if (high < 0 || low < 0) return fail(Code::bad_input, "a digest has only 0-9 and a-f");
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return {};
}

}  // namespace euromesh

#include "base/os/fast_gcm.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <array>
#include <optional>
#include <vector>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes noise(std::size_t size, std::uint64_t seed) {
    Random random(seed);
    Bytes bytes(size);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random.next());
    return bytes;
}

// In pieces of `piece` bytes; the tag is the end of what is sealed.
std::optional<Bytes> run(const char* properties, bool encrypt, const Bytes& in, const Bytes& aad,
                         std::size_t piece) {
    const Bytes key = noise(16, 1), iv = noise(12, 2);
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(crypto_library(), "AES-128-GCM", properties);
    REQUIRE(cipher != nullptr);
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    const std::size_t size = encrypt ? in.size() : in.size() - 16;
    Bytes out(size + 16);
    int moved = 0;
    bool good = EVP_CipherInit_ex2(context, cipher, key.data(), iv.data(), encrypt, nullptr) == 1;
    if (!encrypt) {
        Bytes tag(in.end() - 16, in.end());
        good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag.data()) == 1;
    }
    good = good && EVP_CipherUpdate(context, nullptr, &moved, aad.data(), static_cast<int>(aad.size())) == 1;
    for (std::size_t at = 0; at < size && good; at += piece) {
        good = EVP_CipherUpdate(context, out.data() + at, &moved, in.data() + at,
                                static_cast<int>(std::min(piece, size - at))) == 1;
    }
    good = good && EVP_CipherFinal_ex(context, out.data() + size, &moved) == 1;
    if (encrypt)
        good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out.data() + size) == 1;
    if (!encrypt) out.resize(size);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return good ? std::optional(out) : std::nullopt;
}

}  // namespace

TEST_CASE("AES-128-GCM as TLS gets it equals OpenSSL's own, in any pieces, and opens what the other sealed") {
    for (std::size_t size : {0u, 1u, 16u, 100u, 4096u, 16384u, 100'001u}) {
        for (std::size_t piece : {1000u, 16384u, 1'000'000u}) {
            const Bytes text = noise(size, size), aad = noise(5, 3);
            const auto ours = run(crypto_properties, true, text, aad, piece);
            const auto openssl = run("provider=default", true, text, aad, piece);
            REQUIRE(ours);
            CHECK(*ours == *openssl);
            CHECK(run(crypto_properties, false, *openssl, aad, piece) == text);
        }
    }
}

TEST_CASE("a changed bit anywhere is not accepted") {
    const Bytes aad = noise(5, 3);
    const Bytes sealed = *run(crypto_properties, true, noise(300, 4), aad, 300);
    for (std::size_t at = 0; at < sealed.size(); at += 7) {
        Bytes changed = sealed;
        changed[at] ^= 1;
        CHECK(!run(crypto_properties, false, changed, aad, 300));
    }
    CHECK(!run(crypto_properties, false, sealed, noise(5, 4), 300));
    CHECK(run(crypto_properties, false, sealed, aad, 300));
}

TEST_CASE("an initialisation vector serves one message only") {
    if (!has_fast_gcm()) return;
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(crypto_library(), "AES-128-GCM", "provider=euromesh");
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    const Bytes key = noise(16, 1), iv = noise(12, 2);
    Bytes text = noise(32, 3);
    int size = 0;
    CHECK(EVP_EncryptInit_ex2(context, cipher, key.data(), nullptr, nullptr) == 1);
    CHECK(EVP_EncryptUpdate(context, text.data(), &size, text.data(), 32) != 1);
    CHECK(EVP_EncryptInit_ex2(context, nullptr, nullptr, iv.data(), nullptr) == 1);
    CHECK(EVP_EncryptUpdate(context, text.data(), &size, text.data(), 32) == 1);
    CHECK(EVP_EncryptFinal_ex(context, text.data(), &size) == 1);
    CHECK(EVP_EncryptUpdate(context, text.data(), &size, text.data(), 32) != 1);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
}

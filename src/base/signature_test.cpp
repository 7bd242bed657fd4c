#include "base/signature.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/hash.hpp"
#include "base/os/file.hpp"

namespace euromesh {
namespace {

namespace fs = std::filesystem;

template <std::size_t Size>
std::array<std::uint8_t, Size> bytes(std::string_view hex) {
    std::array<std::uint8_t, Size> out{};
    REQUIRE(from_hex(hex, out));
    return out;
}

class Folder {
  public:
    Folder() : path_(fs::temp_directory_path() / ("em_signature_" + std::to_string(::getpid()))) {
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    fs::path file(const char* name) const { return path_ / name; }

  private:
    fs::path path_;
};

TEST_CASE("keys and signatures are those of RFC 8032, section 7.1") {
    const auto key =
        SigningKey::from_seed(bytes<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    CHECK(to_hex(key.public_key()) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    const Signature signature = key.sign("\x72");
    CHECK(to_hex(signature) ==
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
          "387b2eaeb4302aeeb00d291612bb0c00");
    CHECK(is_signed(key.public_key(), "\x72", signature));
}

TEST_CASE("another message, key or signature does not hold") {
    const SigningKey key = SigningKey::generate();
    const SigningKey other = SigningKey::generate();
    CHECK(key.public_key() != other.public_key());
    const Signature signature = key.sign("a head");
    CHECK(is_signed(key.public_key(), "a head", signature));
    CHECK_FALSE(is_signed(key.public_key(), "a Head", signature));
    CHECK_FALSE(is_signed(other.public_key(), "a head", signature));
    CHECK_FALSE(is_signed(PublicKey{}, "a head", signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        Signature changed = signature;
        changed[i] ^= 1;
        CHECK_FALSE(is_signed(key.public_key(), "a head", changed));
    }
}

TEST_CASE("a key in a file is the same key, for its owner only, and never overwritten") {
    const Folder folder;
    const SigningKey key = SigningKey::generate();
    const fs::path file = folder.file("site.key");
    REQUIRE(key.write(file));
    CHECK((fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
          fs::perms::none);
    const auto again = SigningKey::read(file);
    REQUIRE(again);
    CHECK(again->public_key() == key.public_key());
    CHECK(is_signed(key.public_key(), "x", again->sign("x")));
    CHECK(SigningKey::generate().write(file).error().code == Code::conflict);
    CHECK(SigningKey::read(file)->public_key() == key.public_key());
}

TEST_CASE("what is no key is refused without a word of what is in it") {
    const Folder folder;
    CHECK(SigningKey::read(folder.file("none.key")).error().code == Code::not_found);
    const fs::path open = folder.file("open.key");
    REQUIRE(SigningKey::generate().write(open));
    fs::permissions(open, fs::perms::group_read, fs::perm_options::add);
    CHECK(SigningKey::read(open).error().code == Code::refused);
    CHECK(SigningKey::read(open).error().message.find("chmod 600") != std::string::npos);
    const fs::path text = folder.file("text.key");
    for (const char* content :
         {"", "hidden", "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----\n"}) {
        REQUIRE(os::write_secret_atomically(text, content));
        const auto key = SigningKey::read(text);
        REQUIRE_FALSE(key);
        CHECK(key.error().code == Code::bad_input);
        CHECK(key.error().message.find("hidden") == std::string::npos);
    }
}

TEST_CASE("a key's id is the digest of its public part") {
    CHECK(key_id(PublicKey{}) == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
}

}  // namespace
}  // namespace euromesh

#include "base/hash.hpp"

#include <doctest/doctest.h>

namespace euromesh {
namespace {

TEST_CASE("SHA-256 gives the FIPS 180-4 examples, whole or in pieces") {
    CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    Sha256 pieces;
    pieces.add(std::as_bytes(std::span("a", 1)));
    pieces.add(std::as_bytes(std::span("bc", 2)));
    CHECK(pieces.finish() == sha256("abc"));
}

TEST_CASE("the fast digest is XXH3-128 in canonical order and notices one bit") {
    CHECK(to_hex(fast_digest({})) == "99aa06d3014798d86001c324468d497f");
    CHECK(fast_digest(std::as_bytes(std::span("a", 1))) != fast_digest(std::as_bytes(std::span("b", 1))));
}

TEST_CASE("hexadecimal is read strictly") {
    std::array<std::uint8_t, 2> bytes{};
    CHECK(from_hex("0aff", bytes));
    CHECK(bytes == std::array<std::uint8_t, 2>{0x0a, 0xff});
    CHECK(!from_hex("0AFF", bytes));
    CHECK(!from_hex("0af", bytes));
}

}  // namespace
}  // namespace euromesh

#include "sync/result_transfer.hpp"

#include <doctest/doctest.h>

#include <string>

namespace euromesh::sync {
namespace {

std::vector<std::byte> some_bytes(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 + i / 256);
    return bytes;
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

TEST_CASE("a result of several pieces arrives as it was") {
    const auto bytes = some_bytes(2 * state_piece_bytes + 77);
    OutgoingResult outgoing(7, std::make_shared<const std::vector<std::byte>>(bytes));
    const auto header = outgoing.next();
    REQUIRE(header.has_value());
    CHECK(header->type == result_header_type);
    auto incoming = IncomingResult::begin(header->bytes, 7, bytes.size());
    REQUIRE(incoming.has_value());
    int pieces = 0;
    while (const auto piece = outgoing.next()) {
        CHECK(piece->type == result_piece_type);
        CHECK_FALSE(incoming->complete());
        REQUIRE(incoming->add(piece->bytes).has_value());
        ++pieces;
    }
    CHECK(pieces == 3);
    CHECK(incoming->complete());
    CHECK(incoming->take() == bytes);
}

TEST_CASE("a header of another round or size takes no memory") {
    OutgoingResult outgoing(7, std::make_shared<const std::vector<std::byte>>(100));
    const auto header = outgoing.next()->bytes;
    CHECK(IncomingResult::begin(header, 8, 100).error().message.find("'round' is 7, expected 8") !=
          std::string::npos);
    CHECK(IncomingResult::begin(header, 7, 101).error().message.find("'bytes' is 100, expected 101") !=
          std::string::npos);
    CHECK_FALSE(IncomingResult::begin(bytes_of("{\"round\":7}"), 7, 100).has_value());
    CHECK_FALSE(IncomingResult::begin(bytes_of("no json"), 7, 100).has_value());
    CHECK_FALSE(IncomingResult::begin(bytes_of(std::string(1000, ' ')), 7, 100).has_value());
}

TEST_CASE("pieces that are empty or too many are refused") {
    OutgoingResult outgoing(1, std::make_shared<const std::vector<std::byte>>(10));
    auto incoming = IncomingResult::begin(outgoing.next()->bytes, 1, 10);
    CHECK_FALSE(incoming->add({}).has_value());
    CHECK_FALSE(incoming->add(some_bytes(11)).has_value());
    CHECK(incoming->add(some_bytes(10)).has_value());
    CHECK_FALSE(incoming->add(some_bytes(1)).has_value());
}

}  // namespace euromesh::sync

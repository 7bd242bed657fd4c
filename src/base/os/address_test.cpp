#include "base/os/address.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::os;

TEST_CASE("endpoints are read and written in one form") {
    CHECK(parse_endpoint("jupiter.example:4400").value() == Endpoint{"jupiter.example", 4400});
    CHECK(parse_endpoint("[::1]:0").value() == Endpoint{"::1", 0});
    CHECK(parse_endpoint("[::1]:80").value().text() == "[::1]:80");
    CHECK(parse_endpoint("127.0.0.1:80").value().text() == "127.0.0.1:80");
    for (const char* wrong :
         {"", "host", ":80", "host:", "host:x", "host:65536", "host:-1", "::1:80", "[]:80", "host:80 "}) {
        CAPTURE(wrong);
        const auto read = parse_endpoint(wrong);
        REQUIRE(!read);
        CHECK(read.error().code == Code::bad_input);
    }
}

TEST_CASE("an address resolves to itself, in its family only") {
    const std::stop_token never;
    const auto four = resolve({"127.0.0.1", 80}, Family::any, never).value();
    REQUIRE(four.size() == 1);
    CHECK(four[0].text() == "127.0.0.1:80");
    CHECK(four[0].family() == Family::ipv4);
    CHECK(resolve({"::1", 81}, Family::ipv6, never).value().at(0).text() == "[::1]:81");
    const auto wrong = resolve({"127.0.0.1", 80}, Family::ipv6, never);
    REQUIRE(!wrong);
    CHECK(wrong.error().message.find("127.0.0.1:80, IPv6 only") != std::string::npos);
}

TEST_CASE("a name resolves to addresses of the family that is asked for") {
    const auto found = resolve({"localhost", 7}, Family::ipv4, {}).value();
    CHECK(found.at(0).text() == "127.0.0.1:7");
}

TEST_CASE("a name that does not exist is told; a stop ends the wait") {
    const auto missing = look_up({"no-such-host.invalid", 1}, Family::any);
    REQUIRE(!missing);
    CHECK(missing.error().message.find("no-such-host.invalid:1") != std::string::npos);
    std::stop_source stop;
    stop.request_stop();
    CHECK(resolve({"no-such-host.invalid", 1}, Family::any, stop.get_token()).error().code ==
          Code::cancelled);
}

TEST_CASE("numeric addresses as bytes") {
    CHECK(address_bytes("127.0.0.1") == std::string("\x7f\0\0\x01", 4));
    CHECK(address_bytes("::1") == std::string(15, '\0') + '\x01');
    CHECK(address_bytes("localhost").empty());
    CHECK(address_bytes("127.1").empty());
}

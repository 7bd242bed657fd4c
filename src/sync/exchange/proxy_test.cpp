#include "sync/exchange/proxy.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock test_clock;
const os::Endpoint target{"jupiter.example", 4400};

// What the other side says, whatever it is asked; then it closes.
Status answered(std::string answer, bool socks, const std::optional<Login>& login = std::nullopt,
                const os::Endpoint& endpoint = target, std::string* asked = nullptr) {
    auto [ours, theirs] = os::Socket::pair().value();
    const iovec piece{answer.data(), answer.size()};
    REQUIRE(theirs.send({&piece, 1}).value() == answer.size());
    theirs.shutdown_sending();
    Dialogue dialogue(ours, test_clock, std::chrono::seconds(10), {}, "proxy p:1");
    const Status status = socks ? ask_socks5(dialogue, endpoint, login) : ask_http(dialogue, endpoint, login);
    if (asked) {
        asked->resize(4096);
        asked->resize(
            theirs.receive(std::as_writable_bytes(std::span(asked->data(), asked->size()))).value());
    }
    return status;
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text.push_back(static_cast<char>(value));
    return text;
}

const std::string no_login = bytes({5, 0});
const std::string connected = bytes({5, 0, 0, 1, 10, 0, 0, 1, 0, 80});

}  // namespace

TEST_CASE("base64 as RFC 4648 section 10 has it") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foob") == "Zm9vYg==");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("SOCKS5: what is asked, to the byte") {
    std::string asked;
    CHECK(answered(no_login + connected, true, std::nullopt, {"ab.c", 258}, &asked));
    CHECK(asked == bytes({5, 1, 0, 5, 1, 0, 3, 4, 'a', 'b', '.', 'c', 1, 2}));
    CHECK(answered(no_login + connected, true, std::nullopt, {"10.0.0.7", 80}, &asked));
    CHECK(asked == bytes({5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 7, 0, 80}));
    CHECK(answered(bytes({5, 2, 1, 0}) + connected, true, Login{"me", "pw"}, {"a", 1}, &asked));
    CHECK(asked == bytes({5, 2, 0, 2, 1, 2, 'm', 'e', 2, 'p', 'w', 5, 1, 0, 3, 1, 'a', 0, 1}));
    CHECK(answered(no_login + bytes({5, 0, 0, 3, 2, 'x', 'y', 0, 80}), true));
    CHECK(answered(no_login + bytes({5, 0, 0, 4}) + std::string(18, 'x'), true));
}

TEST_CASE("SOCKS5: every refusal has its reason and its code") {
    const auto check = [](const std::string& answer, Code code, std::string_view reason) {
        const Status status = answered(answer, true);
        REQUIRE(!status);
        CAPTURE(status.error().message);
        CHECK(status.error().code == code);
        CHECK(status.error().message.find(reason) != std::string::npos);
        CHECK(status.error().message.starts_with("proxy p:1: "));
    };
    check(bytes({4, 0}), Code::corrupted, "does not speak SOCKS5");
    check(bytes({5, 255}), Code::refused, "add ?login=FILE");
    check(bytes({5, 2}), Code::refused, "asks for a login");
    check(bytes({5, 1}), Code::corrupted, "was not offered");
    check(no_login + bytes({5, 2, 0, 1}), Code::refused, "its rules do not allow it");
    check(no_login + bytes({5, 5, 0, 1}), Code::unavailable,
          "no connection to jupiter.example:4400: connection refused");
    check(no_login + bytes({5, 99, 0, 1}), Code::refused, "an unknown reason");
    check(no_login + bytes({5, 0, 0, 9}), Code::corrupted, "unknown kind of address");
    check(no_login + bytes({5, 0}), Code::unavailable, "connection closed");
    check("", Code::unavailable, "connection closed");
    const Status wrong = answered(bytes({5, 2, 1, 1}), true, Login{"me", "secret"});
    CHECK(wrong.error().code == Code::refused);
    CHECK(wrong.error().message.find("secret") == std::string::npos);
}

TEST_CASE("HTTP: what is asked, and what the answers mean") {
    std::string asked;
    CHECK(
        answered("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", false, Login{"Aladdin", "open sesame"}, target, &asked));
    CHECK(asked ==
          "CONNECT jupiter.example:4400 HTTP/1.1\r\nHost: jupiter.example:4400\r\n"
          "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
    CHECK(answered("HTTP/1.0 204 \r\n\r\n", false));
    CHECK(answered("HTTP/1.1 407 No\r\n\r\n", false).error().code == Code::refused);
    CHECK(answered("HTTP/1.1 403 No\r\n\r\n", false).error().code == Code::refused);
    CHECK(answered("HTTP/1.1 502 No\r\n\r\n", false).error().code == Code::unavailable);
    for (const char* garbage :
         {"SSH-2.0\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "\r\n\r\n", "HTTP/1.1\r\n\r\n"}) {
        CAPTURE(garbage);
        CHECK(answered(garbage, false).error().code == Code::corrupted);
    }
    CHECK(answered("HTTP/1.1 200 OK\r\n" + std::string(20'000, 'x'), false).error().code == Code::corrupted);
}

TEST_CASE("a host that would end the request is not sent") {
    for (const char* host : {"", "a b", "a\r\nX: y", "a\x80"}) {
        CHECK(answered("HTTP/1.1 200 OK\r\n\r\n", false, std::nullopt, {host, 1}).error().code ==
              Code::bad_input);
        CHECK(answered(no_login + connected, true, std::nullopt, {host, 1}).error().code == Code::bad_input);
    }
    CHECK(answered(no_login + connected, true, std::nullopt, {std::string(256, 'a'), 1}).error().code ==
          Code::bad_input);
}

TEST_CASE("a login is read from a file that only its owner can read") {
    const os::Path path =
        std::filesystem::temp_directory_path() / ("euromesh_login_" + std::to_string(::getpid()));
    REQUIRE(os::write_secret_atomically(path, "me:pass:word\n"));
    const Login login = read_login(path).value();
    CHECK(login.user == "me");
    CHECK(login.password == "pass:word");
    std::filesystem::permissions(path, std::filesystem::perms(0640));
    CHECK(read_login(path).error().code == Code::refused);
    for (const char* wrong : {"", "me", ":pw", "me:pw\nyou:pw"}) {
        REQUIRE(os::write_secret_atomically(path, wrong));
        CHECK(read_login(path).error().code == Code::bad_input);
    }
    std::filesystem::remove(path);
    CHECK(read_login(path).error().code == Code::not_found);
}

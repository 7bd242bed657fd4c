#include "base/os/http_client.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "base/os/socket.hpp"
#include "base/os/thread.hpp"

using namespace euromesh;
using namespace euromesh::os;

namespace {

// Answers one request with a fixed text, and keeps what it was asked.
class OneAnswer {
  public:
    explicit OneAnswer(std::string answer)
        : answer_(std::move(answer)),
          listener_(Socket::listen({"127.0.0.1", 0}, {}).value()),
          thread_([this] { serve(); }) {}
    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(listener_.local_port()) + path;
    }
    // After the request has been answered.
    std::string asked() {
        thread_.join();
        return asked_;
    }

  private:
    static bool wait(const Socket& socket, bool write) {
        WaitItem item{&socket, !write, write};
        wait_ready({&item, 1}, std::chrono::seconds(5));
        return item.readable || item.writable;
    }
    void serve() {
        if (!wait(listener_, false)) return;
        Socket socket = std::move(*listener_.accept({}).value());
        std::byte room[4096];
        while (!asked_.ends_with("\r\n\r\n") && !asked_.ends_with("body!") && wait(socket, false)) {
            const auto got = socket.receive(room);
            if (!got) return;
            asked_.append(reinterpret_cast<const char*>(room), *got);
            if (asked_.starts_with("PUT") && !asked_.ends_with("body!")) continue;
        }
        const iovec piece{answer_.data(), answer_.size()};
        CHECK(socket.send({&piece, 1}).value() == answer_.size());
    }
    std::string answer_, asked_;
    Socket listener_;
    Thread thread_;
};

}  // namespace

TEST_CASE("a body lands in the room, and a larger one is an error") {
    std::byte room[8];
    HttpClient client;
    OneAnswer fits("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello");
    HttpRequest request{"GET", fits.url("/x"), {"Range: bytes=0-4"}};
    request.room = room;
    const auto answer = client.perform(request);
    REQUIRE(answer);
    CHECK(answer->status == 206);
    CHECK(answer->received == 5);
    CHECK(std::memcmp(room, "hello", 5) == 0);
    CHECK(fits.asked().find("Range: bytes=0-4\r\n") != std::string::npos);
    OneAnswer large("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789");
    request.url = large.url("/x");
    CHECK(client.perform(request).error().code == Code::no_space);
}

TEST_CASE("a put is signed, and neither its secret nor its query shows in an error") {
    const HttpSigner signer{"eu-1", "key-id", "very-secret", "a-token"};
    const std::string body = "the body!";
    HttpRequest request{"PUT", "", {"x-amz-content-sha256: UNSIGNED-PAYLOAD"}};
    request.body = std::as_bytes(std::span(body.data(), body.size()));
    request.signer = &signer;
    OneAnswer server("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope");
    request.url = server.url("/bucket/x?a=1");
    HttpClient client;
    const auto answer = client.perform(request);
    REQUIRE(answer);
    CHECK(answer->status == 403);
    CHECK(answer->error_body == "nope");
    const std::string asked = server.asked();
    CHECK(asked.starts_with("PUT /bucket/x?a=1 HTTP/1.1\r\n"));
    CHECK(asked.find("Authorization: AWS4-HMAC-SHA256 Credential=key-id/") != std::string::npos);
    CHECK(asked.find("/eu-1/s3/aws4_request") != std::string::npos);
    CHECK(asked.find("x-amz-security-token: a-token") != std::string::npos);
    CHECK(asked.find("very-secret") == std::string::npos);
    request.url = "http://127.0.0.1:1/bucket/x?secret=1";
    const auto refused = client.perform(request);
    REQUIRE(!refused);
    CHECK(refused.error().code == Code::unavailable);
    CHECK(refused.error().message.find("secret") == std::string::npos);
}

TEST_CASE("a server that says nothing is given up, one that is not asked for is no URL, and stop is heard") {
    const Socket silent = Socket::listen({"127.0.0.1", 0}, {}).value();
    HttpRequest request{"GET", "http://127.0.0.1:" + std::to_string(silent.local_port()) + "/x"};
    request.silence_limit = std::chrono::seconds(1);
    HttpClient client;
    std::stop_source stop;
    stop.request_stop();
    CHECK(client.perform(request, stop.get_token()).error().code == Code::cancelled);
    CHECK(client.perform(request).error().code == Code::unavailable);
    request.url = "file:///etc/hostname";
    CHECK(client.perform(request).error().code == Code::bad_input);
}

#include "base/os/http_client.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
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
    bool is_whole() const { return asked_.ends_with(asked_.starts_with("P") ? "body!" : "\r\n\r\n"); }
    void serve() {
        if (!wait(listener_, false)) return;
        Socket socket = std::move(*listener_.accept({}).value());
        std::byte room[4096];
        while (!is_whole() && wait(socket, false)) {
            const auto got = socket.receive(room);
            if (!got) return;
            asked_.append(reinterpret_cast<const char*>(room), *got);
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

TEST_CASE("a form is posted, and answers of both kinds come as text up to a limit") {
    const std::string form = "grant_type=x&code=the+body!";
    HttpRequest request{"POST", "", {"Content-Type: application/x-www-form-urlencoded"}};
    request.body = std::as_bytes(std::span(form.data(), form.size()));
    HttpClient client;
    OneAnswer good("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    request.url = good.url("/token");
    const auto answer = ask_text(client, request, 5);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == "hello");
    const std::string asked = good.asked();
    CHECK(asked.starts_with("POST /token HTTP/1.1\r\n"));
    CHECK(asked.find("Content-Length: 27\r\n") != std::string::npos);
    CHECK(asked.find("Content-Type: application/x-www-form-urlencoded\r\n") != std::string::npos);
    CHECK(asked.ends_with("\r\n\r\n" + form));
    OneAnswer wrong("HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nnope");
    request.url = wrong.url("/token");
    CHECK(ask_text(client, request, 5)->body == "nope");
    OneAnswer large("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456");
    request.url = large.url("/token");
    CHECK(ask_text(client, request, 5).error().code == Code::no_space);
    CHECK(large.asked().size() > 10);
}

TEST_CASE("a file of authorities that is not there is an error, not trust in everybody") {
    HttpRequest request{"GET", "https://127.0.0.1:1/x"};
    request.authority_file = "/nonexistent/authority.pem";
    HttpClient client;
    CHECK_FALSE(ask_text(client, request, 5));
}

TEST_CASE("what must not leave this machine goes through no proxy") {
    const char* before = std::getenv("http_proxy");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    HttpRequest request{"GET", server.url("/x")};
    HttpClient client;
    CHECK(ask_text(client, request, 5).error().code == Code::unavailable);
    request.is_direct = true;
    const auto answer = ask_text(client, request, 5);
    if (before == nullptr)
        ::unsetenv("http_proxy");
    else
        ::setenv("http_proxy", kept.c_str(), 1);
    REQUIRE(answer);
    CHECK(answer->body == "hi");
}

TEST_CASE("a socket of this machine is asked instead of the URL's host") {
    const std::string path = "/tmp/em-http-" + std::to_string(::getpid());
    ::unlink(path.c_str());
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    std::string asked(4096, '\0');
    Thread server([&] {
        const int peer = ::accept(listener, nullptr, nullptr);
        asked.resize(
            static_cast<std::size_t>(std::max<ssize_t>(0, ::read(peer, asked.data(), asked.size()))));
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        CHECK(::write(peer, answer.data(), answer.size()) == static_cast<ssize_t>(answer.size()));
        ::close(peer);
    });
    HttpClient client;
    const HttpRequest request{.url = "http://nowhere.invalid/x", .unix_socket = path, .is_direct = true};
    CHECK(ask_text(client, request, 100)->body == "hi");
    server.join();
    CHECK(asked.starts_with("GET /x "));
    ::close(listener);
    ::unlink(path.c_str());
    CHECK(ask_text(client, request, 100).error().code == Code::unavailable);
}

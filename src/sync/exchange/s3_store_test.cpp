#include "sync/exchange/s3_store.hpp"

#include <doctest/doctest.h>

#include "base/os/socket.hpp"
#include "base/os/thread.hpp"
#include "base/random.hpp"
#include "sync/exchange/s3_store_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// Says 503 to the first requests, then that there is nothing.
class BusyServer {
  public:
    explicit BusyServer(int busy)
        : busy_(busy), thread_([this](const std::stop_token& stop) { serve(stop); }) {}
    std::string location() const {
        return "s3+http://127.0.0.1:" + std::to_string(listener_.local_port()) + "/bucket";
    }

  private:
    void serve(const std::stop_token& stop) {
        std::vector<os::Socket> open;
        while (!stop.stop_requested()) {
            os::WaitItem item{&listener_, true};
            os::wait_ready({&item, 1}, std::chrono::milliseconds(20));
            if (!item.readable) continue;
            open.push_back(std::move(*listener_.accept({}).value()));
            os::WaitItem asked{&open.back(), true};
            os::wait_ready({&asked, 1}, std::chrono::seconds(2));
            std::byte room[4096];
            CHECK(open.back().receive(room).value() > 0);
            std::string answer = busy_-- > 0 ? "HTTP/1.1 503 Slow Down\r\n" : "HTTP/1.1 404 Not Found\r\n";
            answer += "Content-Length: 0\r\nConnection: close\r\n\r\n";
            const iovec piece{answer.data(), answer.size()};
            CHECK(open.back().send({&piece, 1}).value() == answer.size());
        }
    }
    os::Socket listener_ = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    int busy_;
    os::Thread thread_;
};

}  // namespace

TEST_CASE("objects of some MiB go to the server and back, in ranges; many are listed in pages") {
    const S3Server server;
    S3Store store(server.config());
    Random random(3);
    std::vector<std::byte> data(5u << 20);
    for (std::byte& byte : data) byte = std::byte(random.next() & 0xff);
    REQUIRE(store.put("large", data, {}));
    std::vector<std::byte> back(data.size());
    constexpr std::size_t half = 3u << 20;
    CHECK(store.get("large", 0, std::span(back).first(half), {}).value() == half);
    CHECK(store.get("large", half, std::span(back).subspan(half), {}).value() == data.size() - half);
    CHECK(back == data);
    for (int i = 0; i < 12; ++i) REQUIRE(store.put(fmt::format("many/{:03}", i), {}, {}));
    CHECK(store.list("many", 5, {}).value().back().name == "many/004");
    CHECK(store.list("many", 100, {}).value().size() == 12);
}

TEST_CASE("wrong credentials are refused, and the error keeps them to itself") {
    const S3Server server;
    S3Config config = server.config();
    config.credentials.secret = "not-the-secret";
    S3Store store(config);
    const Status refused = store.put("x", {}, {});
    REQUIRE(!refused);
    CHECK(refused.error().code == Code::refused);
    CHECK(refused.error().message.find("SignatureDoesNotMatch") != std::string::npos);
    CHECK(refused.error().message.find("not-the-secret") == std::string::npos);
    CHECK(refused.error().message.find("S3RVER") == std::string::npos);
    S3Config other = server.config();
    other.bucket = "none";
    CHECK(S3Store(other).list("", 1, {}).error().code == Code::not_found);
}

TEST_CASE("a server that is busy for a moment is asked again, one that is gone is unavailable") {
    const BusyServer busy(2);
    S3Config config = parse_s3_location(busy.location()).value();
    S3Store store(config);
    std::byte room[1];
    CHECK(store.get("x", 0, room, {}).error().code == Code::not_found);
    CHECK(store.counts().retries == 2);
    config.endpoint = "http://127.0.0.1:1";
    config.tries = 2;
    S3Store gone(config);
    CHECK(gone.put("x", {}, {}).error().code == Code::unavailable);
    CHECK(gone.counts().retries == 1);
}

TEST_CASE("locations and credentials are read as the usual tools write them") {
    const S3Config config = parse_s3_location("s3+https://store.example:9000/bucket/a/b/").value();
    CHECK(config.endpoint == "https://store.example:9000");
    CHECK(config.bucket == "bucket");
    CHECK(config.prefix == "a/b/");
    for (const char* bad :
         {"s3+https://store.example", "s3+ftp://h/b", "s3+https://h/b/../c", "s3+x", "s3://"}) {
        CAPTURE(bad);
        CHECK(parse_s3_location(bad).error().code == Code::bad_input);
    }
    const char* text =
        "[other]\naws_access_key_id=x\n[eu]\n aws_access_key_id = K \r\naws_secret_access_key=S=\n"
        "aws_session_token=T";
    const os::HttpSigner signer = read_s3_credentials(text, "eu").value();
    CHECK(signer.key_id == "K");
    CHECK(signer.secret == "S=");
    CHECK(signer.token == "T");
    CHECK(read_s3_credentials(text, "other").error().code == Code::bad_input);
    CHECK(read_s3_credentials(text, "none").error().code == Code::bad_input);
}

#include "federation/http/net.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "base/os/thread.hpp"
#include "federation/http/client_for_test.hpp"

namespace euromesh::federation {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a loop runs what is posted, in order, on its thread, and its timers again and again") {
    auto loop = std::make_shared<IoLoop>();
    std::vector<int> order;
    int ticks = 0;
    bool was_current = false;
    loop->every(milliseconds(1), [&] {
        if (++ticks == 3) loop->stop();
    });
    for (int i = 0; i < 3; ++i) loop->post([&, i] { order.push_back(i); });
    loop->post([&] { was_current = loop->is_current(); });
    CHECK_FALSE(loop->is_current());
    os::Thread runs([&] { loop->run(); });
    runs.join();
    CHECK(order == std::vector{0, 1, 2});
    CHECK(ticks == 3);
    CHECK(was_current);
}

TEST_CASE("what is posted to a loop that has stopped runs when it is drained") {
    IoLoop loop;
    int ran = 0;
    loop.stop();
    loop.post([&] { ++ran; });
    CHECK(ran == 0);
    loop.drain();
    CHECK(ran == 1);
}

// Sends back what comes.
class Echo final : public StreamUser, public std::enable_shared_from_this<Echo> {
  public:
    Echo(std::shared_ptr<ByteStream> stream, std::atomic<int>& ended)
        : stream_(std::move(stream)), ended_(ended) {}
    void start() { stream_->handshake(shared_from_this()); }
    void on_handshake(bool is_good) override {
        CHECK(is_good);
        stream_->read(room_, shared_from_this());
    }
    void on_read(std::size_t bytes) override {
        if (bytes == 0) return end();
        stream_->write({room_, bytes}, shared_from_this());
    }
    void on_written(std::size_t bytes) override {
        if (bytes == 0) return end();
        stream_->read(room_, shared_from_this());
    }

  private:
    void end() {
        ++ended_;
        stream_->close();
    }
    std::shared_ptr<ByteStream> stream_;
    std::atomic<int>& ended_;
    char room_[1000]{};
};

TEST_CASE("connections go to the loops in turn, and their bytes both ways") {
    const std::vector loops = {std::make_shared<IoLoop>(), std::make_shared<IoLoop>()};
    std::atomic<int> on_loop[2] = {0, 0};
    std::atomic<int> ended{0};
    auto opened =
        Listener::open({"127.0.0.1", 0}, loops, [&](std::size_t index, std::shared_ptr<ByteStream> stream) {
            CHECK(loops[index]->is_current());
            CHECK(stream->peer() == "127.0.0.1");
            ++on_loop[index];
            std::make_shared<Echo>(std::move(stream), ended)->start();
        });
    REQUIRE(opened);
    CHECK(Listener::open({"127.0.0.1", (*opened)->port()}, loops, {}).error().code == Code::conflict);
    std::vector<os::Thread> threads;
    for (const auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
    (*opened)->start();
    {
        std::vector<std::unique_ptr<TestClient>> clients;
        for (int i = 0; i < 4; ++i) {
            clients.push_back(std::make_unique<TestClient>((*opened)->port()));
            clients.back()->send("hello " + std::to_string(i));
            CHECK(clients.back()->sees("hello " + std::to_string(i)));
        }
    }
    while (ended < 4) std::this_thread::yield();
    CHECK(on_loop[0] == 2);
    CHECK(on_loop[1] == 2);
    loops[0]->post([&] { (*opened)->close(); });
    for (const auto& loop : loops) loop->post([&loop] { loop->stop(); });
    threads.clear();
    for (const auto& loop : loops) loop->drain();
}

TEST_CASE("hosts of this machine only are told from others") {
    CHECK(is_loopback({"127.0.0.1", 0}).value());
    CHECK(is_loopback({"127.1.2.3", 0}).value());
    CHECK_FALSE(is_loopback({"0.0.0.0", 0}).value());
    CHECK_FALSE(is_loopback({"192.0.2.1", 0}).value());
}

TEST_CASE("an identity needs a certificate and its key") {
    CHECK(ServerIdentity::make("", "").error().message.find("certificate") != std::string::npos);
    CHECK_FALSE(ServerIdentity::make("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x"));
}

}  // namespace
}  // namespace euromesh::federation

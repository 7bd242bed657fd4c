#include "sync/exchange/mesh.hpp"

#include <map>

#include "sync/exchange/sites_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

std::string text_of(const PeerMessage& message) {
    return {reinterpret_cast<const char*>(message.bytes.data()), message.bytes.size()};
}

// Sends one buffer to every peer and takes what comes into another.
class OneBuffer final : public BulkSink {
  public:
    explicit OneBuffer(std::string text) : text_(std::move(text)) {}
    void ready(Rank peer) override { ready_[peer] = true; }
    Result<std::span<std::byte>> place(Rank peer, const FrameHeader& header) override {
        if (refuse) return fail(Code::corrupted, "not wanted");
        landed[peer].resize(header.length);
        return std::as_writable_bytes(std::span(landed[peer]));
    }
    void arrived(Rank, const FrameHeader&) override { ++arrived_count; }
    std::optional<BulkFrame> next(Rank peer) override {
        if (!ready_[peer] || sent_[peer]) return std::nullopt;
        sent_[peer] = true;
        FrameHeader header;
        header.kind = FrameKind::contribution;
        header.key = key;
        header.length = static_cast<std::uint32_t>(text_.size());
        return BulkFrame{header, test_bytes(text_)};
    }
    void handed_over(Rank, const FrameHeader&) override { ++handed_count; }
    void lost(Rank, const Error& reason) override { loss = reason.message; }
    void spoil() { text_.assign(text_.size(), '!'); }
    bool has_begun(Rank peer) { return sent_[peer]; }

    ReduceKey key;
    std::map<Rank, std::string> landed;
    int arrived_count = 0, handed_count = 0;
    bool refuse = false;
    std::string loss;

  private:
    std::string text_;
    std::map<Rank, bool> ready_, sent_;
};

const std::vector<Rank> both = {0, 1};

struct TwoSites : SitesForTest {
    explicit TwoSites(bool tls = true) : SitesForTest(2, tls) {
        start_all();
        REQUIRE(until([&] { return all_up(); }));
    }
};

}  // namespace

TEST_CASE("messages arrive whole, in order, with their type") {
    for (bool tls : {false, true}) {
        TwoSites sites(tls);
        const std::string large(message_max_bytes, 'x');
        REQUIRE(sites.meshes[0]->send(1, 7, test_bytes("one")));
        REQUIRE(sites.meshes[0]->send(1, 8, {}));
        REQUIRE(sites.meshes[0]->send(1, 9, test_bytes(large)));
        CHECK(sites.meshes[0]->unsent_bytes(1) == large.size() + 3);
        REQUIRE(sites.until([&] { return sites.count<PeerMessage>(1) == 3; }));
        std::vector<std::string> texts;
        std::vector<int> types;
        for (const MeshEvent& event : sites.events[1]) {
            if (const auto* message = std::get_if<PeerMessage>(&event)) {
                CHECK(message->peer == 0);
                texts.push_back(text_of(*message));
                types.push_back(message->type);
            }
        }
        CHECK(types == std::vector<int>{7, 8, 9});
        CHECK(texts == std::vector<std::string>{"one", "", large});
        CHECK(sites.meshes[0]->unsent_bytes(1) == 0);
    }
}

TEST_CASE("a message that is too large, to nobody, or too much at once is refused by its sender") {
    SitesForTest sites(2, false);
    sites.start(0, [](MeshConfig& config) { config.queue_limit_bytes = 10; });
    CHECK(sites.meshes[0]->send(1, 0, test_bytes("x")).error().code == Code::unavailable);
    sites.start(1);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    CHECK(sites.meshes[0]->send(1, 0, test_bytes(std::string(message_max_bytes + 1, 'x'))).error().code ==
          Code::bad_input);
    CHECK(sites.meshes[0]->send(1, 0, test_bytes("0123456789")));
    CHECK(sites.meshes[0]->send(1, 0, test_bytes("x")).error().code == Code::no_space);
    REQUIRE(sites.until([&] { return sites.count<PeerMessage>(1) == 1; }));
    CHECK(sites.meshes[0]->send(1, 0, test_bytes("x")));
}

TEST_CASE("both ends count the same bytes, all that the sockets moved") {
    for (bool tls : {false, true}) {
        TwoSites sites(tls);
        REQUIRE(sites.meshes[1]->send(0, 1, test_bytes(std::string(100'000, 'x'))));
        REQUIRE(sites.until([&] { return sites.count<PeerMessage>(0) == 1; }));
        const Traffic a = sites.meshes[0]->traffic(1), b = sites.meshes[1]->traffic(0);
        CHECK(a.received_bytes == b.sent_bytes);
        CHECK(a.sent_bytes == b.received_bytes);
        // Message and its header, hello and welcome; in TLS the handshake and 22 bytes a record more.
        const std::uint64_t overhead = b.sent_bytes - 100'000;
        CHECK(overhead > 3 * frame_header_bytes);
        CHECK(overhead < (tls ? 3000u : 400u));
    }
}

TEST_CASE("bulk bytes wait until the other side has begun the same key, and land where it says") {
    for (bool tls : {false, true}) {
        TwoSites sites(tls);
        OneBuffer a(std::string(3'000'000, 'a')), b(std::string(2'000'000, 'b'));
        a.key = b.key = {4, 1, 2};
        sites.meshes[0]->attach(a.key, a, both);
        for (int i = 0; i < 20; ++i) sites.turn();
        CHECK(!a.has_begun(1));
        sites.meshes[1]->attach(b.key, b, both);
        REQUIRE(sites.until(
            [&] { return a.arrived_count + b.arrived_count + a.handed_count + b.handed_count == 4; }));
        CHECK(a.landed[1] == std::string(2'000'000, 'b'));
        CHECK(b.landed[0] == std::string(3'000'000, 'a'));
        sites.meshes[0]->detach(a.key);
        sites.meshes[1]->detach(b.key);
    }
}

TEST_CASE("after detach the sender's memory is not read: the rest of a body comes from a copy") {
    TwoSites sites(false);
    const std::size_t size = bulk_max_bytes;
    OneBuffer a(std::string(size, 'a')), b("b");
    sites.meshes[1]->attach(b.key, b, both);
    sites.meshes[0]->attach(a.key, a, both);
    // Only the sender polls: the socket fills in the middle of the body.
    for (int i = 0; i < 200 && !a.has_begun(1); ++i) sites.turn();
    REQUIRE(a.has_begun(1));
    for (int i = 0; i < 50; ++i) sites.meshes[0]->poll(std::chrono::microseconds(50));
    REQUIRE(a.handed_count == 0);
    sites.meshes[0]->detach(a.key);
    a.spoil();
    REQUIRE(sites.meshes[0]->send(1, 5, test_bytes("after")));
    REQUIRE(sites.until([&] { return sites.count<PeerMessage>(1) == 1; }));
    CHECK(b.landed[0] == std::string(size, 'a'));
    sites.meshes[1]->detach(b.key);
}

TEST_CASE("after detach the receiver's memory is not written: the rest of a body is dropped") {
    TwoSites sites(false);
    OneBuffer a(std::string(bulk_max_bytes, 'a')), b("b");
    sites.meshes[1]->attach(b.key, b, both);
    sites.meshes[0]->attach(a.key, a, both);
    REQUIRE(sites.until([&] { return !b.landed[0].empty(); }));
    REQUIRE(b.arrived_count == 0);
    sites.meshes[1]->detach(b.key);
    b.landed.clear();
    REQUIRE(sites.until([&] { return a.handed_count == 1; }));
    REQUIRE(sites.meshes[0]->send(1, 5, test_bytes("after")));
    REQUIRE(sites.until([&] { return sites.count<PeerMessage>(1) == 1; }));
    CHECK(b.arrived_count == 0);
    CHECK(sites.all_up());
    sites.meshes[0]->detach(a.key);
}

TEST_CASE("a sink that says no ends the connection; the sinks of both sides hear of the loss") {
    TwoSites sites;
    OneBuffer a("aaa"), b("bbb");
    b.refuse = true;
    sites.meshes[0]->attach(a.key, a, both);
    sites.meshes[1]->attach(b.key, b, both);
    REQUIRE(sites.until([&] { return !a.loss.empty() && !b.loss.empty(); }));
    CHECK(has(b.loss, "site site0: not wanted"));
    CHECK(has(a.loss, "site site1"));
    sites.meshes[0]->detach(a.key);
    sites.meshes[1]->detach(b.key);
}

TEST_CASE("drop tells the peer why") {
    TwoSites sites;
    sites.meshes[0]->drop(1, "norm gate: 40 times the median");
    REQUIRE(sites.until([&] { return sites.count<PeerDown>(1) == 1; }));
    CHECK(has(sites.last<PeerDown>(1)->reason.message,
              "site site0: it refuses this site: norm gate: 40 times the median"));
    CHECK(sites.last<PeerDown>(0)->reason.message == "norm gate: 40 times the median");
}

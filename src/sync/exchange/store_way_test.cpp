#include "sync/exchange/store_way.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock system_clock_of_test;

StoreWayConfig config_of(const std::string& self, const std::string& peer, std::size_t segment = 256u << 10) {
    StoreWayConfig config{"run", self, peer};
    config.tether.window_bytes = 2u << 20;
    config.tether.segment_bytes = segment;
    config.tether.resend_after = std::chrono::milliseconds(segment < 100'000 ? 60 : 5000);
    config.acknowledge_after = std::chrono::milliseconds(50);
    return config;
}

struct Pair {
    explicit Pair(const std::shared_ptr<BlobStore>& store) : Pair(store, store) {}
    Pair(std::shared_ptr<BlobStore> of_a, std::shared_ptr<BlobStore> of_b, std::size_t segment = 256u << 10)
        : a(std::move(of_a), config_of("a", "b", segment), system_clock_of_test),
          b(std::move(of_b), config_of("b", "a", segment), system_clock_of_test) {}
    StoreWay a, b;
};

// Loses, repeats and alters what is put, by a seed.
class BadStore final : public BlobStore {
  public:
    BadStore(os::Path root, std::uint64_t seed) : inner_(std::move(root)), random_(seed) {}
    Status put(const std::string& name, std::span<const std::byte> bytes, std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        const std::uint64_t fate = random_.below(6);
        const std::string again = std::exchange(last_, name);
        lock.unlock();
        if (fate == 0 && name.find("/s-") != std::string::npos) return {};
        if (fate == 1 && !bytes.empty()) {
            std::vector<std::byte> altered(bytes.begin(), bytes.end());
            altered[altered.size() / 2] ^= std::byte{4};
            return inner_.put(name, altered, stop);
        }
        if (fate == 2 && again.find("/h-") == std::string::npos && !again.empty()) {
            EM_TRY(inner_.put(again, {}, stop));  // an old name with nothing in it
        }
        return inner_.put(name, bytes, stop);
    }
    Result<std::vector<Blob>> list(const std::string& folder, std::size_t most,
                                   std::stop_token stop) override {
        return inner_.list(folder, most, stop);
    }
    Result<std::size_t> get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                            std::stop_token stop) override {
        return inner_.get(name, offset, room, stop);
    }
    Status remove(const std::string& name, std::stop_token stop) override {
        return inner_.remove(name, stop);
    }
    bool wait(const std::string& folder, Nanoseconds timeout) override {
        return inner_.wait(folder, timeout);
    }
    Patience patience() const override { return inner_.patience(); }
    StoreCounts counts() const override { return inner_.counts(); }
    std::string text() const override { return inner_.text(); }

  private:
    FolderStore inner_;
    std::mutex mutex_;
    Random random_;
    std::string last_;
};

std::size_t left_in(BlobStore& store, std::string_view kind) {
    const auto blobs = store.list("", 1000, {}).value();
    return static_cast<std::size_t>(std::count_if(blobs.begin(), blobs.end(), [&](const Blob& blob) {
        return blob.name.find(kind) != std::string::npos;
    }));
}

}  // namespace

TEST_CASE("a folder carries streams larger than the window in both directions, and keeps none of them") {
    const TestFolder folder("way");
    const auto store = std::make_shared<FolderStore>(folder.path());
    Pair pair(store);
    Ends ends = connect_both(pair.a, pair.b);
    check_both_directions(ends, 5u << 20);
    CHECK(left_in(*store, "/s-") == 0);
    CHECK(pair.a.counts().segments_sent >= 20);
    CHECK(pair.b.counts().segments_received >= 20);
    CHECK(pair.b.counts().acknowledgements > 0);
}

TEST_CASE("a bucket carries streams in both directions") {
    const S3Server server;
    Pair pair(std::make_shared<S3Store>(server.config()), std::make_shared<S3Store>(server.config()));
    Ends ends = connect_both(pair.a, pair.b);
    check_both_directions(ends, 1u << 20);
}

TEST_CASE("what one end wrote before it closed arrives, and then the end") {
    const TestFolder folder("closed");
    Pair pair(std::make_shared<FolderStore>(folder.path()));
    Ends ends = connect_both(pair.a, pair.b);
    const auto last = random_stream(300'000, 5);
    Flow flow[] = {{&ends.a, &ends.b, last}};
    while (flow[0].sent < last.size()) flow[0].step();
    ends.a = os::Socket();
    std::vector<std::byte> got = std::move(flow[0].got);
    std::byte room[65536];
    for (;;) {
        os::WaitItem item{&ends.b, true};
        os::wait_ready({&item, 1}, std::chrono::seconds(5));
        const auto part = ends.b.receive(room);
        if (!part) break;
        REQUIRE(item.readable);
        got.insert(got.end(), room, room + *part);
    }
    CHECK((got == last));
}

TEST_CASE("a peer that begins anew ends the stream, and the next one is made without leftovers") {
    const TestFolder folder("anew");
    const auto store = std::make_shared<FolderStore>(folder.path());
    Pair pair(store);
    for (int round = 0; round < 3; ++round) {
        Ends ends = connect_both(pair.a, pair.b);
        check_both_directions(ends, 100'000);
        const auto lost = random_stream(100'000, 9);
        Flow flow[] = {{&ends.b, &ends.a, lost}};
        flow[0].step();
        StoreWay restarted(store, config_of("a", "b"), system_clock_of_test);
        std::stop_source stop;
        const os::Thread thread([&] { restarted.connect(stop.get_token()).has_value(); });
        CHECK(ends_soon(ends.b));
        stop.request_stop();
    }
    Ends ends = connect_both(pair.a, pair.b);
    check_both_directions(ends, 100'000);
    CHECK(left_in(*store, "/s-") == 0);
}

TEST_CASE("segments that are lost, emptied or altered on the way are sent again") {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const TestFolder folder("bad");
        Pair pair(std::make_shared<BadStore>(folder.path(), seed),
                  std::make_shared<BadStore>(folder.path(), seed + 9), 32u << 10);
        Ends ends = connect_both(pair.a, pair.b);
        check_both_directions(ends, 300'000);
        CHECK(pair.a.counts().segments_resent + pair.b.counts().segments_resent > 0);
    }
}

TEST_CASE("a store that takes nothing is one clear error, and waiting for a peer can be stopped") {
    const TestFolder folder("none");
    auto blocked = std::make_shared<FolderStore>("/proc/none");
    StoreWay way(blocked, config_of("a", "b"), system_clock_of_test);
    const auto refused = way.connect({});
    REQUIRE(!refused);
    CHECK(refused.error().message.find("/proc/none") != std::string::npos);
    StoreWay alone(std::make_shared<FolderStore>(folder.path()), config_of("a", "b"), system_clock_of_test);
    std::optional<Code> code;
    {
        os::Thread thread([&](const std::stop_token& stop) { code = alone.connect(stop).error().code; });
        os::wait_ready({}, std::chrono::milliseconds(30));
    }
    CHECK(code == Code::cancelled);
}

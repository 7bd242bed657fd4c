#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/os/thread.hpp"
#include "sync/exchange/sites_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

// Two ways whose ends meet: whoever comes first waits for the other, then each gets one end of a pair.
class Meeting {
  public:
    Result<Arrival> come(int side, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        ++calls;
        if (broken) return fail(broken_code, "meeting: no way");
        waiting_[side] = true;
        if (waiting_[1 - side] && !ends_[side].is_open()) {
            auto [one, other] = os::Socket::pair().value();
            ends_[0] = std::move(one);
            ends_[1] = std::move(other);
            met_.notify_all();
        }
        while (!ends_[side].is_open()) {
            if (stop.stop_requested()) return fail(Code::cancelled, "meeting: stopped");
            met_.wait_for(lock, std::chrono::milliseconds(20));
        }
        waiting_[side] = false;
        return Arrival{std::exchange(ends_[side], os::Socket()), "meeting"};
    }

    std::atomic<bool> broken{false};
    std::atomic<Code> broken_code{Code::refused};
    std::atomic<int> calls{0};

  private:
    std::mutex mutex_;
    std::condition_variable met_;
    std::array<bool, 2> waiting_{};
    std::array<os::Socket, 2> ends_;
};

class MeetingWay final : public Way {
  public:
    MeetingWay(std::shared_ptr<Meeting> meeting, int side) : meeting_(std::move(meeting)), side_(side) {}
    Result<Arrival> connect(std::stop_token stop) override { return meeting_->come(side_, stop); }
    std::string text() const override { return "meeting"; }

  private:
    std::shared_ptr<Meeting> meeting_;
    int side_;
};

struct MeetingSites : SitesForTest {
    explicit MeetingSites(std::size_t count, bool tls = true) : SitesForTest(count, tls) {
        for (std::size_t i = 0; i < count * count; ++i) meetings.push_back(std::make_shared<Meeting>());
    }
    std::shared_ptr<Meeting> meeting(Rank a, Rank b) const {
        return meetings[std::min(a, b) * meshes.size() + std::max(a, b)];
    }
    std::shared_ptr<Way> way(Rank self, Rank peer) const {
        return std::make_shared<MeetingWay>(meeting(self, peer), self < peer ? 0 : 1);
    }
    void start_with_ways(Rank self, const Change& change = {}) {
        start(self, [&](MeshConfig& config) {
            config.ways.resize(meshes.size());
            for (Rank peer = 0; peer < meshes.size(); ++peer) {
                if (peer != self) config.ways[peer] = way(self, peer);
            }
            if (change) change(config);
        });
    }
    std::vector<std::shared_ptr<Meeting>> meetings;
};

}  // namespace

TEST_CASE("sites come up over ways alone, and then nobody listens") {
    for (const bool tls : {false, true}) {
        MeetingSites sites(3, tls);
        for (Rank rank = 0; rank < 3; ++rank) sites.start_with_ways(rank);
        REQUIRE(sites.until([&] { return sites.all_up(); }));
        for (Rank rank = 0; rank < 3; ++rank) {
            CHECK(sites.meshes[rank]->port() == 0);
            CHECK(sites.count<PeerUp>(rank) == 2);
            CHECK(sites.count<PeerRefused>(rank) == 0);
        }
        const std::string large(message_max_bytes, 'x');
        REQUIRE(sites.meshes[0]->send(2, 7, test_bytes(large)));
        REQUIRE(sites.until([&] { return sites.count<PeerMessage>(2) == 1; }));
        CHECK(sites.meshes[0]->traffic(2).sent_bytes == sites.meshes[2]->traffic(0).received_bytes);
    }
}

TEST_CASE("one pair by a way, the others directly") {
    MeetingSites sites(3);
    sites.start(0, [&](MeshConfig& config) { config.ways = {nullptr, sites.way(0, 1)}; });
    sites.start(1, [&](MeshConfig& config) { config.ways = {sites.way(1, 0)}; });
    sites.start(2);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    CHECK(sites.meeting(0, 1)->calls == 2);
}

TEST_CASE("the stream of a finished call is used at once, however long the poll would have waited") {
    MeetingSites sites(2);
    sites.start_with_ways(0);
    sites.meshes[0]->poll(Nanoseconds(0));
    os::Thread other([&](const std::stop_token& stop) {
        auto mesh = Mesh::open(
            [&] {
                MeshConfig config = sites.config(1);
                config.ways = {sites.way(1, 0)};
                return config;
            }(),
            test_clock);
        while (!stop.stop_requested()) (*mesh)->poll(std::chrono::milliseconds(1));
    });
    const Nanoseconds begin = test_clock.monotonic();
    while (!sites.meshes[0]->is_up(1)) {
        sites.meshes[0]->poll(std::chrono::seconds(4));
        REQUIRE(test_clock.monotonic() - begin < std::chrono::seconds(2));
    }
}

TEST_CASE("a site that goes and comes back is connected again by its way") {
    MeetingSites sites(3);
    for (Rank rank = 0; rank < 3; ++rank) sites.start_with_ways(rank);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    sites.meshes[1].reset();
    REQUIRE(sites.until([&] { return sites.count<PeerDown>(0) == 1 && sites.count<PeerDown>(2) == 1; }));
    CHECK(sites.meshes[0]->is_up(2));
    sites.start_with_ways(1);
    REQUIRE(sites.until([&] { return sites.all_up(); }));
    CHECK(sites.count<PeerUp>(0) == 3);
}

TEST_CASE("a mesh ends promptly while its ways wait") {
    MeetingSites sites(4);
    sites.start_with_ways(0);
    sites.meshes[0]->poll(Nanoseconds(0));
    const Nanoseconds begin = test_clock.monotonic();
    sites.meshes[0].reset();
    CHECK(test_clock.monotonic() - begin < std::chrono::seconds(1));
}

TEST_CASE("a way that is refused is reported once, one that only fails for now is not") {
    MeetingSites sites(2);
    sites.meeting(0, 1)->broken = true;
    sites.meeting(0, 1)->broken_code = Code::unavailable;
    sites.start_with_ways(0);
    REQUIRE(sites.until([&] { return sites.meeting(0, 1)->calls > 3; }));
    CHECK(sites.count<PeerRefused>(0) == 0);
    sites.meeting(0, 1)->broken_code = Code::refused;
    const int before = sites.meeting(0, 1)->calls;
    REQUIRE(sites.until([&] { return sites.meeting(0, 1)->calls > before + 3; }));
    CHECK(sites.count<PeerRefused>(0) == 1);
    CHECK(sites.refusal(0) == "site site1: meeting: no way");
    sites.meeting(0, 1)->broken = false;
    sites.start_with_ways(1);
    CHECK(sites.until([&] { return sites.all_up(); }));
}

TEST_CASE("over a way too, who shows another run's certificate gets no further than that") {
    MeetingSites sites(2);
    const auto other = os::make_authority({"other", "run-1"}, SitesForTest::validity()).value();
    sites.start_with_ways(0);
    sites.start_with_ways(
        1, [&](MeshConfig& config) { config.tls = sites.credentials("site1", "run-1", other); });
    REQUIRE(sites.until([&] { return !sites.refusal(0).empty() && !sites.refusal(1).empty(); }));
    CHECK(has(sites.refusal(0), "site1 at meeting"));
    CHECK(sites.count<PeerUp>(0) + sites.count<PeerUp>(1) == 0);
}

TEST_CASE("a name is dialled by a way, a number by the mesh itself, and both come up") {
    SitesForTest sites(3);
    sites.start(0);
    sites.start(1);
    sites.endpoints[0].host = "localhost";
    sites.start(2);
    CHECK(sites.until([&] { return sites.all_up(); }));
}

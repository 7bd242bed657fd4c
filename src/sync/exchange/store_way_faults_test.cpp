// A StoreWay over a store that loses what it has taken, fails at what it has done, and does not show what is
// there: the stream comes up and carries on.
#include <doctest/doctest.h>

#include <set>

#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way.hpp"
#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock system_clock_of_test;

// A folder whose faults a derived class chooses; all of them end well when asked again.
class FaultyStore : public BlobStore {
  public:
    explicit FaultyStore(os::Path root) : inner_(std::move(root)) {}
    Status put(const std::string& name, std::span<const std::byte> bytes, std::stop_token stop) override {
        if (loses(name)) return {};
        EM_TRY(inner_.put(name, bytes, stop));
        return fails("PUT");
    }
    Result<std::vector<Blob>> list(const std::string& folder, std::size_t most,
                                   std::stop_token stop) override {
        EM_TRY(fails("LIST"));
        EM_ASSIGN(std::vector<Blob> blobs, inner_.list(folder, most, stop));
        std::erase_if(blobs, [&](const Blob&) { return hides(); });
        return blobs;
    }
    Result<std::size_t> get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                            std::stop_token stop) override {
        EM_TRY(fails("GET"));
        return inner_.get(name, offset, room, stop);
    }
    Status remove(const std::string& name, std::stop_token stop) override {
        EM_TRY(inner_.remove(name, stop));
        return fails("DELETE");
    }
    bool wait(const std::string& folder, Nanoseconds timeout) override {
        return inner_.wait(folder, timeout);
    }
    Patience patience() const override {
        return {std::chrono::milliseconds(1), std::chrono::milliseconds(8)};
    }
    StoreCounts counts() const override { return inner_.counts(); }
    std::string text() const override { return inner_.text(); }

  protected:
    virtual bool loses(const std::string&) { return false; }
    virtual bool hides() { return false; }
    virtual bool comes_back_with_a_fault() { return false; }

  private:
    Status fails(std::string_view what) {
        if (!comes_back_with_a_fault()) return {};
        return fail(Code::unavailable, "{}: status 500", what);
    }
    FolderStore inner_;
};

class SeededFaults final : public FaultyStore {
  public:
    SeededFaults(os::Path root, std::uint64_t seed) : FaultyStore(std::move(root)), random_(seed) {}

  private:
    bool one_of(std::uint64_t number) {
        const std::lock_guard lock(mutex_);
        return random_.below(number) == 0;
    }
    bool loses(const std::string&) override { return one_of(5); }
    bool hides() override { return one_of(4); }
    bool comes_back_with_a_fault() override { return one_of(6); }
    std::mutex mutex_;
    Random random_;
};

// Whatever is put for the first time is lost.
class FirstIsLost final : public FaultyStore {
  public:
    using FaultyStore::FaultyStore;

  private:
    bool loses(const std::string& name) override {
        const std::lock_guard lock(mutex_);
        return seen_.insert(name).second;
    }
    std::mutex mutex_;
    std::set<std::string> seen_;
};

StoreWayConfig config_of(const std::string& self, const std::string& peer) {
    StoreWayConfig config{"run", self, peer};
    config.tether = {64u << 10, 16u << 10, std::chrono::milliseconds(40)};
    config.acknowledge_after = std::chrono::milliseconds(10);
    config.greet_again_after = std::chrono::milliseconds(20);
    return config;
}

// Calls again what may be called again, as the mesh does.
class CalledAgain final : public Way {
  public:
    explicit CalledAgain(Way& way) : way_(way) {}
    Result<Arrival> connect(std::stop_token stop) override {
        for (int i = 0; i < 100; ++i) {
            auto arrival = way_.connect(stop);
            if (arrival || arrival.error().code != Code::unavailable) return arrival;
        }
        return way_.connect(stop);
    }
    std::string text() const override { return way_.text(); }

  private:
    Way& way_;
};

// Several times the window in both directions, so that a lost acknowledgement of a full one shows.
void check_carries(const std::shared_ptr<BlobStore>& of_a, const std::shared_ptr<BlobStore>& of_b) {
    StoreWay a(of_a, config_of("a", "b"), system_clock_of_test);
    StoreWay b(of_b, config_of("b", "a"), system_clock_of_test);
    CalledAgain again_a(a), again_b(b);
    Ends ends = connect_both(again_a, again_b);
    check_both_directions(ends, 250'000);
}

}  // namespace

TEST_CASE("a store that fails, loses and hides at any moment delays a stream and stops none") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        const TestFolder folder("faults");
        check_carries(std::make_shared<SeededFaults>(folder.path(), seed),
                      std::make_shared<SeededFaults>(folder.path(), seed + 100));
    }
}

TEST_CASE("greetings, segments and acknowledgements that are lost when they are first put come again") {
    const TestFolder folder("first");
    check_carries(std::make_shared<FirstIsLost>(folder.path()), std::make_shared<FirstIsLost>(folder.path()));
}

TEST_CASE("an end that has agreed says so again until the other one has heard it") {
    const TestFolder folder("silent");
    const auto store = std::make_shared<FolderStore>(folder.path());
    StoreWay a(store, config_of("a", "b"), system_clock_of_test);
    // The peer by hand: it has heard of a, but nothing of what a says afterwards, and has nothing to send.
    std::optional<Result<Arrival>> arrival;
    const os::Thread thread([&](const std::stop_token& stop) { arrival = a.connect(stop); });
    std::set<std::string> greetings;
    std::size_t agreed = 0;
    for (int i = 0; i < 500 && agreed < 3; ++i) {
        const std::vector<Blob> blobs = store->list("run/a/b", 10, {}).value();
        for (const Blob& blob : blobs) {
            const TetherName name = decode_tether_name(std::string_view(blob.name).substr(8)).value();
            if (name.kind != TetherKind::hello) continue;
            agreed += name.sessions.theirs == 9 ? 1u : 0u;
            REQUIRE(store->remove(blob.name, {}));
            if (!greetings.insert(blob.name).second) continue;
            const TetherName answer{TetherKind::hello, {9, name.sessions.mine}};
            REQUIRE(store->put("run/b/a/" + encode(answer), {}, {}));
        }
        os::wait_ready({}, std::chrono::milliseconds(2));
    }
    CHECK(agreed == 3);
}

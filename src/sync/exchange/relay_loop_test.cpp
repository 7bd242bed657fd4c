#include "sync/exchange/relay_loop.hpp"

#include <doctest/doctest.h>

#include "sync/exchange/s3_store_for_test.hpp"
#include "sync/exchange/store_way.hpp"
#include "sync/exchange/store_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock real_clock;
const Logger quiet(real_clock, LogFormat::human, LogLevel::error, [](std::string_view) {});

RelayLoopConfig config_of(const std::string& site) {
    RelayLoopConfig config;
    config.site = site;
    config.secret = "a secret of both relays";
    return config;
}

// A relay that others dial, in a thread.
struct Listening {
    explicit Listening(FolderStore& spool) {
        RelayLoopConfig config = config_of("b");
        config.listen = os::Endpoint{"127.0.0.1", 0};
        loop = RelayLoop::open(spool, std::move(config), {}, real_clock, quiet).value();
        thread = os::Thread([this](const std::stop_token& stop) { CHECK(loop->run(stop)); });
    }
    std::unique_ptr<RelayLoop> loop;
    os::Thread thread;
};

RelayLoopConfig dialling(const Listening& to, bool once) {
    RelayLoopConfig config = config_of("a");
    config.dial = os::Endpoint{"127.0.0.1", to.loop->port()};
    config.once = once;
    return config;
}

}  // namespace

TEST_CASE("two relays carry a stream between two spools") {
    const TestFolder folder("loop");
    const auto a = std::make_shared<FolderStore>(folder.path() / "a"),
               b = std::make_shared<FolderStore>(folder.path() / "b");
    const Listening listening(*b);
    const auto loop = RelayLoop::open(*a, dialling(listening, false), {}, real_clock, quiet).value();
    const os::Thread thread([&](const std::stop_token& stop) { CHECK(loop->run(stop)); });
    StoreWayConfig config{"run", "a", "b"};
    config.tether.segment_bytes = 256u << 10;
    StoreWay way_a(a, config, real_clock);
    std::swap(config.self, config.peer);
    StoreWay way_b(b, config, real_clock);
    Ends ends = connect_both(way_a, way_b);
    check_both_directions(ends, 3u << 20);
}

TEST_CASE("once: what is there goes both ways, then it ends") {
    const TestFolder folder("once");
    FolderStore a(folder.path() / "a"), b(folder.path() / "b");
    REQUIRE(a.put("run/a/b/h-0000000000000001-0000000000000002", {}, {}));
    REQUIRE(b.put("run/b/a/h-0000000000000003-0000000000000000", {}, {}));
    const Listening listening(b);
    const auto loop = RelayLoop::open(a, dialling(listening, true), {}, real_clock, quiet).value();
    REQUIRE(loop->run({}));
    CHECK(loop->counts().files_out == 1);
    CHECK(loop->counts().files_in == 1);
    CHECK(a.list("run/b/a", 9, {}).value().size() == 1);
    CHECK(b.list("run/a/b", 9, {}).value().size() == 1);
}

TEST_CASE("once: nobody there is an error; a wrong secret is refused; both roles at once are none") {
    const TestFolder folder("wrong");
    FolderStore a(folder.path() / "a"), b(folder.path() / "b");
    const Listening listening(b);
    RelayLoopConfig config = dialling(listening, false);
    config.secret = "another secret altogether";
    CHECK(RelayLoop::open(a, config, {}, real_clock, quiet).value()->run({}).error().code == Code::refused);
    config.once = true;
    config.dial = os::Endpoint{"127.0.0.1", 1};
    CHECK(RelayLoop::open(a, config, {}, real_clock, quiet).value()->run({}).error().code ==
          Code::unavailable);
    config.listen = config.dial;
    CHECK(RelayLoop::open(a, config, {}, real_clock, quiet).error().code == Code::bad_input);
}

#include "federation/store/log_writer.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/os/socket.hpp"
#include "base/os/system_clock.hpp"
#include "federation/store/sqlite_for_test.hpp"

namespace euromesh::federation {
namespace {

using Entries = std::vector<std::string>;

// A real store whose appends can be held up, counted and made to fail.
struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = true;
    int fail_next = 0;
    Code code = Code::unavailable;
    int appends = 0;
    bool is_overtaken = false;

    void set_open(bool now) {
        const std::lock_guard lock(mutex);
        open = now;
        changed.notify_all();
    }
    void wait_for_append(int count) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return appends >= count; });
    }
};

class GatedStore final : public LogStore {
  public:
    GatedStore(std::unique_ptr<LogStore> store, Gate& gate) : store_(std::move(store)), gate_(gate) {}
    Result<std::uint64_t> acquire_lead(const std::string& holder) override {
        return store_->acquire_lead(holder);
    }
    Result<std::uint64_t> size() override {
        const std::lock_guard lock(gate_.mutex);
        if (gate_.is_overtaken) return fail(Code::conflict, "another one leads");
        return store_->size();
    }
    Status append(std::uint64_t first, std::span<const std::string> entries) override {
        {
            std::unique_lock lock(gate_.mutex);
            ++gate_.appends;
            gate_.changed.notify_all();
            gate_.changed.wait(lock, [&] { return gate_.open; });
            if (gate_.fail_next > 0) {
                --gate_.fail_next;
                // As when the answer is lost: the entries are there.
                if (gate_.code == Code::unavailable) (void)store_->append(first, entries);
                return fail(gate_.code, "as told");
            }
        }
        return store_->append(first, entries);
    }
    Result<Entries> read(std::uint64_t first, std::size_t most, std::size_t bytes) override {
        return store_->read(first, most, bytes);
    }
    Status put_snapshot_part(std::uint64_t at, std::uint64_t part, std::string_view bytes) override {
        return store_->put_snapshot_part(at, part, bytes);
    }
    Status finish_snapshot(std::uint64_t at, std::uint64_t size, const Sha256Digest& digest) override {
        return store_->finish_snapshot(at, size, digest);
    }
    Result<std::optional<Snapshot>> latest_snapshot() override { return store_->latest_snapshot(); }
    Status put_document(const std::string& name, std::string_view bytes) override {
        return store_->put_document(name, bytes);
    }
    Result<std::optional<std::string>> get_document(const std::string& name) override {
        return store_->get_document(name);
    }
    std::string place() const override { return store_->place(); }
    Result<std::string> concern() override { return store_->concern(); }

  private:
    std::unique_ptr<LogStore> store_;
    Gate& gate_;
};

struct Bench {
    explicit Bench(LogWriterOptions options = {}) {
        options.retry_step = std::chrono::milliseconds(1);
        auto store = folder.open();
        REQUIRE(store.has_value());
        REQUIRE((*store)->acquire_lead("test").has_value());
        writer.emplace(std::make_unique<GatedStore>(std::move(*store), gate), 0, options);
    }
    ~Bench() { gate.set_open(true); }
    LogWriter::Done note(const std::string& what) {
        return [this, what](const Status& status) {
            answers.push_back(what + (status ? "" : ": " + status.error().message));
        };
    }
    // Returns after everything handed in so far was answered.
    void settle() {
        reached = false;
        writer->run([this](LogStore&) {
            reached = true;
            reached.notify_all();
        });
        reached.wait(false);
    }
    Entries log() {
        const auto store = folder.open();
        return (*store)->read(0, 100'000, 1u << 30).value();
    }

    StoreFolder folder;
    Gate gate;
    std::atomic<bool> reached{false};
    Entries answers;  // written by the writer's thread, read after its end
    std::optional<LogWriter> writer;
};

TEST_CASE("a writer that has nothing to write notices all the same that another one leads") {
    Bench bench;
    CHECK_FALSE(bench.writer->failure());
    {
        const std::lock_guard lock(bench.gate.mutex);
        bench.gate.is_overtaken = true;
    }
    const os::SystemClock clock;
    const Nanoseconds end = clock.monotonic() + std::chrono::seconds(30);
    while (!bench.writer->failure() && clock.monotonic() < end)
        os::wait_ready({}, std::chrono::milliseconds(10));
    REQUIRE(bench.writer->failure());
    CHECK(bench.writer->failure()->code == Code::conflict);
    CHECK(bench.writer->hand_in(0, {"late"}, {}).error().message == "another one leads");
}

TEST_CASE("entries are durable before their callback, and in order") {
    Bench bench;
    std::uint64_t durable_at_answer = 0;
    REQUIRE(bench.writer->hand_in(0, {"a", "b"}, [&](const Status& status) {
        CHECK(status.has_value());
        durable_at_answer = bench.log().size();
    }));
    REQUIRE(bench.writer->hand_in(2, {"c"}, bench.note("second")));
    REQUIRE(bench.writer->hand_in(3, {}, bench.note("nothing")));
    CHECK(bench.writer->next() == 3);
    bench.writer.reset();
    CHECK(durable_at_answer >= 2);
    CHECK(bench.answers == Entries{"second", "nothing"});
    CHECK(bench.log() == Entries{"a", "b", "c"});
}

TEST_CASE("what comes while the disk is busy goes in one batch") {
    Bench bench;
    bench.gate.set_open(false);
    REQUIRE(bench.writer->hand_in(0, {"first"}, bench.note("first")));
    bench.gate.wait_for_append(1);
    for (std::uint64_t i = 1; i <= 100; ++i) {
        REQUIRE(bench.writer->hand_in(i, {std::to_string(i)}, bench.note(std::to_string(i))));
    }
    bench.gate.set_open(true);
    bench.settle();
    CHECK(bench.writer->counts().batches == 2);
    CHECK(bench.writer->counts().largest_batch == 100);
    CHECK(bench.writer->durable() == 101);
    bench.writer.reset();
    CHECK(bench.answers.size() == 101);
    CHECK(bench.answers.back() == "100");
    CHECK(bench.gate.appends == 2);
}

TEST_CASE("batches keep to their limits, and never part what came together") {
    Bench bench({.most_batch_entries = 4, .most_batch_bytes = 1000});
    bench.gate.set_open(false);
    REQUIRE(bench.writer->hand_in(0, {"first"}, bench.note("first")));
    bench.gate.wait_for_append(1);
    std::uint64_t next = 1;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(bench.writer->hand_in(next, {"x", "y", "z"}, bench.note("three")));
        next += 3;
    }
    // More than a batch holds is a batch of its own.
    REQUIRE(bench.writer->hand_in(next, Entries(6, "six"), bench.note("six")));
    bench.gate.set_open(true);
    bench.writer.reset();
    CHECK(bench.gate.appends == 5);
    CHECK(bench.log().size() == 16);
}

TEST_CASE("a full queue refuses, and the numbers stay") {
    Bench bench({.most_waiting_entries = 3, .most_waiting_bytes = 100});
    bench.gate.set_open(false);
    REQUIRE(bench.writer->hand_in(0, {"first"}, bench.note("first")));
    bench.gate.wait_for_append(1);
    REQUIRE(bench.writer->hand_in(1, {"a", "b"}, bench.note("ab")));
    const Status over = bench.writer->hand_in(3, {"c", "d"}, bench.note("never"));
    REQUIRE_FALSE(over.has_value());
    CHECK(over.error().code == Code::unavailable);
    CHECK_FALSE(bench.writer->hand_in(3, {std::string(99, 'x')}, bench.note("never")).has_value());
    CHECK(bench.writer->next() == 3);
    CHECK(bench.writer->counts().refused == 2);
    REQUIRE(bench.writer->hand_in(3, {"c"}, bench.note("c")));
    bench.gate.set_open(true);
    bench.writer.reset();
    CHECK(bench.answers == Entries{"first", "ab", "c"});
    CHECK(bench.log() == Entries{"first", "a", "b", "c"});
}

TEST_CASE("an append whose answer was lost is repeated, and there once") {
    Bench bench;
    bench.gate.fail_next = 3;
    REQUIRE(bench.writer->hand_in(0, {"a"}, bench.note("a")));
    bench.settle();
    CHECK(bench.writer->counts().retries == 3);
    bench.writer.reset();
    CHECK(bench.answers == Entries{"a"});
    CHECK(bench.log() == Entries{"a"});
}

TEST_CASE("after a failure everything is answered with it, and nothing is written") {
    Bench bench;
    bench.gate.set_open(false);
    bench.gate.fail_next = 1;
    bench.gate.code = Code::no_space;
    REQUIRE(bench.writer->hand_in(0, {"a"}, bench.note("a")));
    bench.gate.wait_for_append(1);
    REQUIRE(bench.writer->hand_in(1, {"b"}, bench.note("b")));
    bench.gate.set_open(true);
    bench.settle();
    REQUIRE(bench.writer->failure().has_value());
    const Status late = bench.writer->hand_in(2, {"c"}, bench.note("never"));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == Code::no_space);
    bench.writer.reset();
    CHECK(bench.answers == Entries{"a: as told", "b: as told"});
    CHECK(bench.log().empty());
}

TEST_CASE("a store that stays away ends the writer after its retries") {
    Bench bench({.retries = 4});
    bench.gate.fail_next = 1000;
    REQUIRE(bench.writer->hand_in(0, {"a"}, bench.note("a")));
    bench.settle();
    CHECK(bench.gate.appends == 5);
    bench.writer.reset();
    CHECK(bench.answers == Entries{"a: as told"});
}

TEST_CASE("tasks see everything that was handed in before them") {
    Bench bench;
    std::uint64_t seen = 0;
    REQUIRE(bench.writer->hand_in(0, {"a", "b"}, bench.note("ab")));
    bench.writer->run([&](LogStore& store) {
        seen = store.size().value();
        CHECK(store.put_snapshot(seen, "state").has_value());
    });
    REQUIRE(bench.writer->hand_in(2, {"c"}, bench.note("c")));
    bench.writer.reset();
    CHECK(seen == 2);
    CHECK(bench.log().size() == 3);
}

TEST_CASE("many threads hand in at once") {
    Bench bench;
    std::mutex order;
    std::uint64_t next = 0;
    std::atomic<int> answered{0};
    {
        std::vector<os::Thread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) {
                    const std::lock_guard lock(order);
                    const auto count = [&](const Status& status) { answered += status ? 1 : 1000; };
                    if (bench.writer->hand_in(next, {std::to_string(next)}, count)) ++next;
                }
            });
        }
    }
    bench.writer.reset();
    CHECK(answered == 800);
    const Entries log = bench.log();
    REQUIRE(log.size() == 800);
    for (std::size_t i = 0; i < log.size(); ++i) REQUIRE(log[i] == std::to_string(i));
}

}  // namespace
}  // namespace euromesh::federation

// How many entries a second become durable, and how long each waits, against what the disk itself allows.
//
// bench_store FOLDER URL [SECONDS]: first one thread that writes 512 bytes and calls fdatasync, as often as
// it can, in FOLDER; then a LogWriter on the store at URL with 1, 10, 100 and 500 callers, each of which
// hands in one entry of 512 bytes and waits until it is durable. URL - leaves the store out.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"
#include "federation/store/log_writer.hpp"

namespace euromesh {
namespace {

using federation::LogWriter;

constexpr std::size_t entry_bytes = 512;

struct Measured {
    std::vector<double> waits_ms;
    double seconds = 0;

    double quantile(double part) {
        if (waits_ms.empty()) return 0;
        const auto at = static_cast<std::size_t>(part * static_cast<double>(waits_ms.size() - 1));
        std::nth_element(waits_ms.begin(), waits_ms.begin() + static_cast<std::ptrdiff_t>(at),
                         waits_ms.end());
        return waits_ms[at];
    }
    void print(const std::string& what, double batch) {
        fmt::print("{:<24} {:>9.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>8.1f}\n", what,
                   static_cast<double>(waits_ms.size()) / seconds, quantile(0.5), quantile(0.99),
                   quantile(1.0), batch);
        std::fflush(stdout);
    }
};

int stop(const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    return exit_status(error.code);
}

// In place: the file has its size already, as SQLite's write-ahead log after its first round. Growing: each
// time the file system writes down the new size, too.
Status measure_disk(const os::Path& folder, Nanoseconds time, bool in_place) {
    constexpr off_t file_bytes = 4 << 20;
    const os::SystemClock clock;
    const os::Path path = folder / "fdatasync";
    const std::string first(in_place ? file_bytes : 0, 'x'), entry(entry_bytes, 'y');
    EM_TRY(os::write_file_atomically(path, first));
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    Measured measured;
    const Nanoseconds begin = clock.monotonic();
    off_t at = 0;
    for (Nanoseconds now = begin; now - begin < time;) {
        if (::pwrite(file, entry.data(), entry.size(), at) < 0 || ::fdatasync(file) != 0)
            return fail(os::file_error(errno, "writing", path));
        at += static_cast<off_t>(entry.size());
        if (in_place) at %= file_bytes;
        const Nanoseconds then = clock.monotonic();
        measured.waits_ms.push_back(to_seconds(then - now) * 1e3);
        now = then;
    }
    measured.seconds = to_seconds(clock.monotonic() - begin);
    measured.print(in_place ? "fdatasync in place" : "fdatasync growing", 1);
    ::close(file);
    std::filesystem::remove(path);
    return {};
}

// A caller's own place to wait in.
struct Seat {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
};

class Callers {
  public:
    Callers(LogWriter& writer, Nanoseconds time) : writer_(writer), time_(time) {}

    Measured run(std::size_t count) {
        std::vector<std::vector<double>> waits(count);
        const Nanoseconds begin = clock_.monotonic();
        end_ = begin + time_;
        {
            std::vector<os::Thread> threads;
            for (std::size_t i = 0; i < count; ++i)
                threads.emplace_back([this, &waits, i] { call(waits[i]); });
        }
        Measured measured;
        measured.seconds = to_seconds(clock_.monotonic() - begin);
        for (const auto& some : waits)
            measured.waits_ms.insert(measured.waits_ms.end(), some.begin(), some.end());
        return measured;
    }

  private:
    void call(std::vector<double>& waits) {
        Seat seat;
        const std::string entry(entry_bytes, 'x');
        for (Nanoseconds now = clock_.monotonic(); now < end_;) {
            seat.done = false;
            {
                const std::lock_guard lock(order_);
                const Status taken = writer_.hand_in(writer_.next(), {entry}, [&seat](const Status& status) {
                    if (!status) std::exit(stop(status.error()));
                    const std::lock_guard seated(seat.mutex);
                    seat.done = true;
                    seat.changed.notify_one();
                });
                if (!taken) std::exit(stop(taken.error()));
            }
            std::unique_lock lock(seat.mutex);
            seat.changed.wait(lock, [&] { return seat.done; });
            const Nanoseconds then = clock_.monotonic();
            waits.push_back(to_seconds(then - now) * 1e3);
            now = then;
        }
    }

    const os::SystemClock clock_;
    LogWriter& writer_;
    Nanoseconds time_, end_{0};
    std::mutex order_;
};

Status measure_store(const std::string& url, Nanoseconds time) {
    EM_ASSIGN(auto store, federation::open_store(url));
    EM_ASSIGN(const std::string concern, store->concern());
    if (!concern.empty()) fmt::print("{}\n", concern);
    EM_ASSIGN(const std::uint64_t epoch, store->acquire_lead("bench"));
    EM_ASSIGN(const std::uint64_t size, store->size());
    fmt::print("{}, epoch {}\n", store->place(), epoch);
    LogWriter writer(std::move(store), size);
    for (const std::size_t callers : {1u, 10u, 100u, 500u}) {
        const std::uint64_t batches = writer.counts().batches, entries = writer.counts().entries;
        Measured measured = Callers(writer, time).run(callers);
        const auto counts = writer.counts();
        measured.print(fmt::format("{} callers", callers), static_cast<double>(counts.entries - entries) /
                                                               static_cast<double>(counts.batches - batches));
    }
    return {};
}

}  // namespace
}  // namespace euromesh

int main(int count, char** arguments) {
    using namespace euromesh;
    if (count < 3) return stop({Code::bad_input, "use: bench_store FOLDER URL|- [SECONDS]"});
    const auto time = std::chrono::seconds(count > 3 ? std::atoi(arguments[3]) : 5);
    fmt::print("{:<24} {:>9} {:>9} {:>9} {:>9} {:>8}\n", "", "entries/s", "p50 ms", "p99 ms", "most ms",
               "a batch");
    for (const bool in_place : {true, false}) {
        if (const Status disk = measure_disk(arguments[1], time, in_place); !disk) return stop(disk.error());
    }
    if (std::string(arguments[2]) == "-") return 0;
    if (const Status store = measure_store(arguments[2], time); !store) return stop(store.error());
    return 0;
}

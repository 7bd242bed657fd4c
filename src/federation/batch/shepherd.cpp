#include "federation/batch/shepherd.hpp"

#include <algorithm>
#include <csignal>

#include "base/os/file_lock.hpp"
#include "base/os/folder.hpp"
#include "base/os/guarded_process.hpp"
#include "base/os/process.hpp"

namespace euromesh::federation {
namespace {

using std::chrono::milliseconds;

// How often it looks whether somebody wants the job to end.
constexpr milliseconds look{100};
// A full disk keeps the end from being written; it waits for room for about an hour.
constexpr int write_tries = 3600;
constexpr std::chrono::seconds write_again{1};

std::int64_t to_ms(Nanoseconds time) {
    return std::chrono::duration_cast<milliseconds>(time).count();
}

bool is_there(const os::Path& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

bool is_temporary(const Error& error) {
    return error.code == Code::no_space || error.code == Code::unavailable;
}

class Shepherd {
  public:
    Shepherd(const JobJournal& journal, const StartRecord& start, PlacedRecord placed, const Clock& clock)
        : journal_(journal), start_(start), placed_(std::move(placed)), clock_(clock) {}

    Status run();

  private:
    const std::string& marker() const { return start_.job.marker; }
    os::Path directory() const;
    Status write_files() const;
    os::GuardedStart guarded_start() const;
    EndRecord tend(os::GuardedProcess& process);
    // Why it must end now, if it must.
    EndCause reason_to_end(Nanoseconds now) const;
    Nanoseconds warned_after() const { return milliseconds(start_.job.duration_ms - start_.job.warn_ms); }
    Status write_end(const EndRecord& end);

    const JobJournal& journal_;
    const StartRecord& start_;
    PlacedRecord placed_;
    const Clock& clock_;
    std::int64_t started_ms_ = 0;
    Nanoseconds started_{0};
};

os::Path Shepherd::directory() const {
    const std::string& chosen = start_.job.directory;
    return chosen.empty() ? journal_.work(marker()) : os::Path(chosen);
}

Status Shepherd::write_files() const {
    for (const auto& [name, text] : start_.job.files)
        EM_TRY(os::write_secret_atomically(directory() / name, text));
    return {};
}

os::GuardedStart Shepherd::guarded_start() const {
    const JobStart& job = start_.job;
    const auto file = [&](const std::string& path, JobStream stream) {
        return path.empty() ? journal_.output(marker(), stream) : os::Path(path);
    };
    os::GuardedStart made{
        .executable = job.executable,
        .arguments = job.arguments,
        .environment = job.environment,
        .directory = directory(),
        .output_files = {file(job.stdout_path, JobStream::out), file(job.stderr_path, JobStream::error)},
        .output_most_bytes = start_.output_most_bytes};
    std::string devices;
    for (const std::int64_t gpu : placed_.gpus) devices += (devices.empty() ? "" : ",") + std::to_string(gpu);
    // Also when there are none: a job that asked for none shall see none.
    made.environment["CUDA_VISIBLE_DEVICES"] = devices;
    made.environment["ROCR_VISIBLE_DEVICES"] = devices;
    return made;
}

EndCause Shepherd::reason_to_end(Nanoseconds now) const {
    if (is_there(journal_.cancel(marker()))) return EndCause::cancelled;
    if (now - started_ >= milliseconds(start_.job.duration_ms)) return EndCause::time_limit;
    return os::stop_requested() ? EndCause::interrupted : EndCause::none;
}

EndRecord Shepherd::tend(os::GuardedProcess& process) {
    EndCause cause = EndCause::none;
    Nanoseconds asked{0};
    bool warned = start_.job.warn_ms == 0, killed = false;
    while (!process.attend(look)) {
        const Nanoseconds now = clock_.monotonic();
        if (cause == EndCause::none) {
            cause = reason_to_end(now);
            asked = now;
            const bool warns = !warned && now - started_ >= warned_after();
            if (cause != EndCause::none || warns) process.send_signal(SIGTERM);
            warned = warned || warns;
        } else if (!killed && now - asked >= milliseconds(start_.grace_ms)) {
            process.send_signal(SIGKILL);
            killed = true;
        }
    }
    const os::GuardedEnd ended = process.finish();
    EndRecord end;
    end.state = cause == EndCause::cancelled ? BatchState::cancelled : BatchState::ended;
    end.cause = cause != EndCause::none ? cause : ended.by_signal ? EndCause::signal : EndCause::exit;
    end.exit_status = ended.exit_status;
    if (cause == EndCause::interrupted) end.message = "ended because its guard was told to stop";
    end.started_ms = started_ms_;
    end.usage.wall_ms = std::max<std::int64_t>(0, to_ms(clock_.monotonic() - started_));
    // Clocks are set while jobs run; what took time shall not end before it began.
    end.ended_ms = std::max(to_ms(clock_.wall()), started_ms_);
    end.usage.cpu_ms = ended.cpu_ms;
    end.usage.gpus = static_cast<std::int64_t>(placed_.gpus.size());
    end.dropped_bytes = ended.dropped_bytes;
    return end;
}

Status Shepherd::write_end(const EndRecord& end) {
    const std::string text = encode(end);
    os::FolderWatch pause = os::FolderWatch::open(journal_.folder("cancel"));
    Status written = os::write_file_atomically(journal_.ended(marker()), text);
    for (int i = 0; !written && i < write_tries; ++i) {
        (void)pause.wait(write_again);
        written = os::write_file_atomically(journal_.ended(marker()), text);
    }
    return written;
}

Status Shepherd::run() {
    const auto not_started = [&](const Error& error) {
        return write_end({.cause = EndCause::not_started,
                          .message = as_message(error.message),
                          .ended_ms = to_ms(clock_.wall())});
    };
    if (is_there(journal_.cancel(marker()))) {
        return write_end(
            {.state = BatchState::cancelled, .cause = EndCause::cancelled, .ended_ms = to_ms(clock_.wall())});
    }
    if (const Status written = write_files(); !written)
        return is_temporary(written.error()) ? written : not_started(written.error());
    auto process = os::GuardedProcess::start(guarded_start());
    if (!process && is_temporary(process.error())) return fail(std::move(process).error());
    if (!process) return not_started(process.error());
    EM_ASSIGN(const os::ProcessIdentity identity, process->identity());
    started_ms_ = to_ms(clock_.wall());
    started_ = clock_.monotonic();
    EM_TRY(
        os::write_file_atomically(journal_.running(marker()), encode(RunningRecord{identity, started_ms_})));
    const Status released = process->release();
    if (!released) return not_started(released.error());
    return write_end(tend(*process));
}

}  // namespace

Status tend_job(const JobJournal& journal, const std::string& marker, const Clock& clock) {
    if (!is_marker(marker)) return fail(Code::bad_input, "no marker of a job");
    const auto lock = os::FileLock::take(journal.lock(marker));
    if (!lock && lock.error().code == Code::conflict) return {};
    if (!lock) return fail(lock.error());
    const bool has_run = is_there(journal.running(marker)) || is_there(journal.ended(marker));
    if (has_run || !is_there(journal.start(marker)) || is_there(journal.forgotten(marker))) return {};
    EM_ASSIGN(const std::string start_text, os::read_file(journal.start(marker), job_record_most_bytes));
    EM_ASSIGN(const StartRecord start, decode_start(start_text, journal.start(marker).string()));
    EM_ASSIGN(const std::string placed_text, os::read_file(journal.placed(marker), job_record_most_bytes));
    EM_ASSIGN(PlacedRecord placed, decode_placed(placed_text, journal.placed(marker).string()));
    return Shepherd(journal, start, std::move(placed), clock).run();
}

}  // namespace euromesh::federation

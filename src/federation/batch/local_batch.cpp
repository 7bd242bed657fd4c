#include "federation/batch/local_batch.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/os/folder.hpp"
#include "base/os/process.hpp"
#include "base/os/terminal.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t slots_most = 10'000;
constexpr std::int64_t gpus_most = 1024;
constexpr std::size_t jobs_most = 1'000'000;
// A shepherd that ends this often without a word will not come to it.
constexpr int attempts_most = 5;
constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

bool is_there(const os::Path& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

Result<std::vector<std::string>> markers_in(const os::Path& root, const std::string& folder) {
    EM_ASSIGN(const auto files, os::list_files(root, folder, jobs_most));
    std::vector<std::string> markers;
    for (const os::FolderEntry& file : files) {
        const std::size_t slash = file.name.rfind('/');
        std::string name = slash == std::string::npos ? file.name : file.name.substr(slash + 1);
        if (!name.ends_with(".json")) continue;
        name.resize(name.size() - 5);
        if (is_marker(name)) markers.push_back(std::move(name));
    }
    return markers;
}

Status check_options(const LocalBatchOptions& options) {
    if (options.slots < 1 || options.slots > slots_most)
        return fail(Code::bad_input, "local jobs: {} at once: 1 to {}", options.slots, slots_most);
    if (options.gpus < 0 || options.gpus > gpus_most)
        return fail(Code::bad_input, "local jobs: {} gpus: 0 to {}", options.gpus, gpus_most);
    if (options.grace_ms < 0 || options.grace_ms > day_ms)
        return fail(Code::bad_input, "local jobs: a grace of {} ms: 0 to a day", options.grace_ms);
    if (!options.root.is_absolute())
        return fail(Code::bad_input, "local jobs: the journal's folder {}: use a whole path",
                    options.root.string());
    return {};
}

Status make_journal(const os::Path& root) {
    for (const std::string_view folder : journal_folders) EM_TRY(os::make_folders(root / folder));
    std::error_code error;
    std::filesystem::permissions(root, std::filesystem::perms::owner_all, error);
    if (error) return fail(os::file_error(error.value(), "closing to others", root));
    // Writing it also makes the folders' names durable.
    return os::write_file_atomically(root / "README", "Jobs of a site agent. Leave these files alone.\n");
}

}  // namespace

std::map<std::string, std::string> local_environment() {
    std::map<std::string, std::string> made{{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
    for (const char* name : {"HOME", "USER", "TMPDIR"}) {
        if (const auto value = os::environment(name)) made[name] = *value;
    }
    return made;
}

Result<std::unique_ptr<LocalBatch>> LocalBatch::open(const LocalBatchOptions& options, const Clock& clock) {
    EM_TRY(check_options(options));
    LocalBatchOptions chosen = options;
    if (chosen.shepherd.empty()) chosen.shepherd = os::own_program().parent_path() / "euromesh-shepherd";
    if (!is_there(chosen.shepherd))
        return fail(Code::not_found, "local jobs: there is no program {}", chosen.shepherd.string());
    EM_TRY(make_journal(options.root));
    auto lock = os::FileLock::take(options.root / "agent.lock");
    if (!lock) return fail(std::move(lock).error().within("the journal of jobs is in use"));
    std::unique_ptr<LocalBatch> made(new LocalBatch(std::move(chosen), clock, std::move(*lock)));
    EM_TRY(made->read_journal());
    return made;
}

std::int64_t LocalBatch::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall()).count();
}

Status LocalBatch::read_journal() {
    EM_TRY(sweep_forgotten());
    EM_ASSIGN(const auto markers, markers_in(journal_.root, "start"));
    for (const std::string& marker : markers) EM_TRY(read_entry(marker));
    for (const auto& [marker, entry] : entries_) next_order_ = std::max(next_order_, entry.start.order + 1);
    return {};
}

Status LocalBatch::read_entry(const std::string& marker) {
    // Forgetting had begun.
    if (is_there(journal_.forgotten(marker))) return drop_files(marker);
    const os::Path path = journal_.start(marker);
    EM_ASSIGN(const std::string text, os::read_file(path, job_record_most_bytes));
    Entry entry;
    EM_ASSIGN(entry.start, decode_start(text, path.string()));
    if (entry.start.job.marker != marker)
        return fail(Code::corrupted, "{}: it speaks of another job", path.string());
    if (is_there(journal_.placed(marker))) {
        EM_ASSIGN(const std::string placed, os::read_file(journal_.placed(marker), job_record_most_bytes));
        EM_ASSIGN(entry.placed, decode_placed(placed, journal_.placed(marker).string()));
    }
    entry.job.marker = marker;
    entry.job.submitted_ms = entry.start.submitted_ms;
    entries_.emplace(marker, std::move(entry));
    return {};
}

// A file of a forgotten job holds when that was, as a placed record's only number.
Status LocalBatch::sweep_forgotten() {
    EM_ASSIGN(const auto markers, markers_in(journal_.root, "forgotten"));
    for (const std::string& marker : markers) {
        const os::Path path = journal_.forgotten(marker);
        EM_ASSIGN(const std::string text, os::read_file(path, job_record_most_bytes));
        EM_TRY(drop_files(marker));
        const auto when = decode_placed(text, path.string());
        const bool known = when && when->gpus.size() == 1;
        if (known && when->gpus[0] + options_.forgotten_days * day_ms < now_ms())
            EM_TRY(os::remove_file(path));
    }
    return {};
}

Status LocalBatch::drop_files(const std::string& marker) {
    // What a crash leaves of them goes at the next start: that it is forgotten is written already.
    for (const os::Path& path :
         {journal_.output(marker, JobStream::out), journal_.output(marker, JobStream::error),
          journal_.said(marker), journal_.cancel(marker), journal_.placed(marker), journal_.running(marker),
          journal_.lock(marker), journal_.start(marker), journal_.ended(marker)})
        EM_TRY(os::remove_file(path));
    std::error_code error;
    std::filesystem::remove_all(journal_.work(marker), error);
    return {};
}

Status LocalBatch::check_room(const JobStart& job) const {
    if (job.resources.nodes != 1)
        return fail(Code::bad_input, "job {}: {} nodes: this system is one machine", job.marker,
                    job.resources.nodes);
    if (job.resources.gpus > options_.gpus)
        return fail(Code::bad_input, "job {}: {} gpus: this system has {}", job.marker, job.resources.gpus,
                    options_.gpus);
    if (!job.queue.empty())
        return fail(Code::bad_input, "job {}: queue {}: local jobs know no queues", job.marker, job.queue);
    return {};
}

Result<BatchJob> LocalBatch::submit(const JobStart& job) {
    EM_TRY(check(job));
    if (const auto found = entries_.find(job.marker); found != entries_.end()) {
        EM_TRY(look_at(found->second));
        return found->second.job;
    }
    if (is_there(journal_.forgotten(job.marker))) {
        return fail(Code::conflict, "job {}: it was here and is forgotten: use a new marker", job.marker);
    }
    EM_TRY(check_room(job));
    if (entries_.size() >= jobs_most) return fail(Code::unavailable, "{} jobs are here already", jobs_most);
    Entry entry;
    entry.start = {.job = job,
                   .order = next_order_,
                   .submitted_ms = now_ms(),
                   .grace_ms = options_.grace_ms,
                   .output_most_bytes = options_.output_most_bytes};
    auto& environment = entry.start.job.environment;
    environment.merge(std::map(options_.environment));
    environment.merge(local_environment());
    environment["EUROMESH_MARKER"] = job.marker;
    entry.job.marker = job.marker;
    entry.job.submitted_ms = entry.start.submitted_ms;
    EM_TRY(check(entry.start.job));
    EM_TRY(os::make_folders(journal_.work(job.marker)));
    EM_TRY(os::write_secret_atomically(journal_.start(job.marker), encode(entry.start)));
    ++next_order_;
    Entry& kept = entries_.emplace(job.marker, std::move(entry)).first->second;
    start_what_fits();
    return kept.job;
}

std::vector<LocalBatch::Entry*> LocalBatch::in_order() {
    std::vector<Entry*> ordered;
    for (auto& [marker, entry] : entries_) ordered.push_back(&entry);
    std::sort(ordered.begin(), ordered.end(),
              [](const Entry* a, const Entry* b) { return a->start.order < b->start.order; });
    return ordered;
}

Result<std::vector<BatchJob>> LocalBatch::list() {
    for (auto& [marker, entry] : entries_) {
        reap(entry);
        EM_TRY(look_at(entry));
    }
    std::erase_if(leaving_, [](int shepherd) { return os::take_exit_status(shepherd).has_value(); });
    start_what_fits();
    std::vector<BatchJob> jobs;
    for (const Entry* entry : in_order()) jobs.push_back(entry->job);
    return jobs;
}

Result<LocalBatch::Entry*> LocalBatch::find(const std::string& marker) {
    const auto found = entries_.find(marker);
    if (found == entries_.end()) return fail(Code::not_found, "there is no job {} here", as_message(marker));
    return &found->second;
}

// The lock first: a shepherd writes the end before it lets go.
Status LocalBatch::look_at(Entry& entry) {
    if (entry.job.is_over()) return {};
    const std::string& marker = entry.job.marker;
    EM_ASSIGN(const bool guarded, os::FileLock::is_held(journal_.lock(marker)));
    if (is_there(journal_.ended(marker))) {
        EM_ASSIGN(const std::string text, os::read_file(journal_.ended(marker), job_record_most_bytes));
        EM_ASSIGN(const EndRecord end, decode_end(text, journal_.ended(marker).string()));
        take_end(entry, end);
        return {};
    }
    if (is_there(journal_.running(marker))) return look_at_running(entry, guarded);
    return look_at_queued(entry, guarded);
}

Status LocalBatch::look_at_running(Entry& entry, bool guarded) {
    const os::Path path = journal_.running(entry.job.marker);
    EM_ASSIGN(const std::string text, os::read_file(path, job_record_most_bytes));
    EM_ASSIGN(const RunningRecord running, decode_running(text, path.string()));
    entry.job.state = BatchState::running;
    entry.job.native_id = std::to_string(running.process.pid);
    entry.job.started_ms = running.started_ms;
    if (guarded) return {};
    // It may have begun after the look at the lock; only who has the lock itself knows that its guard is
    // gone.
    const auto lock = os::FileLock::take(journal_.lock(entry.job.marker));
    if (!lock && lock.error().code == Code::conflict) return {};
    if (!lock) return fail(lock.error());
    if (is_there(journal_.ended(entry.job.marker))) return {};
    os::kill_session_of(running.process);
    return write_end(entry, {.state = BatchState::lost,
                             .cause = EndCause::none,
                             .message = "its guard is gone: killed, or the machine was restarted",
                             .started_ms = running.started_ms,
                             .ended_ms = std::max(now_ms(), running.started_ms)});
}

Status LocalBatch::look_at_queued(Entry& entry, bool guarded) {
    reap(entry);
    if (guarded) return {};
    if (is_there(journal_.cancel(entry.job.marker))) {
        return end_by_agent(
            entry, {.state = BatchState::cancelled, .cause = EndCause::cancelled, .ended_ms = now_ms()});
    }
    if (entry.shepherd != 0 || entry.attempts < attempts_most) return {};
    return end_by_agent(entry, {.cause = EndCause::not_started,
                                .message = "its guard ended before it: " +
                                           os::read_file(journal_.said(entry.job.marker), 4096).value_or(""),
                                .ended_ms = now_ms()});
}

// Under the job's lock, so that no shepherd that is late begins at the same moment.
Status LocalBatch::end_by_agent(Entry& entry, EndRecord end) {
    const std::string& marker = entry.job.marker;
    const auto lock = os::FileLock::take(journal_.lock(marker));
    if (!lock && lock.error().code == Code::conflict) return {};
    if (!lock) return fail(lock.error());
    if (is_there(journal_.running(marker)) || is_there(journal_.ended(marker))) return {};
    return write_end(entry, std::move(end));
}

Status LocalBatch::write_end(Entry& entry, EndRecord end) {
    end.message = as_message(end.message);
    EM_TRY(os::write_file_atomically(journal_.ended(entry.job.marker), encode(end)));
    take_end(entry, end);
    return {};
}

void LocalBatch::take_end(Entry& entry, const EndRecord& end) {
    federation::take_end(entry.job, end);
    entry.dropped_bytes = end.dropped_bytes;
}

bool LocalBatch::waits_for_another(const Entry& entry) const {
    const auto found = entries_.find(entry.start.job.after_marker);
    if (found == entries_.end()) return false;
    const BatchJob& job = found->second.job;
    return !job.is_over() || (job.cause == EndCause::exit && job.exit_status == 0);
}

// Strictly in order: a large job at the head is not overtaken for ever. What keeps one from starting (a full
// disk, say) is told with the job, and tried again.
void LocalBatch::start_what_fits() {
    for (Entry* entry : in_order()) {
        if (entry->job.state != BatchState::queued || waits_for_another(*entry)) continue;
        const auto started = start_if_it_fits(*entry);
        if (!started) entry->job.message = as_message(started.error().message);
        if (!started || !*started) return;
    }
}

// False: there is no room for it.
Result<bool> LocalBatch::start_if_it_fits(Entry& entry) {
    if (!entry.placed) {
        const auto placed = place(entry);
        if (!placed) return false;
        EM_TRY(os::write_file_atomically(journal_.placed(entry.job.marker), encode(*placed)));
        entry.placed = placed;
    }
    if (entry.shepherd == 0 && entry.attempts < attempts_most) EM_TRY(start_shepherd(entry));
    return true;
}

void LocalBatch::reap(Entry& entry) {
    if (entry.shepherd != 0 && os::take_exit_status(entry.shepherd)) entry.shepherd = 0;
}

// Nothing: there is no room now.
std::optional<PlacedRecord> LocalBatch::place(const Entry& wanted) const {
    std::int64_t used = 0;
    std::set<std::int64_t> taken;
    for (const auto& [marker, entry] : entries_) {
        if (!entry.placed || entry.job.is_over()) continue;
        ++used;
        taken.insert(entry.placed->gpus.begin(), entry.placed->gpus.end());
    }
    if (used >= options_.slots) return std::nullopt;
    PlacedRecord placed;
    const auto want = static_cast<std::size_t>(wanted.start.job.resources.gpus);
    for (std::int64_t gpu = 0; gpu < options_.gpus && placed.gpus.size() < want; ++gpu) {
        if (!taken.contains(gpu)) placed.gpus.push_back(gpu);
    }
    if (placed.gpus.size() < want) return std::nullopt;
    return placed;
}

Status LocalBatch::start_shepherd(Entry& entry) {
    const std::string& marker = entry.job.marker;
    ++entry.attempts;
    // None of this process's own environment: it may hold secrets, and the job could read its guard's.
    EM_ASSIGN(entry.shepherd,
              os::start_detached({.arguments = {options_.shepherd.string(), journal_.root.string(), marker},
                                  .environment = {{"PATH", "/usr/bin:/bin"}},
                                  .said_file = journal_.said(marker)}));
    return {};
}

Status LocalBatch::cancel(const std::string& marker) {
    EM_ASSIGN(Entry * entry, find(marker));
    EM_TRY(look_at(*entry));
    if (entry->job.is_over() || is_there(journal_.cancel(marker))) return {};
    EM_TRY(os::write_file_atomically(journal_.cancel(marker), encode(PlacedRecord{})));
    return look_at(*entry);
}

Result<OutputPart> LocalBatch::output(const std::string& marker, JobStream stream, std::uint64_t offset,
                                      std::size_t most) {
    EM_ASSIGN(Entry * entry, find(marker));
    EM_TRY(look_at(*entry));
    const JobStart& job = entry->start.job;
    const std::string& chosen = stream == JobStream::out ? job.stdout_path : job.stderr_path;
    const os::Path path = chosen.empty() ? journal_.output(marker, stream) : os::Path(chosen);
    // Before it has started there is no file of its own; one of an earlier job would be another's output.
    OutputPart part;
    if (entry->job.started_ms != 0) {
        EM_ASSIGN(part, read_output(path, offset, most));
    }
    part.dropped = entry->dropped_bytes[stream == JobStream::out ? 0 : 1];
    return part;
}

Status LocalBatch::forget(const std::string& marker) {
    const auto found = entries_.find(marker);
    if (found == entries_.end()) return {};
    EM_TRY(look_at(found->second));
    if (!found->second.job.is_over())
        return fail(Code::conflict, "job {} is {}: cancel it first", marker,
                    name_of(found->second.job.state));
    if (found->second.shepherd != 0) leaving_.push_back(found->second.shepherd);
    EM_TRY(os::write_file_atomically(journal_.forgotten(marker), encode(PlacedRecord{{now_ms()}})));
    EM_TRY(drop_files(marker));
    entries_.erase(found);
    return {};
}

}  // namespace euromesh::federation

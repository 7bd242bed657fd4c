#include "federation/batch/slurm_batch.hpp"

#include <algorithm>
#include <utility>

#include "base/os/folder.hpp"
#include "federation/batch/local_batch.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t jobs_most = 100'000;
constexpr std::size_t small_most_bytes = 4096;
constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
constexpr std::int64_t minute_ms = 60'000;
// Slurm sends the signal before a limit up to so much too early (man sbatch, --signal), and takes no longer
// ones.
constexpr std::int64_t early_ms = 60'000;
constexpr std::int64_t guard_looks_ms = 1500;
constexpr std::int64_t warn_most_s = 65'535;

bool is_there(const os::Path& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

Status check_options(const SlurmBatchOptions& options) {
    const std::string root = options.root.string();
    const bool odd =
        std::any_of(root.begin(), root.end(), [](char c) { return c < 0x20 || c == '%' || c == '|'; });
    if (!options.root.is_absolute() || odd) {
        return fail(Code::bad_input, "Slurm jobs: the folder {}: use a whole path without '%' and '|'",
                    as_message(root));
    }
    for (const std::int64_t span : {options.grace_ms, options.look_ms, options.again_ms}) {
        if (span < 0 || span > day_ms)
            return fail(Code::bad_input, "Slurm jobs: a span of {} ms: 0 to a day", span);
    }
    return {};
}

Status make_root(const os::Path& root) {
    for (const char* name : {"jobs", "forgotten"}) EM_TRY(os::make_folders(root / name));
    std::error_code error;
    std::filesystem::permissions(root, std::filesystem::perms::owner_all, error);
    if (error) return fail(os::file_error(error.value(), "closing to others", root));
    return os::write_file_atomically(root / "README", "Jobs of a site agent. Leave these files alone.\n");
}

Result<std::vector<std::string>> folders_in(const os::Path& root) {
    std::error_code error;
    std::vector<std::string> names;
    for (auto at = std::filesystem::directory_iterator(root, error);
         !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
        if (is_marker(at->path().filename().string())) names.push_back(at->path().filename().string());
        if (names.size() > jobs_most)
            return fail(Code::bad_input, "{}: over {} jobs", root.string(), jobs_most);
    }
    if (error) return fail(os::file_error(error.value(), "listing", root));
    std::sort(names.begin(), names.end());
    return names;
}

void remove_folder(const os::Path& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
}

// A record that is not there yet is nothing; one that is damaged is told by the end, through Slurm's words.
template <class Record>
std::optional<Record> record_in(const os::Path& path, Result<Record> (*decode)(std::string_view)) {
    const auto text = os::read_file(path, small_most_bytes);
    if (!text) return std::nullopt;
    auto made = decode(*text);
    if (!made) return std::nullopt;
    return std::move(*made);
}

bool is_success(const BatchJob& job) {
    return job.cause == EndCause::exit && job.exit_status == 0;
}

}  // namespace

Result<std::unique_ptr<SlurmBatch>> SlurmBatch::open(const SlurmBatchOptions& options,
                                                     std::unique_ptr<SlurmScheduler> scheduler,
                                                     const Clock& clock) {
    EM_TRY(check_options(options));
    EM_TRY(make_root(options.root));
    auto lock = os::FileLock::take(options.root / "agent.lock");
    if (!lock) return fail(std::move(lock).error().within("the folder of Slurm jobs is in use"));
    std::unique_ptr<SlurmBatch> made(new SlurmBatch(options, std::move(scheduler), clock, std::move(*lock)));
    EM_TRY(made->read_folders());
    return made;
}

std::int64_t SlurmBatch::now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall()).count();
}

Status SlurmBatch::read_folders() {
    EM_TRY(sweep_forgotten());
    EM_ASSIGN(const auto markers, folders_in(options_.root / "jobs"));
    for (const std::string& marker : markers) EM_TRY(read_entry(marker));
    for (const auto& [marker, entry] : entries_) next_order_ = std::max(next_order_, entry.start.order + 1);
    return {};
}

Status SlurmBatch::read_entry(const std::string& marker) {
    const os::Path path = folder(marker) / "start.json";
    // Forgetting, or writing it down, was cut short.
    if (is_there(forgotten(marker)) || !is_there(path)) return remove_folder(folder(marker)), Status{};
    EM_ASSIGN(const std::string text, os::read_file(path, job_record_most_bytes));
    Entry entry;
    EM_ASSIGN(entry.start, decode_start(text, path.string()));
    if (entry.start.job.marker != marker)
        return fail(Code::corrupted, "{}: it speaks of another job", path.string());
    entry.job.marker = marker;
    entry.job.submitted_ms = entry.start.submitted_ms;
    entry.id = os::read_file(folder(marker) / "submitted", small_most_bytes).value_or("");
    entry.job.native_id = entry.id;
    entry.cancel_asked = is_there(folder(marker) / "cancel");
    const os::Path final = folder(marker) / "final.json";
    if (is_there(final)) {
        EM_ASSIGN(const std::string said, os::read_file(final, job_record_most_bytes));
        EM_ASSIGN(const EndRecord end, decode_end(said, final.string()));
        take_end(entry.job, end);
    }
    entries_.emplace(marker, std::move(entry));
    return {};
}

Status SlurmBatch::sweep_forgotten() {
    EM_ASSIGN(const auto files, os::list_files(options_.root, "forgotten", jobs_most));
    for (const os::FolderEntry& file : files) {
        const os::Path path = options_.root / file.name;
        const auto text = os::read_file(path, small_most_bytes);
        const auto when = decode_placed(text.value_or(""), path.string());
        const bool known = when && when->gpus.size() == 1;
        if (known && when->gpus[0] + options_.forgotten_days * day_ms < now_ms())
            EM_TRY(os::remove_file(path));
    }
    return {};
}

Result<SlurmBatch::Entry*> SlurmBatch::find(const std::string& marker) {
    const auto found = entries_.find(marker);
    if (found == entries_.end()) return fail(Code::not_found, "there is no job {} here", as_message(marker));
    return &found->second;
}

// start.json last: a folder with it has all that the job needs.
Result<SlurmBatch::Entry> SlurmBatch::write_job(const JobStart& job) {
    Entry entry;
    entry.start = {.job = job,
                   .order = next_order_,
                   .submitted_ms = now_ms(),
                   .grace_ms = options_.grace_ms,
                   .output_most_bytes = 0};
    auto& environment = entry.start.job.environment;
    environment.merge(std::map(options_.environment));
    environment.merge(local_environment());
    // A folder of this machine may not be there on the node.
    if (!job.environment.contains("TMPDIR") && !options_.environment.contains("TMPDIR"))
        environment.erase("TMPDIR");
    environment["EUROMESH_MARKER"] = job.marker;
    entry.job.marker = job.marker;
    entry.job.submitted_ms = entry.start.submitted_ms;
    EM_TRY(check(entry.start.job));
    const os::Path here = folder(job.marker);
    EM_TRY(os::make_folders(here / "work"));
    EM_TRY(os::make_folders(here / "files"));
    for (const auto& [name, text] : job.files)
        EM_TRY(os::write_secret_atomically(here / "files" / name, text));
    EM_TRY(os::write_secret_atomically(
        here / "run.sh",
        slurm_run_script({.job = entry.start.job, .folder = here, .grace_ms = options_.grace_ms})));
    EM_TRY(os::write_file_atomically(here / "submit.sh", slurm_submit_script(here)));
    EM_TRY(os::write_secret_atomically(here / "start.json", encode(entry.start)));
    return entry;
}

Result<BatchJob> SlurmBatch::submit(const JobStart& job) {
    EM_TRY(check(job));
    if (const auto found = entries_.find(job.marker); found != entries_.end()) {
        EM_TRY(look_at(found->second));
        return found->second.job;
    }
    if (is_there(forgotten(job.marker)))
        return fail(Code::conflict, "job {}: it was here and is forgotten: use a new marker", job.marker);
    if (entries_.size() >= jobs_most) return fail(Code::unavailable, "{} jobs are here already", jobs_most);
    auto entry = write_job(job);
    if (!entry) {
        remove_folder(folder(job.marker));
        return fail(std::move(entry).error());
    }
    const Status sent = send(*entry);
    if (!sent) {
        // Should it be in the queue all the same, it has nothing to run.
        remove_folder(folder(job.marker));
        return fail(sent.error());
    }
    ++next_order_;
    return entries_.emplace(job.marker, std::move(*entry)).first->second.job;
}

SlurmSubmission SlurmBatch::submission_of(const Entry& entry) const {
    const JobStart& job = entry.start.job;
    const os::Path here = folder(job.marker);
    const std::int64_t minutes = (job.duration_ms + minute_ms - 1) / minute_ms;
    const std::int64_t warned_s = (job.warn_ms + minutes * minute_ms - job.duration_ms - early_ms) / 1000;
    return {.marker = job.marker,
            .folder = here.string(),
            .script_path = (here / "submit.sh").string(),
            .script = slurm_submit_script(here),
            .minutes = minutes,
            .warn_s = job.warn_ms > 0 ? std::clamp<std::int64_t>(warned_s, 0, warn_most_s) : 0,
            .resources = job.resources,
            .partition = job.queue,
            .account = job.account};
}

// An error is Slurm's clear no. Without an answer the job stays queued, and list() goes on with it.
Status SlurmBatch::send(Entry& entry) {
    SlurmSubmission wanted = submission_of(entry);
    const auto before = entries_.find(entry.start.job.after_marker);
    if (before != entries_.end() && (!before->second.job.is_over() || is_success(before->second.job))) {
        if (before->second.id.empty()) {
            entry.job.message = "waits until the job before it is known to Slurm";
            return {};
        }
        wanted.after_id = before->second.id;
    }
    const auto id = scheduler_->submit(wanted);
    looked_.reset();
    if (id) return take_id(entry, *id);
    const Code code = id.error().code;
    if (code == Code::refused || code == Code::bad_input || code == Code::not_found) return fail(id.error());
    entry.job.message = as_message("Slurm did not answer: " + id.error().message);
    entry.next_try_ms = now_ms() + options_.again_ms;
    return {};
}

Status SlurmBatch::take_id(Entry& entry, const std::string& id) {
    entry.id = id;
    entry.job.native_id = id;
    entry.job.message.clear();
    return os::write_file_atomically(folder(entry.job.marker) / "submitted", id);
}

void SlurmBatch::ask_for_jobs() {
    const Nanoseconds now = clock_.monotonic();
    if (looked_ && now - *looked_ < std::chrono::milliseconds(options_.look_ms)) return;
    looked_ = now;
    auto jobs = scheduler_->jobs();
    slurm_answers_ = jobs.has_value();
    silence_ = jobs ? "" : as_message("Slurm does not answer: " + jobs.error().message);
    seen_.clear();
    if (!jobs) return;
    const std::string own = (options_.root / "jobs").string() + "/";
    for (SlurmJob& job : *jobs) {
        if (!job.folder.starts_with(own)) continue;
        // Of a marker that was refused, or forgotten: it has nothing to run.
        if (!job.is_over() && job.state != SlurmState::completing &&
            !is_there(os::Path(job.folder) / "start.json"))
            (void)scheduler_->cancel(job.id);
        std::string key = job.folder;
        seen_.emplace(std::move(key), std::move(job));
    }
}

// The run that counts is the one that made its folder; before that, the one that was taken note of, or any.
std::optional<SlurmJob> SlurmBatch::slurm_job_of(Entry& entry, const std::optional<SlurmBegan>& began) {
    const std::string wanted = began ? began->job_id : entry.id;
    const auto [first, last] = seen_.equal_range(folder(entry.job.marker).string());
    std::optional<SlurmJob> best;
    for (auto at = first; at != last; ++at) {
        const SlurmJob& job = at->second;
        if (job.id == wanted) return job;
        if (wanted.empty() && (!best || (best->is_over() && !job.is_over()))) best = job;
    }
    return best;
}

SlurmEvidence SlurmBatch::evidence_of(Entry& entry) {
    const os::Path here = folder(entry.job.marker);
    SlurmEvidence seen{.last = entry.job,
                       .resources = entry.start.job.resources,
                       .slurm_answers = slurm_answers_,
                       .cancel_asked = entry.cancel_asked,
                       .now_ms = now_ms()};
    seen.began = record_in<SlurmBegan>(here / "began" / "record", decode_began);
    seen.job = slurm_job_of(entry, seen.began);
    const std::string id = seen.job ? seen.job->id : seen.began ? seen.began->job_id : entry.id;
    if (!id.empty() && id != entry.id && !take_id(entry, id)) seen.slurm_answers = false;
    seen.last.native_id = entry.id;
    seen.was_submitted = !entry.id.empty();
    // Gone from the queue, or over: how it ended is known elsewhere.
    if (seen.slurm_answers && seen.was_submitted && (!seen.job || seen.job->is_over())) {
        const auto told = scheduler_->job(entry.id);
        // A scheduler that lost its state gives numbers again; then this one is somebody else's.
        const bool is_ours = told && (told->folder.empty() || told->folder == here.string());
        if (is_ours) {
            seen.job = *told;
        } else if (!told && told.error().code != Code::not_found && !seen.job) {
            seen.slurm_answers = false;
        }
    }
    // After Slurm, so that the script of a job that is over has written what it will.
    seen.ended = record_in<SlurmEnded>(here / "ended", decode_slurm_ended);
    if (!seen.began) seen.began = record_in<SlurmBegan>(here / "began" / "record", decode_began);
    return seen;
}

// Only what Slurm has just shown to be this job: after a loss of its state numbers are given again.
void SlurmBatch::ask_to_cancel(Entry& entry) {
    ask_for_jobs();
    entry.next_try_ms = now_ms() + options_.again_ms;
    const auto [first, last] = seen_.equal_range(folder(entry.job.marker).string());
    for (auto at = first; at != last; ++at) {
        if (!at->second.is_over()) (void)scheduler_->cancel(at->second.id);
    }
    looked_.reset();
}

// Before one has begun, any of them may be the one.
void SlurmBatch::end_what_is_double(const Entry& entry) {
    const auto [first, last] = seen_.equal_range(folder(entry.job.marker).string());
    for (auto at = first; at != last; ++at) {
        if (at->second.id != entry.id && !at->second.is_over()) (void)scheduler_->cancel(at->second.id);
    }
}

Status SlurmBatch::look_at(Entry& entry) {
    if (entry.job.is_over()) return {};
    ask_for_jobs();
    const SlurmEvidence seen = evidence_of(entry);
    if (seen.began) end_what_is_double(entry);
    const BatchJob judged = judge_slurm_job(seen);
    if (judged.is_over() && !seen.began && !close_the_door(entry)) return {};
    EM_TRY(settle(entry, judged));
    // Requeued by an operator: what it was is over, and it shall not wait for a run that does nothing.
    if (seen.began && seen.job && seen.job->state == SlurmState::pending) ask_to_cancel(entry);
    if (!slurm_answers_ && entry.job.state == BatchState::queued) entry.job.message = silence_;
    return {};
}

Status SlurmBatch::settle(Entry& entry, BatchJob job) {
    job.native_id = entry.id;
    if (job.is_over()) {
        EM_TRY(os::write_file_atomically(folder(job.marker) / "final.json", encode(end_of(job))));
    }
    entry.job = std::move(job);
    return {};
}

// Before a job is called over that never began: no request that is still on its way shall begin it. False: a
// run has made the folder first, and has not yet said so.
bool SlurmBatch::close_the_door(const Entry& entry) const {
    const os::Path here = folder(entry.job.marker);
    std::error_code error;
    if (std::filesystem::create_directory(here / "began", error)) return true;
    const auto [first, last] = seen_.equal_range(here.string());
    return std::all_of(first, last, [](const auto& seen) { return seen.second.is_over(); });
}

// What was not answered is asked again.
Status SlurmBatch::drive(Entry& entry) {
    if (entry.job.is_over() || !slurm_answers_ || now_ms() < entry.next_try_ms) return {};
    if (entry.cancel_asked) return ask_to_cancel(entry), Status{};
    if (!entry.id.empty()) return {};
    const Status sent = send(entry);
    if (sent || !close_the_door(entry)) return {};
    BatchJob job = entry.job;
    job.state = BatchState::ended;
    job.cause = EndCause::not_started;
    job.message = as_message(sent.error().message);
    job.ended_ms = std::max(now_ms(), job.submitted_ms);
    return settle(entry, std::move(job));
}

std::vector<SlurmBatch::Entry*> SlurmBatch::in_order() {
    std::vector<Entry*> ordered;
    for (auto& [marker, entry] : entries_) ordered.push_back(&entry);
    std::sort(ordered.begin(), ordered.end(),
              [](const Entry* a, const Entry* b) { return a->start.order < b->start.order; });
    return ordered;
}

Result<std::vector<BatchJob>> SlurmBatch::list() {
    std::vector<BatchJob> jobs;
    for (Entry* entry : in_order()) {
        EM_TRY(look_at(*entry));
        EM_TRY(drive(*entry));
        jobs.push_back(entry->job);
    }
    return jobs;
}

Status SlurmBatch::cancel(const std::string& marker) {
    EM_ASSIGN(Entry * entry, find(marker));
    EM_TRY(look_at(*entry));
    if (entry->job.is_over() || entry->cancel_asked) return {};
    EM_TRY(os::write_file_atomically(folder(marker) / "cancel", ""));
    entry->cancel_asked = true;
    if (scheduler_->cancels_at_once() && entry->job.state == BatchState::running) {
        // Its guard sees the file within a second or so.
        entry->next_try_ms = now_ms() + guard_looks_ms + options_.grace_ms;
        return {};
    }
    ask_to_cancel(*entry);
    return {};
}

Result<OutputPart> SlurmBatch::output(const std::string& marker, JobStream stream, std::uint64_t offset,
                                      std::size_t most) {
    EM_ASSIGN(Entry * entry, find(marker));
    const JobStart& job = entry->start.job;
    const std::string& chosen = stream == JobStream::out ? job.stdout_path : job.stderr_path;
    const os::Path here = folder(marker);
    const os::Path path =
        chosen.empty() ? here / (stream == JobStream::out ? "out" : "err") : os::Path(chosen);
    // Before it has begun, a file of its own name is another job's.
    if (!is_there(here / "began" / "record")) return OutputPart{};
    return read_output(path, offset, most);
}

Status SlurmBatch::forget(const std::string& marker) {
    const auto found = entries_.find(marker);
    if (found == entries_.end()) return {};
    EM_TRY(look_at(found->second));
    if (!found->second.job.is_over())
        return fail(Code::conflict, "job {} is {}: cancel it first", marker,
                    name_of(found->second.job.state));
    EM_TRY(os::write_file_atomically(forgotten(marker), encode(PlacedRecord{{now_ms()}})));
    remove_folder(folder(marker));
    entries_.erase(found);
    return {};
}

}  // namespace euromesh::federation

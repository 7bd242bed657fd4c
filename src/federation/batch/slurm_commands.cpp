#include "federation/batch/slurm_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/os/command.hpp"
#include "base/os/terminal.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

// Names last: a user's other jobs may be called anything.
constexpr std::string_view squeue_fields = "%i|%T|%r|%V|%S|%e|%Z|%j";
constexpr std::size_t squeue_count = 8;

// After these nobody can say whether the request took effect.
constexpr std::array<std::string_view, 14> unsure{
    "Socket timed out",
    "Unable to contact",
    "Zero Bytes were transmitted",
    "Connection refused",
    "Connection reset",
    "Connection timed out",
    "backup controller",
    "standby mode",
    "Resource temporarily unavailable",
    "Transport endpoint is not connected",
    "Unexpected message",
    "Communication connection failure",
    "Unable to establish control machine",
    "Slurm temporarily unable to accept job",
};
constexpr std::array<std::string_view, 2> unknown{"Invalid job id",
                                                  "Job/step already completing or completed"};

bool contains_any(std::string_view text, std::span<const std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// At most `most` parts; the last takes what is left.
std::vector<std::string_view> split(std::string_view line, char separator, std::size_t most) {
    std::vector<std::string_view> parts;
    while (parts.size() + 1 < most) {
        const std::size_t at = line.find(separator);
        if (at == std::string_view::npos) break;
        parts.push_back(line.substr(0, at));
        line.remove_prefix(at + 1);
    }
    parts.push_back(line);
    return parts;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() < 12 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t number_of(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string words_of(std::string_view state, std::string_view reason) {
    const bool silent = reason.empty() || reason == "None" || reason == "(null)";
    return as_message(silent ? std::string(state) : fmt::format("{}: {}", state, reason));
}

// "75:0": exit status and signal.
void take_exit(SlurmJob& job, std::string_view text) {
    const auto parts = split(text, ':', 2);
    if (parts.size() != 2 || !is_number(parts[0]) || !is_number(parts[1])) return;
    job.exit_status = std::min<std::int64_t>(number_of(parts[0]), 255);
    job.exit_signal = std::min<std::int64_t>(number_of(parts[1]), 64);
}

// A start that is only expected is none.
void tidy(SlurmJob& job) {
    if (!job.is_over() && job.state != SlurmState::completing) job.ended_ms = 0;
}

// All that it says, for the first lines are often the site's own: "sbatch: error: a; b".
std::string one_line(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t sign = line.find(": error: ");
        if (!made.empty() && sign < 20) line.remove_prefix(sign + 9);
        if (!line.empty()) made.append(made.empty() ? "" : "; ").append(line);
    }
    return as_message(made);
}

std::map<std::string, std::string> command_environment(const SlurmCommandsOptions& options) {
    std::map<std::string, std::string> made{{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                            {"LANG", "C.UTF-8"},
                                            {"TZ", "UTC"},
                                            {"SLURM_TIME_FORMAT", "standard"}};
    for (const char* name : {"HOME", "USER", "LOGNAME", "SLURM_CONF", "PATH"}) {
        if (const auto value = os::environment(name)) made[name] = *value;
    }
    for (const auto& [name, value] : options.environment) made[name] = value;
    return made;
}

}  // namespace

std::int64_t slurm_time_ms(std::string_view text) {
    // 2026-11-21T21:33:50
    if (text.size() != 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T') return 0;
    const std::array<std::string_view, 6> parts{text.substr(0, 4),  text.substr(5, 2),  text.substr(8, 2),
                                                text.substr(11, 2), text.substr(14, 2), text.substr(17, 2)};
    if (!std::all_of(parts.begin(), parts.end(), is_number)) return 0;
    const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(number_of(parts[0]))),
                                          std::chrono::month(static_cast<unsigned>(number_of(parts[1]))),
                                          std::chrono::day(static_cast<unsigned>(number_of(parts[2])))};
    if (!day.ok()) return 0;
    const std::int64_t seconds = std::chrono::sys_days(day).time_since_epoch().count() * 86'400 +
                                 number_of(parts[3]) * 3600 + number_of(parts[4]) * 60 + number_of(parts[5]);
    return std::max<std::int64_t>(0, seconds * 1000);
}

Error slurm_refusal(std::string_view command, std::string_view complaint) {
    const Code code = contains_any(complaint, unsure)    ? Code::unavailable
                      : contains_any(complaint, unknown) ? Code::not_found
                                                         : Code::refused;
    const std::string words = one_line(complaint);
    return {code, words.empty() ? fmt::format("{} fails without a word", command) : words};
}

std::vector<SlurmJob> parse_squeue(std::string_view text) {
    std::vector<SlurmJob> jobs;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const auto parts = split(text.substr(0, end), '|', squeue_count);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (parts.size() != squeue_count || !is_number(parts[0])) continue;
        SlurmJob job{.id = std::string(parts[0]),
                     .name = std::string(parts[7]),
                     .folder = std::string(parts[6]),
                     .state = slurm_state(parts[1]),
                     .words = words_of(parts[1], parts[2]),
                     .submitted_ms = slurm_time_ms(parts[3]),
                     .started_ms = slurm_time_ms(parts[4]),
                     .ended_ms = slurm_time_ms(parts[5])};
        tidy(job);
        jobs.push_back(std::move(job));
    }
    return jobs;
}

Result<SlurmJob> parse_scontrol_job(std::string_view text) {
    SlurmJob job;
    std::string_view state, reason;
    for (const std::string_view word : split(text.substr(0, text.find('\n')), ' ', 1000)) {
        const std::size_t equal = word.find('=');
        if (equal == std::string_view::npos) continue;
        const std::string_view key = word.substr(0, equal), value = word.substr(equal + 1);
        // The first counts: a comment at the end may hold anything.
        if (key == "JobId" && job.id.empty()) job.id = value;
        if (key == "JobName" && job.name.empty()) job.name = value;
        if (key == "JobState" && state.empty()) state = value;
        if (key == "Reason" && reason.empty()) reason = value;
        if (key == "ExitCode" && !job.exit_status) take_exit(job, value);
        if (key == "SubmitTime" && job.submitted_ms == 0) job.submitted_ms = slurm_time_ms(value);
        if (key == "StartTime" && job.started_ms == 0) job.started_ms = slurm_time_ms(value);
        if (key == "EndTime" && job.ended_ms == 0) job.ended_ms = slurm_time_ms(value);
        if (key == "Restarts" && job.restarts == 0 && is_number(value)) job.restarts = number_of(value);
        if (key == "WorkDir" && job.folder.empty()) job.folder = value;
    }
    if (!is_number(job.id) || state.empty())
        return fail(Code::corrupted, "scontrol says of a job what cannot be read");
    job.state = slurm_state(state);
    job.words = words_of(state, reason);
    tidy(job);
    return job;
}

Result<SlurmJob> parse_sacct(std::string_view text) {
    const auto parts = split(text.substr(0, text.find('\n')), '|', 6);
    if (parts.size() != 6 || !is_number(parts[0])) return fail(Code::not_found, "sacct knows no such job");
    SlurmJob job{.id = std::string(parts[0]),
                 .state = slurm_state(parts[1]),
                 .words = words_of(parts[1], ""),
                 .submitted_ms = slurm_time_ms(parts[2]),
                 .started_ms = slurm_time_ms(parts[3]),
                 .ended_ms = slurm_time_ms(parts[4])};
    take_exit(job, parts[5]);
    tidy(job);
    return job;
}

std::vector<std::string> sbatch_arguments(const SlurmSubmission& wanted,
                                          const std::vector<std::string>& site_options) {
    std::vector<std::string> made{
        "sbatch",
        "--parsable",
        // A requeue would be a second run under the same marker; whoever chains allocations asks for a new
        // one.
        "--no-requeue",
        "--kill-on-invalid-dep=no",
        "--job-name=" + wanted.marker,
        "--chdir=" + wanted.folder,
        "--output=" + wanted.folder + "/slurm.out",
        "--open-mode=append",
        fmt::format("--time={}", wanted.minutes),
        fmt::format("--nodes={}", wanted.resources.nodes),
        fmt::format("--ntasks-per-node={}", wanted.resources.processes),
    };
    if (wanted.resources.gpus > 0) made.push_back(fmt::format("--gpus-per-node={}", wanted.resources.gpus));
    if (!wanted.partition.empty()) made.push_back("--partition=" + wanted.partition);
    if (!wanted.account.empty()) made.push_back("--account=" + wanted.account);
    if (wanted.warn_s > 0) made.push_back(fmt::format("--signal=B:USR1@{}", wanted.warn_s));
    if (!wanted.after_id.empty()) made.push_back("--dependency=afternotok:" + wanted.after_id);
    made.insert(made.end(), site_options.begin(), site_options.end());
    made.push_back(wanted.script_path);
    return made;
}

SlurmCommands::SlurmCommands(SlurmCommandsOptions options) : options_(std::move(options)) {
    options_.environment = command_environment(options_);
}

Result<std::string> SlurmCommands::ask(std::vector<std::string> arguments) const {
    const std::string name = arguments[0];
    EM_ASSIGN(auto end, os::run_command({.arguments = std::move(arguments),
                                         .environment = options_.environment,
                                         .limit = options_.limit,
                                         .output_most_bytes = slurm_answer_most_bytes}));
    if (end.timed_out) return fail(Code::unavailable, "{} does not answer", name);
    if (end.exit_status == 0) return std::move(end.output);
    return fail(slurm_refusal(name, end.complaint));
}

Result<std::string> SlurmCommands::submit(const SlurmSubmission& submission) {
    EM_ASSIGN(const std::string said, ask(sbatch_arguments(submission, options_.submit_options)));
    // "17", or "17;cluster"; a site's wrapper may say more before it.
    std::string_view line = said;
    while (line.ends_with('\n')) line.remove_suffix(1);
    line = line.substr(line.rfind('\n') == std::string_view::npos ? 0 : line.rfind('\n') + 1);
    line = line.substr(0, line.find(';'));
    if (is_number(line)) return std::string(line);
    return fail(Code::unavailable, "sbatch names no job: {}", as_message(said));
}

Result<std::vector<SlurmJob>> SlurmCommands::jobs() {
    EM_ASSIGN(const std::string said, ask({"squeue", "--noheader", "--all", "--me", "--states=all",
                                           "--format=" + std::string(squeue_fields)}));
    return parse_squeue(said);
}

Result<SlurmJob> SlurmCommands::job(const std::string& id) {
    const auto shown = ask({"scontrol", "--oneliner", "show", "job", id});
    if (shown) return parse_scontrol_job(*shown);
    if (shown.error().code != Code::not_found) return fail(shown.error());
    // Where there is no accounting the answer is an error: then nobody knows it any more.
    const auto account = ask({"sacct", "--noheader", "--parsable2", "--allocations", "--jobs=" + id,
                              "--format=JobIDRaw,State,Submit,Start,End,ExitCode"});
    if (account) return parse_sacct(*account);
    if (account.error().code == Code::unavailable) return fail(account.error());
    return fail(Code::not_found, "Slurm knows no job {} any more", id);
}

Status SlurmCommands::cancel(const std::string& id) {
    const auto said = ask({"scancel", id});
    if (said || said.error().code == Code::not_found) return {};
    return fail(said.error());
}

}  // namespace euromesh::federation

#include "federation/batch/batch_system.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t marker_most_bytes = 64;
constexpr std::size_t file_name_most_bytes = 100;
constexpr std::int64_t count_most = 1'000'000;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What the kernel takes and a document can hold: no byte zero, UTF-8.
bool is_bad(std::string_view text) {
    return text.find('\0') != std::string_view::npos || first_bad_utf8(text) != std::string_view::npos;
}

Status check_path(const std::string& marker, std::string_view field, const std::string& path) {
    if (path.empty() || (path.front() == '/' && !is_bad(path))) return {};
    return fail(Code::bad_input, "job {}: {} is not a whole path in UTF-8: begin it with '/'", marker, field);
}

Status check_variable(const std::string& marker, const std::string& name, const std::string& value) {
    const bool starts_well = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
    if (!starts_well || !std::all_of(name.begin(), name.end(), is_name_character)) {
        return fail(Code::bad_input,
                    "job {}: a name in its environment is not made of letters, digits and '_'", marker);
    }
    if (!is_bad(value)) return {};
    return fail(Code::bad_input, "job {}: environment {}: a byte zero in the value, or no UTF-8", marker,
                name);
}

Status check_texts(const JobStart& job) {
    for (const std::string* text : {&job.queue, &job.account}) {
        if (is_bad(*text))
            return fail(Code::bad_input, "job {}: queue or account: a byte zero, or no UTF-8", job.marker);
    }
    std::size_t bytes = job.executable.size() + job.directory.size() + job.queue.size() + job.account.size();
    for (const std::string& argument : job.arguments) {
        if (is_bad(argument))
            return fail(Code::bad_input, "job {}: a byte zero in an argument, or no UTF-8", job.marker);
        bytes += argument.size() + 1;
    }
    for (const auto& [name, value] : job.environment) {
        EM_TRY(check_variable(job.marker, name, value));
        bytes += name.size() + value.size() + 2;
    }
    if (bytes <= job_text_most_bytes) return {};
    return fail(Code::bad_input, "job {}: arguments and environment of {} bytes: at most {}", job.marker,
                bytes, job_text_most_bytes);
}

Status check_resources(const JobStart& job) {
    const JobResources& wanted = job.resources;
    for (const std::int64_t count : {wanted.nodes, wanted.processes}) {
        if (count < 1 || count > count_most)
            return fail(Code::bad_input, "job {}: {} nodes with {} processes: at least 1 of each", job.marker,
                        wanted.nodes, wanted.processes);
    }
    if (wanted.gpus >= 0 && wanted.gpus <= count_most) return {};
    return fail(Code::bad_input, "job {}: {} gpus on a node: 0 or more", job.marker, wanted.gpus);
}

bool is_file_name(std::string_view name) {
    const auto allowed = [](char c) { return is_name_character(c) || c == '.' || c == '-'; };
    return !name.empty() && name.size() <= file_name_most_bytes && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), allowed);
}

Status check_files(const JobStart& job) {
    std::size_t bytes = 0;
    for (const auto& [name, text] : job.files) {
        if (!is_file_name(name)) {
            return fail(Code::bad_input,
                        "job {}: the name of a file: 1 to {} of letters, digits, '.', '_' and '-'",
                        job.marker, file_name_most_bytes);
        }
        if (is_bad(text))
            return fail(Code::bad_input, "job {}: file {}: a byte zero, or no UTF-8", job.marker, name);
        bytes += name.size() + text.size();
    }
    if (bytes <= job_files_most_bytes) return {};
    return fail(Code::bad_input, "job {}: files of {} bytes: at most {}", job.marker, bytes,
                job_files_most_bytes);
}

Status check_order(const JobStart& job) {
    if (job.warn_ms < 0 || job.warn_ms >= job.duration_ms) {
        return fail(Code::bad_input, "job {}: a warning {} ms before the end of {} ms: less than that",
                    job.marker, job.warn_ms, job.duration_ms);
    }
    if (job.after_marker.empty()) return {};
    if (is_marker(job.after_marker) && job.after_marker != job.marker) return {};
    return fail(Code::bad_input, "job {}: it shall start after another one: name that one's marker",
                job.marker);
}

}  // namespace

std::string_view name_of(BatchState state) {
    switch (state) {
        case BatchState::queued:
            return "queued";
        case BatchState::running:
            return "running";
        case BatchState::ended:
            return "ended";
        case BatchState::cancelled:
            return "cancelled";
        case BatchState::lost:
            return "lost";
    }
    return "?";
}

std::string_view name_of(EndCause cause) {
    switch (cause) {
        case EndCause::none:
            return "none";
        case EndCause::exit:
            return "exit";
        case EndCause::signal:
            return "signal";
        case EndCause::time_limit:
            return "time_limit";
        case EndCause::not_started:
            return "not_started";
        case EndCause::cancelled:
            return "cancelled";
        case EndCause::interrupted:
            return "interrupted";
    }
    return "?";
}

bool is_marker(std::string_view text) {
    const auto allowed = [](char c) { return is_name_character(c) || c == '.' || c == '-' || c == '~'; };
    return !text.empty() && text.size() <= marker_most_bytes && text.front() != '.' && text.front() != '~' &&
           std::all_of(text.begin(), text.end(), allowed);
}

Status check(const JobStart& job) {
    if (!is_marker(job.marker)) {
        return fail(Code::bad_input, "a job's marker: 1 to {} of letters, digits, '.', '_', '~' and '-'",
                    marker_most_bytes);
    }
    if (job.executable.empty() || is_bad(job.executable))
        return fail(Code::bad_input, "job {}: no executable: name a program", job.marker);
    if (job.duration_ms < 1 || job.duration_ms > job_duration_most_ms) {
        return fail(Code::bad_input, "job {}: a duration of {} ms: 1 ms to {} days", job.marker,
                    job.duration_ms, job_duration_most_ms / 86'400'000);
    }
    EM_TRY(check_path(job.marker, "directory", job.directory));
    EM_TRY(check_path(job.marker, "stdout_path", job.stdout_path));
    EM_TRY(check_path(job.marker, "stderr_path", job.stderr_path));
    EM_TRY(check_resources(job));
    EM_TRY(check_order(job));
    EM_TRY(check_files(job));
    return check_texts(job);
}

}  // namespace euromesh::federation

#include "federation/batch/slurm_rest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "federation/batch/job_record.hpp"
#include "federation/batch/slurm_commands.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view base = "/slurm/v0.0.38/";
constexpr std::size_t token_most_bytes = 64u << 10;

std::string text_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// 0 where there is none, or null, which this service also writes.
std::int64_t integer_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::int64_t ms_in(const Json& object, const char* key) {
    return std::clamp<std::int64_t>(integer_in(object, key), 0, 1LL << 40) * 1000;
}

// "Invalid partition name specified (Unable to ...)"
std::string words_of(const Json& error) {
    const std::string what = text_in(error, "error"), more = text_in(error, "description");
    if (what.empty()) return more;
    return more.empty() || more == what ? what : fmt::format("{} ({})", what, more);
}

// What is no document at all: the service, or something before it, speaks for itself.
Error bare_refusal(int status, std::string_view body) {
    const std::string words = as_message(body.substr(0, body.find('\n')));
    if (status == 401 || status == 403)
        return {Code::unavailable, fmt::format("slurmrestd does not accept the token: {}", words)};
    return {Code::unavailable,
            fmt::format("slurmrestd answers {} without a reason (a token without the claim 'sun' has this "
                        "effect): {}",
                        status, words)};
}

// The document, when it tells of no error.
Result<Json> document_of(int status, std::string_view body) {
    auto parsed = parse_json(body, slurm_answer_most_bytes);
    if (!parsed || !parsed->is_object()) return fail(bare_refusal(status, body));
    const auto errors = parsed->find("errors");
    std::string words;
    if (errors != parsed->end() && errors->is_array()) {
        for (const Json& error : *errors) {
            if (error.is_object()) words += (words.empty() ? "" : "; ") + words_of(error);
        }
        if (!errors->empty() && words.empty()) words = "an error without a word";
    }
    // The controller hangs up on a token that it does not take, and says no more than this.
    if (words.find("Zero Bytes were transmitted") != std::string::npos)
        words += " (so does a token that is not valid, or no longer)";
    if (!words.empty()) return fail(slurm_refusal("slurmrestd", words));
    if (status != 200) return fail(bare_refusal(status, body));
    return parsed;
}

SlurmJob job_of(const Json& item) {
    const std::string state = text_in(item, "job_state"), reason = text_in(item, "state_reason");
    SlurmJob job{.id = std::to_string(integer_in(item, "job_id")),
                 .name = text_in(item, "name"),
                 .folder = text_in(item, "current_working_directory"),
                 .state = slurm_state(state),
                 .words = as_message(reason.empty() || reason == "None" ? state : state + ": " + reason),
                 .submitted_ms = ms_in(item, "submit_time"),
                 .started_ms = ms_in(item, "start_time")};
    if (!job.is_over()) return job;
    job.ended_ms = ms_in(item, "end_time");
    // As wait() gives it (man 2 wait).
    const std::int64_t status = integer_in(item, "exit_code");
    job.exit_status = (status >> 8) & 255;
    job.exit_signal = status & 127;
    return job;
}

}  // namespace

std::string rest_submission(const SlurmSubmission& wanted) {
    const JobResources& resources = wanted.resources;
    Json job = {{"name", wanted.marker},
                {"current_working_directory", wanted.folder},
                {"standard_output", wanted.folder + "/slurm.out"},
                {"environment", {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}}},
                {"time_limit", wanted.minutes},
                {"nodes", {resources.nodes, resources.nodes}},
                {"tasks_per_node", resources.processes},
                {"requeue", false},
                {"kill_on_invalid_dependency", false}};
    if (resources.gpus > 0) job["tres_per_node"] = fmt::format("gres:gpu:{}", resources.gpus);
    if (!wanted.partition.empty()) job["partition"] = wanted.partition;
    if (!wanted.account.empty()) job["account"] = wanted.account;
    // No "signal": this version takes none that goes to the script. The script warns by its own clock.
    if (!wanted.after_id.empty()) job["dependency"] = "afternotok:" + wanted.after_id;
    return Json{{"script", wanted.script}, {"job", job}}.dump();
}

Result<std::string> parse_rest_submitted(int status, std::string_view body) {
    EM_ASSIGN(const Json document, document_of(status, body));
    const std::int64_t id = integer_in(document, "job_id");
    if (id > 0) return std::to_string(id);
    return fail(Code::unavailable, "slurmrestd names no job");
}

Result<std::vector<SlurmJob>> parse_rest_jobs(int status, std::string_view body, std::string_view user) {
    EM_ASSIGN(const Json document, document_of(status, body));
    const auto items = document.find("jobs");
    if (items == document.end() || !items->is_array())
        return fail(Code::unavailable, "slurmrestd tells of no jobs");
    std::vector<SlurmJob> jobs;
    for (const Json& item : *items) {
        if (item.is_object() && integer_in(item, "job_id") > 0 && text_in(item, "user_name") == user)
            jobs.push_back(job_of(item));
    }
    return jobs;
}

Status parse_rest_status(int status, std::string_view body) {
    // What worked may have nothing to say.
    if (status == 200 && body.empty()) return {};
    EM_TRY(document_of(status, body));
    return {};
}

Result<os::HttpText> SlurmRest::ask(const std::string& method, const std::string& path,
                                    const std::string& body) {
    EM_ASSIGN(std::string token, os::read_file(options_.token_file, token_most_bytes));
    token = token.substr(0, token.find_first_of("\r\n"));
    if (token.starts_with("SLURM_JWT=")) token.erase(0, 10);
    os::HttpRequest request{.method = method, .url = options_.url + std::string(base) + path};
    request.headers = {"Content-Type: application/json", "X-SLURM-USER-NAME: " + options_.user,
                       "X-SLURM-USER-TOKEN: " + token};
    request.body = std::as_bytes(std::span(body));
    request.silence_limit = options_.limit;
    request.authority_file = options_.authority_file;
    request.is_direct = true;
    return os::ask_text(client_, request, slurm_answer_most_bytes);
}

Result<std::string> SlurmRest::submit(const SlurmSubmission& submission) {
    EM_ASSIGN(const os::HttpText answer, ask("POST", "job/submit", rest_submission(submission)));
    return parse_rest_submitted(answer.status, answer.body);
}

Result<std::vector<SlurmJob>> SlurmRest::jobs() {
    EM_ASSIGN(const os::HttpText answer, ask("GET", "jobs", ""));
    return parse_rest_jobs(answer.status, answer.body, options_.user);
}

Result<SlurmJob> SlurmRest::job(const std::string& id) {
    EM_ASSIGN(const os::HttpText answer, ask("GET", "job/" + id, ""));
    EM_ASSIGN(auto jobs, parse_rest_jobs(answer.status, answer.body, options_.user));
    if (jobs.empty()) return fail(Code::not_found, "Slurm knows no job {} of this user", id);
    return std::move(jobs.front());
}

Status SlurmRest::cancel(const std::string& id) {
    EM_ASSIGN(const os::HttpText answer, ask("DELETE", "job/" + id, ""));
    const Status said = parse_rest_status(answer.status, answer.body);
    if (!said && said.error().code == Code::not_found) return {};
    return said;
}

}  // namespace euromesh::federation

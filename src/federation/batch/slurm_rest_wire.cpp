#include "federation/batch/slurm_rest_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "federation/batch/job_record.hpp"
#include "federation/batch/slurm_commands.hpp"

namespace euromesh::federation {
namespace {

constexpr std::array<RestVersion, 4> versions{{
    {"v0.0.41", true, true, true, "gres/gpu:"},
    {"v0.0.40", true, true, true, "gres/gpu:"},
    {"v0.0.39", true, true, false, "gres:gpu:"},
    {"v0.0.38", false, false, false, "gres:gpu:"},
}};
constexpr std::size_t token_most_bytes = 64u << 10;
constexpr std::string_view hung_up = "Zero Bytes were transmitted";

std::string text_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// 0 where there is none, or null, which this service also writes; or one that is not set.
std::int64_t integer_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return 0;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (!found->is_object() || !found->value("set", Json(false)).is_boolean()) return 0;
    const bool is_set = found->value("set", Json(false)).get<bool>();
    const auto number = found->find("number");
    return is_set && number != found->end() && number->is_number_integer() ? number->get<std::int64_t>() : 0;
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
    // What the centre's own filter says, where the API passes it on.
    const std::string own = words.empty() ? "" : text_in(*parsed, "job_submit_user_msg");
    if (!own.empty()) words += "; " + own;
    if (words.find(hung_up) != std::string::npos)
        words += " (so does a token that is not valid, or no longer)";
    if (!words.empty()) return fail(slurm_refusal("slurmrestd", words));
    if (status != 200) return fail(bare_refusal(status, body));
    return parsed;
}

// A text; or a list of them, the state itself first and what is going on besides after it.
std::vector<std::string> states_in(const Json& item) {
    const auto found = item.find("job_state");
    if (found == item.end()) return {""};
    std::vector<std::string> states;
    if (found->is_array()) {
        for (const Json& one : *found)
            if (one.is_string()) states.push_back(one.get<std::string>());
    } else {
        states.push_back(text_in(item, "job_state"));
    }
    if (states.empty()) states.emplace_back();
    return states;
}

SlurmState state_of(const std::vector<std::string>& states) {
    for (const std::string& one : states) {
        // Over, and not yet tidied up; or back in the queue.
        const SlurmState state = slurm_state(one);
        if (state == SlurmState::completing || (state == SlurmState::pending && one != "PENDING"))
            return state;
    }
    return slurm_state(states.front());
}

void take_exit(SlurmJob& job, const Json& item) {
    const auto found = item.find("exit_code");
    const bool is_apart = found != item.end() && found->is_object() && found->contains("return_code");
    if (is_apart) {
        job.exit_status = std::clamp<std::int64_t>(integer_in(*found, "return_code"), 0, 255);
        const auto signal = found->find("signal");
        if (signal != found->end() && signal->is_object())
            job.exit_signal = std::clamp<std::int64_t>(
                integer_in(*signal, signal->contains("id") ? "id" : "signal_id"), 0, 64);
        return;
    }
    // As wait() gives it (man 2 wait).
    const std::int64_t status = integer_in(item, "exit_code");
    job.exit_status = (status >> 8) & 255;
    job.exit_signal = status & 127;
}

SlurmJob job_of(const Json& item) {
    const std::vector<std::string> states = states_in(item);
    const std::string state = fmt::format("{}", fmt::join(states, "+")),
                      reason = text_in(item, "state_reason");
    SlurmJob job{.id = std::to_string(integer_in(item, "job_id")),
                 .name = text_in(item, "name"),
                 .folder = text_in(item, "current_working_directory"),
                 .state = state_of(states),
                 .words = as_message(reason.empty() || reason == "None" ? state : state + ": " + reason),
                 .submitted_ms = ms_in(item, "submit_time"),
                 .started_ms = ms_in(item, "start_time")};
    if (!job.is_over()) return job;
    job.ended_ms = ms_in(item, "end_time");
    take_exit(job, item);
    return job;
}

// "/slurm/v0.0.38/jobs" -> "v0.0.38"
std::string_view version_in(std::string_view path) {
    constexpr std::string_view prefix = "/slurm/v";
    if (!path.starts_with(prefix)) return {};
    path.remove_prefix(prefix.size() - 1);
    const std::size_t end = path.find('/');
    return end == std::string_view::npos || end > 16 ? std::string_view() : path.substr(0, end);
}

// The claims of a JWT, believed by nobody: they are only told.
std::optional<Json> claims_of(std::string_view token) {
    const std::size_t first = token.find('.');
    if (first == std::string_view::npos || token.size() > token_most_bytes) return std::nullopt;
    const std::size_t second = token.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    std::string text(token.substr(first + 1, second - first - 1));
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    const auto bytes = from_base64(text);
    if (!bytes) return std::nullopt;
    auto claims = parse_json(*bytes, token_most_bytes);
    if (!claims || !claims->is_object()) return std::nullopt;
    return std::move(*claims);
}

}  // namespace

std::span<const RestVersion> rest_versions() {
    return versions;
}

Result<const RestVersion*> choose_rest_version(int status, std::string_view body) {
    EM_ASSIGN(const Json document, document_of(status, body));
    const auto paths = document.find("paths");
    if (paths == document.end() || !paths->is_object())
        return fail(Code::unavailable, "slurmrestd does not say which versions of its API it offers");
    std::set<std::string> offered;
    for (const auto& [path, what] : paths->items()) {
        const std::string_view name = version_in(path);
        if (!name.empty() && offered.size() < 64) offered.emplace(name);
    }
    std::vector<std::string_view> known;
    for (const RestVersion& version : versions) {
        if (offered.contains(std::string(version.name))) return &version;
        known.push_back(version.name);
    }
    return fail(
        Code::refused,
        "slurmrestd offers {}; this program speaks {}: have the centre load one of them (slurmrestd "
        "-s, -d)",
        offered.empty() ? "no version of the API" : as_message(fmt::format("{}", fmt::join(offered, ", "))),
        fmt::join(known, ", "));
}

std::string rest_submission(const SlurmSubmission& wanted, const RestVersion& version) {
    const JobResources& resources = wanted.resources;
    const auto number = [&](std::int64_t value) {
        return version.numbers_are_objects ? Json{{"set", true}, {"infinite", false}, {"number", value}}
                                           : Json(value);
    };
    Json job = {{"name", wanted.marker},
                {"current_working_directory", wanted.folder},
                {"standard_output", wanted.folder + "/slurm.out"},
                {"time_limit", number(wanted.minutes)},
                // As text: v0.0.38 documents a list of two numbers as well, and takes it for one node.
                {"nodes", std::to_string(resources.nodes)},
                {"tasks_per_node", resources.processes},
                {"requeue", false}};
    if (version.environment_is_list)
        job["environment"] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
    else
        job["environment"] = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
    // Later versions have it among flags; whoever chains cancels what cannot start any more.
    if (!version.environment_is_list) job["kill_on_invalid_dependency"] = false;
    if (resources.gpus > 0) job["tres_per_node"] = fmt::format("{}{}", version.gpus, resources.gpus);
    if (!wanted.partition.empty()) job["partition"] = wanted.partition;
    if (!wanted.account.empty()) job["account"] = wanted.account;
    // No signal: v0.0.38 takes none that goes to the script. The script warns by its own clock.
    if (!wanted.after_id.empty()) job["dependency"] = "afternotok:" + wanted.after_id;
    if (!version.script_is_in_job) return Json{{"script", wanted.script}, {"job", job}}.dump();
    job["script"] = wanted.script;
    return Json{{"job", job}}.dump();
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

std::optional<TokenTrouble> trouble_of_token(std::string_view token, std::string_view user,
                                             std::int64_t now_s) {
    const auto claims = claims_of(token);
    if (!claims) return std::nullopt;
    // man slurmrestd, "jwt": either names the user.
    std::string named = text_in(*claims, "sun");
    if (named.empty()) named = text_in(*claims, "username");
    if (named.empty())
        return TokenTrouble{"the site's token for slurmrestd lacks the claim 'sun', which says whose it is",
                            true};
    if (named != user)
        return TokenTrouble{
            as_message(
                fmt::format("the site's token for slurmrestd is of user '{}' (its claim 'sun'), not of '{}'",
                            named, user)),
            true};
    const std::int64_t until = integer_in(*claims, "exp");
    if (until > 0 && until <= now_s)
        return TokenTrouble{
            fmt::format("the site's token for slurmrestd was good until {}",
                        iso8601_utc(std::chrono::seconds(std::min<std::int64_t>(until, 1LL << 33)))),
            false};
    return std::nullopt;
}

Error with_token_trouble(Error said, const std::optional<TokenTrouble>& trouble) {
    // A clear word about something else was said to a token that was taken.
    const bool is_vague = said.code == Code::unavailable || said.message.starts_with("Unspecified error");
    if (!trouble || !is_vague) return said;
    return {trouble->for_good ? Code::refused : Code::unavailable,
            fmt::format("{}; Slurm: {}", trouble->words, said.message)};
}

}  // namespace euromesh::federation

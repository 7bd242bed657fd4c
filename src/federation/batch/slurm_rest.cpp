#include "federation/batch/slurm_rest.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t token_most_bytes = 64u << 10;
constexpr std::string_view socket_prefix = "unix:";

}  // namespace

Result<std::string> SlurmRest::token() const {
    EM_ASSIGN(std::string token, os::read_file(options_.token_file, token_most_bytes));
    token = token.substr(0, token.find_first_of("\r\n"));
    if (token.starts_with("SLURM_JWT=")) token.erase(0, 10);
    return token;
}

Result<os::HttpText> SlurmRest::ask(const std::string& method, const std::string& path,
                                    const std::string& body) {
    auto token = this->token();
    // Until somebody puts it there, nothing is refused.
    if (!token) return fail(Code::unavailable, "{}", token.error().message);
    os::HttpRequest request{.method = method, .url = {}};
    if (options_.url.starts_with(socket_prefix)) {
        request.unix_socket = options_.url.substr(socket_prefix.size());
        request.url = "http://slurmrestd" + path;
    } else {
        request.url = options_.url + path;
    }
    request.headers = {"Content-Type: application/json", "X-SLURM-USER-NAME: " + options_.user,
                       "X-SLURM-USER-TOKEN: " + *token};
    request.body = std::as_bytes(std::span(body));
    request.silence_limit = options_.limit;
    request.authority_file = options_.authority_file;
    request.is_direct = true;
    return os::ask_text(client_, request, slurm_answer_most_bytes);
}

// Once for each life: a centre that updates Slurm drains before it.
Result<const RestVersion*> SlurmRest::version() {
    if (version_ != nullptr) return version_;
    EM_ASSIGN(const os::HttpText answer, ask("GET", "/openapi/v3", ""));
    EM_ASSIGN(version_, choose_rest_version(answer.status, answer.body));
    return version_;
}

Result<std::string> SlurmRest::path(const std::string& what) {
    const auto version = this->version();
    if (!version) return fail(explained(version.error()));
    return "/slurm/" + std::string((*version)->name) + "/" + what;
}

Error SlurmRest::explained(Error said) const {
    const auto token = this->token();
    if (!token) return said;
    const auto now_s = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall()).count();
    return with_token_trouble(std::move(said), trouble_of_token(*token, options_.user, now_s));
}

Result<std::string> SlurmRest::submit(const SlurmSubmission& submission) {
    EM_ASSIGN(const std::string path, this->path("job/submit"));
    EM_ASSIGN(const os::HttpText answer, ask("POST", path, rest_submission(submission, *version_)));
    auto id = parse_rest_submitted(answer.status, answer.body);
    if (!id) return fail(explained(id.error()));
    return id;
}

Result<std::vector<SlurmJob>> SlurmRest::jobs() {
    EM_ASSIGN(const std::string path, this->path("jobs"));
    EM_ASSIGN(const os::HttpText answer, ask("GET", path, ""));
    auto jobs = parse_rest_jobs(answer.status, answer.body, options_.user);
    if (!jobs) return fail(explained(jobs.error()));
    return jobs;
}

Result<SlurmJob> SlurmRest::job(const std::string& id) {
    EM_ASSIGN(const std::string path, this->path("job/" + id));
    EM_ASSIGN(const os::HttpText answer, ask("GET", path, ""));
    EM_ASSIGN(auto jobs, parse_rest_jobs(answer.status, answer.body, options_.user));
    if (jobs.empty()) return fail(Code::not_found, "Slurm knows no job {} of this user", id);
    return std::move(jobs.front());
}

Status SlurmRest::cancel(const std::string& id) {
    EM_ASSIGN(const std::string path, this->path("job/" + id));
    EM_ASSIGN(const os::HttpText answer, ask("DELETE", path, ""));
    const Status said = parse_rest_status(answer.status, answer.body);
    if (!said && said.error().code == Code::not_found) return {};
    return said;
}

}  // namespace euromesh::federation

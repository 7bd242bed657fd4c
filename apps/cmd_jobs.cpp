#include <cstdio>
#include <memory>

#include "apps/api_client.hpp"
#include "apps/api_command.hpp"
#include "apps/job_text.hpp"
#include "base/os/entropy.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "contract/job_spec.hpp"
#include "federation/identity/random_id.hpp"

namespace euromesh::apps {
namespace {

struct JobArguments {
    std::string coordinator, job, site, file, project, key, words, state;
    bool json = false, wait = false, follow = false;
    std::int64_t limit = 20;
};

constexpr auto poll_pause = std::chrono::milliseconds(250);

bool is_over(const std::string& state) {
    return state == "completed" || state == "failed" || state == "cancelled" || state == "lost";
}

Result<Json> wait_for_end(ApiClient& client, const JobArguments& arguments, const std::string& id) {
    std::string shown;
    for (;;) {
        EM_ASSIGN(Json job, client.get("/v1/jobs/" + id));
        const std::string line = job_line(job);
        if (!arguments.json && line != shown) std::printf("%s\n", line.c_str());
        std::fflush(stdout);
        shown = line;
        if (is_over(job.value("state", ""))) return job;
        if (os::stop_requested()) return fail(Code::cancelled, "stopped waiting; job {} goes on", id);
        os::wait_ready({}, poll_pause);
    }
}

Status end_of(const Json& job) {
    const std::string state = job.value("state", "");
    if (state == "completed") return {};
    return fail(state == "cancelled" ? Code::cancelled : Code::unavailable, "job {} {}{}",
                job.value("id", ""), state, job.contains("words") ? ": " + job.value("words", "") : "");
}

// Read here first: a mistake is told with its place before anything is sent.
Result<Json> read_spec(const JobArguments& arguments) {
    EM_ASSIGN(const std::string text, os::read_file(arguments.file, contract::job_spec_max_bytes));
    auto spec = contract::parse_job_spec(text);
    if (!spec) return fail(spec.error().within(arguments.file));
    if (!arguments.project.empty()) spec->project = arguments.project;
    return contract::to_json(*spec);
}

// Asked again after a cut with the same key: never two jobs.
Result<Json> send(ApiClient& client, const JobArguments& arguments, const Json& spec) {
    const std::string key = arguments.key.empty() ? federation::random_id(os::fill_random) : arguments.key;
    for (int attempt = 0;; ++attempt) {
        auto answer = client.post("/v1/jobs", spec, key);
        const bool again = !answer && answer.error().code == Code::unavailable && attempt < 5;
        if (!again) return answer;
        os::wait_ready({}, std::chrono::seconds(1));
    }
}

Status submit(const JobArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const Json spec, read_spec(arguments));
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json answer, send(*client, arguments, spec));
    const std::string id = answer.value("job", "");
    if (!arguments.wait) {
        print(arguments, answer, fmt::format("{}\n", id));
        return {};
    }
    os::watch_for_stop();
    EM_ASSIGN(const Json job, wait_for_end(*client, arguments, id));
    if (arguments.json) print(arguments, job, {});
    return end_of(job);
}

Status status(const JobArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    if (!arguments.job.empty()) {
        EM_ASSIGN(const Json job, client->get("/v1/jobs/" + arguments.job));
        print(arguments, job, job_text(job));
        return {};
    }
    const std::string state = arguments.state.empty() ? "" : "&state=" + arguments.state;
    EM_ASSIGN(const Json jobs, client->get(fmt::format("/v1/jobs?limit={}{}", arguments.limit, state)));
    print(arguments, jobs, jobs_text(jobs));
    return {};
}

Status logs(const JobArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    const std::string query = arguments.site.empty() ? "" : "?site=" + arguments.site;
    EM_ASSIGN(const Json output, client->get("/v1/jobs/" + arguments.job + "/logs" + query));
    if (arguments.json) {
        print(arguments, output, {});
        return {};
    }
    EM_ASSIGN(const PrintedOutput printed, output_of(output));
    std::fputs(printed.out.c_str(), stdout);
    std::fflush(stdout);
    std::fputs(printed.error.c_str(), stderr);
    return {};
}

Status cancel(const JobArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json answer,
              client->post("/v1/jobs/" + arguments.job + "/cancel", Json{{"words", arguments.words}}));
    print(arguments, answer, fmt::format("{} is asked to end\n", arguments.job));
    return {};
}

Status explain(const JobArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json document, client->get("/v1/jobs/" + arguments.job + "/explain"));
    EM_ASSIGN(const std::string text, explanation_text(document));
    print(arguments, document, text);
    return {};
}

}  // namespace

void add_jobs(CLI::App& root, Context& context) {
    auto arguments = std::make_shared<JobArguments>();
    CLI::App* command =
        add_api_command(root, context, "submit", "hand a job to the federation", arguments, submit);
    command->add_option("job-file", arguments->file, "JSON, in the shape of PSI/J (docs/coordinator.md)")
        ->required();
    command->add_option("--project", arguments->project, "whose time it takes");
    command->add_option("--key", arguments->key,
                        "idempotency key: the same key is the same job, however often");
    command->add_flag("--wait", arguments->wait,
                      "show what happens until it has ended; the exit status tells how");
    command->footer("Example: euromesh submit examples/hello/job.json --wait");

    arguments = std::make_shared<JobArguments>();
    command = add_api_command(root, context, "status", "one job, or the newest ones of your projects",
                              arguments, status);
    command->add_option("job", arguments->job, "which; none: all");
    command->add_option("--state", arguments->state,
                        "only those that are waiting, placed, running, completed, ...");
    command->add_option("--limit", arguments->limit, "how many")->check(CLI::Range(1, 1000));

    arguments = std::make_shared<JobArguments>();
    command = add_api_command(root, context, "logs", "the end of what a job has printed", arguments, logs);
    command->add_option("job", arguments->job)->required();
    command->add_option("--site", arguments->site, "of a job at several");

    arguments = std::make_shared<JobArguments>();
    command = add_api_command(root, context, "cancel", "ask for the end of a job", arguments, cancel);
    command->add_option("job", arguments->job)->required();
    command->add_option("--why", arguments->words, "for the record");

    arguments = std::make_shared<JobArguments>();
    command =
        add_api_command(root, context, "explain",
                        "every site: the rule that ruled it out or its score, and the proof in the ledger",
                        arguments, explain);
    command->add_option("job", arguments->job)->required();
    command->footer(
        "The proof is checked here against the signed head; exit status 8 when it does not hold.");
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/api_client.hpp"
#include "apps/api_command.hpp"
#include "apps/job_text.hpp"
#include "apps/run_manifests.hpp"
#include "apps/run_memo.hpp"
#include "apps/run_view.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "base/os/terminal.hpp"
#include "federation/identity/issuer_fetcher.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;

struct RunArguments {
    std::string coordinator, run, project;
    double hours = 0;
    bool json = false, detach = false, fresh = false, estimate = false;
};

constexpr auto look_pause = std::chrono::milliseconds(400);
constexpr int away_most = 150;  // looks in a row without an answer: a minute

bool is_over(const std::string& state) {
    return state == "completed" || state == "failed" || state == "cancelled" || state == "lost";
}

// Drawn over on a terminal; elsewhere a line when a site's state has changed, and now and then.
class RunScreen {
  public:
    explicit RunScreen(bool quiet) : quiet_(quiet), terminal_(os::is_terminal(os::OutputStream::error)) {}

    void show(const Json& run, std::int64_t now_ms) {
        if (quiet_) return;
        std::string screen;
        if (terminal_) {
            if (painted_ > 0) screen += fmt::format("\x1b[{}A\x1b[J", painted_);
            const auto width = static_cast<std::size_t>(os::terminal_width());
            const std::vector<std::string> lines = run_lines(run, now_ms);
            for (const std::string& line : lines) screen += line.substr(0, width) + "\n";
            painted_ = lines.size();
        } else if (std::string states = states_of(run);
                   states != shown_ || now_ms >= shown_ms_ + line_pause_ms) {
            screen = run_line(run) + "\n";
            shown_ = std::move(states);
            shown_ms_ = now_ms;
        }
        std::fputs(screen.c_str(), stderr);
    }

  private:
    static constexpr std::int64_t line_pause_ms = 10'000;
    static std::string states_of(const Json& run) {
        std::string states = run.value("state", "");
        for (const Json& site : run.value("sites", Json::array())) states += " " + site.value("state", "");
        return states + std::to_string(run.value("refusals", Json::array()).size());
    }
    bool quiet_, terminal_;
    std::size_t painted_ = 0;
    std::string shown_;
    std::int64_t shown_ms_ = 0;
};

Result<Json> submit(ApiClient& client, const RunSpec& spec, const Json& job, RunMemo& memo) {
    for (int attempt = 0;; ++attempt) {
        auto answer = client.post("/v1/jobs", job, memo.key);
        if (answer) {
            memo.job = answer->value("job", "");
            EM_TRY(write_memo(spec, memo));
            return answer;
        }
        // Refused for good: there is no job, and another try may be another run file.
        if (answer.error().code != Code::unavailable) return forget_memo(spec), answer;
        if (attempt >= 5) return answer;
        os::wait_ready({}, std::chrono::seconds(1));
    }
}

// A coordinator that is started again is waited for.
Result<Json> watch(ApiClient& client, const RunArguments& arguments, const std::string& job,
                   const Clock& clock) {
    RunScreen screen(arguments.json);
    for (int away = 0;;) {
        auto run = client.get("/v1/jobs/" + job + "/run");
        if (!run && (run.error().code != Code::unavailable || ++away > away_most)) return run;
        if (run) {
            away = 0;
            screen.show(*run, federation::wall_ms(clock));
            if (is_over(run->value("state", ""))) return run;
        }
        if (os::stop_requested())
            return fail(
                Code::cancelled,
                "stopped watching; {} goes on. To come back: euromesh run {}; to end it: euromesh cancel {}",
                job, arguments.run, job);
        os::wait_ready({}, look_pause);
    }
}

Status finish(ApiClient& client, const RunArguments& arguments, const RunSpec& spec, const Json& run) {
    EM_ASSIGN(const Json sites, client.get("/v1/sites"));
    const Json report = run_report(spec, run, sites);
    EM_TRY(os::write_file_atomically(spec.folder / "federation-report.json", report.dump(2) + "\n"));
    print(arguments, report, report_text(report));
    const std::string state = run.value("state", "");
    if (state == "completed") return {};
    return fail(state == "cancelled" ? Code::cancelled : Code::unavailable, "run {} {}{}{}",
                run.value("job", ""), state, run.value("words", "").empty() ? "" : ": ",
                run.value("words", ""));
}

Result<RunSpec> load(const RunArguments& arguments) {
    EM_ASSIGN(RunSpec spec, contract::load_run_spec(arguments.run));
    if (!arguments.project.empty()) spec.federation.project = arguments.project;
    if (arguments.hours > 0)
        spec.federation.duration_ms = static_cast<std::int64_t>(arguments.hours * 3'600'000);
    return spec;
}

Status tell_bound(ApiClient& client, const RunArguments& arguments, const RunSpec& spec) {
    EM_ASSIGN(const Json sites, client.get("/v1/sites"));
    const RunBound bound = bound_of(spec, sites);
    if (arguments.estimate)
        print(arguments, to_json(bound), bound_text(bound));
    else if (!arguments.json)
        std::fputs(bound_text(bound).c_str(), stderr);
    return {};
}

Status run(const RunArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const RunSpec spec, load(arguments));
    EM_ASSIGN(const std::string text, os::read_file(arguments.run, contract::job_files_max_bytes));
    auto job = job_of_run(spec, text);
    if (!job) return fail(job.error().within(arguments.run));
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    if (arguments.estimate) return tell_bound(*client, arguments, spec);
    EM_ASSIGN(RunMemo memo, claim_memo(spec, digest_of(*job), arguments.fresh));
    os::watch_for_stop();
    if (memo.job.empty()) {
        EM_TRY(tell_bound(*client, arguments, spec));
        EM_ASSIGN(const Json answer, submit(*client, spec, to_json(*job), memo));
        if (arguments.detach) print(arguments, answer, fmt::format("{}\n", memo.job));
    }
    if (arguments.detach) return {};
    EM_ASSIGN(const Json end, watch(*client, arguments, memo.job, clock));
    return finish(*client, arguments, spec, end);
}

// ---- verify ----------------------------------------------------------------------------------------------

struct VerifyArguments {
    std::string coordinator, run, folder;
    bool json = false;
};

// The decision's proof is checked here against the signed head.
RunCheck decision_check(ApiClient& client, const std::string& job) {
    RunCheck check{"the decision on its sites is in the signed ledger", false, {}};
    const auto document = client.get("/v1/jobs/" + job + "/explain");
    const auto text = document ? explanation_text(*document) : Result<std::string>(fail(document.error()));
    if (!text) {
        check.words = text.error().message;
        return check;
    }
    const std::size_t at = text->find("proof  ");
    check.holds =
        text->find("proof  holds") != std::string::npos && text->find("proof  not yet") == std::string::npos;
    check.words = at == std::string::npos ? "there is no decision"
                                          : text->substr(at + 7, text->find('\n', at) - at - 7);
    return check;
}

Status verify(const VerifyArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::string job, job_named(arguments.run));
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json run, client->get("/v1/jobs/" + job + "/run"));
    const os::Path folder =
        arguments.folder.empty() ? os::Path("manifests-" + job) : os::Path(arguments.folder);
    EM_ASSIGN(const auto ends, fetch_manifests(*client, run, folder));
    std::vector<RunCheck> checks = run_checks(run, ends);
    checks.push_back(decision_check(*client, job));
    Json list = Json::array();
    bool holds = true;
    for (const RunCheck& check : checks) {
        list.push_back({{"what", check.what}, {"holds", check.holds}, {"words", check.words}});
        holds = holds && check.holds;
    }
    print(arguments, Json{{"job", job}, {"holds", holds}, {"checks", list}}, checks_text(checks));
    return holds ? Status{} : Status(fail(Code::corrupted, "{}: not everything holds", job));
}

}  // namespace

void add_run(CLI::App& root, Context& context) {
    auto arguments = std::make_shared<RunArguments>();
    CLI::App* command = add_api_command(
        root, context, "run", "train one model at sites of the federation, and watch", arguments, run);
    command->add_option("run-file", arguments->run, "TOML (docs/run.md)")->required();
    command->add_option("--project", arguments->project, "whose time it takes, in place of the run file's");
    command->add_option("--hours", arguments->hours, "at most at each site, in place of the run file's")
        ->check(CLI::Range(0.001, 8784.0));
    command->add_flag("--estimate", arguments->estimate, "say what it takes at most; nothing is submitted");
    command->add_flag("--detach", arguments->detach, "submit, print the job, and go");
    command->add_flag("--fresh", arguments->fresh, "a new run, although this one was submitted before");
    command->footer("Example: euromesh run examples/federated/run.toml");

    const auto what = std::make_shared<VerifyArguments>();
    command = add_api_command(root, context, "verify",
                              "check a federated run by what its sites and the ledger say", what, verify);
    command->add_option("run", what->run, "its run file, or the job")->required();
    command->add_option("--manifests", what->folder, "folder for the manifests that are fetched");
    command->footer("Exit status 8 when something does not hold.");
}

}  // namespace euromesh::apps

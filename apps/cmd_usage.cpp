#include <memory>

#include "apps/api_client.hpp"
#include "apps/api_command.hpp"
#include "apps/run_memo.hpp"
#include "apps/run_view.hpp"
#include "apps/usage_export.hpp"
#include "contract/job_spec.hpp"

namespace euromesh::apps {
namespace {

struct UsageArguments {
    std::string coordinator, run, format = "annex-xi";
    bool json = false;
};

// As the job has it, wherever the run file lies now.
Result<contract::RunSpec> spec_of(const Json& job) {
    const auto document = job.find("spec");
    EM_ASSIGN(const contract::JobSpec spec,
              contract::read_job_spec(document == job.end() ? Json() : *document));
    const auto file = spec.files.find(contract::run_file_name);
    if (file == spec.files.end())
        return fail(Code::bad_input, "job {} is no federated run: it has no run file", job.value("id", ""));
    return contract::parse_run_spec(file->second, contract::run_file_name);
}

Status usage_export(const UsageArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::string id, job_named(arguments.run));
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json job, client->get("/v1/jobs/" + id));
    EM_ASSIGN(const contract::RunSpec spec, spec_of(job));
    EM_ASSIGN(const Json run, client->get("/v1/jobs/" + id + "/run"));
    EM_ASSIGN(const Json sites, client->get("/v1/sites"));
    const Json report = run_report(spec, run, sites);
    if (report.value("ended_ms", std::int64_t{0}) == 0)
        return fail(Code::conflict, "run {} has not ended: what it used is known when it has", id);
    if (arguments.format == "annex-xi") {
        std::fputs((annex_xi(spec, report).dump(2) + "\n").c_str(), stdout);
        return {};
    }
    EM_ASSIGN(const Json federation, client->get("/v1/federation"));
    const std::string made_at = iso8601_utc(clock.wall());
    std::fputs(ogf_usage_records(job, report, federation.value("name", ""), made_at).c_str(), stdout);
    return {};
}

}  // namespace

void add_usage(CLI::App& root, Context& context) {
    CLI::App* usage = root.add_subcommand("usage", "what work used, for other systems");
    usage->require_subcommand(1);
    const auto arguments = std::make_shared<UsageArguments>();
    CLI::App* command =
        add_api_command(*usage, context, "export", "what a federated run used", arguments, usage_export);
    command->add_option("run", arguments->run, "its run file, or the job")->required();
    command->add_option("--format", arguments->format, "annex-xi (JSON) or ogf-ur (XML)")
        ->check(CLI::IsMember({"annex-xi", "ogf-ur"}));
}

}  // namespace euromesh::apps

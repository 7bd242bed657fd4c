#include <cstdio>
#include <memory>

#include "apps/api_client.hpp"
#include "apps/api_command.hpp"
#include "apps/job_text.hpp"

namespace euromesh::apps {
namespace {

struct AccessArguments {
    std::string coordinator, project, tier, share = "ju", purpose, application, words, site, state;
    double gpu_hours = 0;
    bool json = false, refuse = false;
};

// The only project of the account, if none is named.
Result<std::string> project_of(ApiClient& client, const AccessArguments& arguments) {
    if (!arguments.project.empty()) return arguments.project;
    EM_ASSIGN(const Json who, client.get("/v1/whoami"));
    const Json projects = who.value("projects", Json::array());
    if (projects.size() == 1 && projects[0].is_string()) return projects[0].get<std::string>();
    return fail(Code::bad_input, "you are in {} projects; name one: --project NAME", projects.size());
}

// The tier's own ceiling, if no amount is asked for.
Result<std::int64_t> amount_of(ApiClient& client, const AccessArguments& arguments, const std::string& tier) {
    if (arguments.gpu_hours > 0) return static_cast<std::int64_t>(arguments.gpu_hours * 1000 + 0.5);
    EM_ASSIGN(const Json federation, client.get("/v1/federation"));
    for (const Json& one : federation.value("tiers", Json::array())) {
        if (one.value("id", "") != tier) continue;
        const std::int64_t most = one.value("most_mgh", std::int64_t{0});
        if (most > 0) return most;
        return fail(Code::bad_input, "tier {} has no ceiling of its own; say how much: --gpu-hours N", tier);
    }
    return fail(Code::not_found, "no tier '{}'; 'euromesh tiers' shows them", tier.substr(0, 64));
}

// "playground" is short for the one tier whose id ends so.
Result<std::string> tier_of(ApiClient& client, const std::string& given) {
    EM_ASSIGN(const Json federation, client.get("/v1/federation"));
    std::vector<std::string> fits;
    for (const Json& one : federation.value("tiers", Json::array())) {
        const std::string id = one.value("id", "");
        if (id == given) return id;
        if (id.ends_with("-" + given)) fits.push_back(id);
    }
    if (fits.size() == 1) return fits[0];
    return fail(Code::not_found, "no tier '{}'; 'euromesh tiers' shows them", given.substr(0, 64));
}

Status apply(const AccessArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const std::string project, project_of(*client, arguments));
    EM_ASSIGN(const std::string tier, tier_of(*client, arguments.tier));
    EM_ASSIGN(const std::int64_t amount, amount_of(*client, arguments, tier));
    const Json body = {{"project", project},
                       {"tier", tier},
                       {"share", arguments.share},
                       {"milli_gpu_hours", amount},
                       {"purpose", arguments.purpose}};
    EM_ASSIGN(const Json answer, client->post("/v1/applications", body));
    print(arguments, answer, application_text(answer, tier, amount));
    return {};
}

Status review(const AccessArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    if (arguments.application.empty()) {
        EM_ASSIGN(const Json list, client->get("/v1/applications"));
        print(arguments, list, applications_text(list, clock));
        return {};
    }
    const Json body = {{"grant", !arguments.refuse}, {"words", arguments.words}};
    EM_ASSIGN(const Json answer, client->post("/v1/applications/" + arguments.application + "/review", body));
    print(arguments, answer,
          fmt::format("{} is {}\n", arguments.application, arguments.refuse ? "refused" : "granted"));
    return {};
}

Status tiers(const AccessArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json federation, client->get("/v1/federation"));
    const Json list = {{"tiers", federation.value("tiers", Json::array())}};
    print(arguments, list, tiers_text(list));
    return {};
}

Status allocations(const AccessArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json list, client->get("/v1/allocations"));
    print(arguments, list, allocations_text(list));
    return {};
}

Status sites(const AccessArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    if (arguments.site.empty()) {
        EM_ASSIGN(const Json list, client->get("/v1/sites"));
        print(arguments, list, sites_text(list));
        return {};
    }
    if (arguments.state.empty()) {
        EM_ASSIGN(const Json site, client->get("/v1/sites/" + arguments.site));
        print(arguments, site, site.dump(2) + "\n");
        return {};
    }
    const Json body = {{"state", arguments.state}, {"words", arguments.words}};
    EM_ASSIGN(const Json answer, client->post("/v1/sites/" + arguments.site + "/state", body));
    print(arguments, answer, fmt::format("{} is {}\n", arguments.site, arguments.state));
    return {};
}

Status who_am_i(const AccessArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const std::unique_ptr<ApiClient> client, client_of_person(arguments.coordinator, clock));
    EM_ASSIGN(const Json who, client->get("/v1/whoami"));
    print(arguments, who, who_text(who));
    return {};
}

}  // namespace

void add_access(CLI::App& root, Context& context) {
    auto arguments = std::make_shared<AccessArguments>();
    CLI::App* command = add_api_command(root, context, "apply",
                                        "ask for compute time; small tiers answer at once", arguments, apply);
    command
        ->add_option("--tier", arguments->tier,
                     "see 'euromesh tiers'; 'playground' is short for aif-playground")
        ->required();
    command->add_option("--project", arguments->project, "for which; default: your only one");
    command
        ->add_option("--gpu-hours", arguments->gpu_hours, "how many; default: the most that the tier gives")
        ->check(CLI::Range(0.001, 1e9));
    command->add_option("--share", arguments->share, "whose share pays")
        ->check(CLI::IsMember({"ju", "national", "private"}));
    command->add_option("--purpose", arguments->purpose, "one page at most");
    command->footer("Example: euromesh apply --tier playground");

    arguments = std::make_shared<AccessArguments>();
    command = add_api_command(root, context, "review", "applications that wait for a decision; decide one",
                              arguments, review);
    command->add_option("application", arguments->application, "which; none: list them");
    command->add_flag("--refuse", arguments->refuse, "say no; needs --why");
    command->add_option("--why", arguments->words, "the reason");

    arguments = std::make_shared<AccessArguments>();
    add_api_command(root, context, "whoami",
                    "account, groups, scopes and projects, as the coordinator sees them", arguments,
                    who_am_i);
    arguments = std::make_shared<AccessArguments>();
    add_api_command(root, context, "tiers",
                    "ways to get time, how much, how long the published process takes", arguments, tiers);
    arguments = std::make_shared<AccessArguments>();
    add_api_command(root, context, "allocations", "granted, used, held and left of your projects", arguments,
                    allocations);

    arguments = std::make_shared<AccessArguments>();
    command = add_api_command(root, context, "sites",
                              "the sites and how they are; drain one, take it back, let it leave", arguments,
                              sites);
    command->add_option("site", arguments->site, "which; none: all");
    command->add_option("--set", arguments->state, "for administrators")
        ->check(CLI::IsMember({"active", "draining", "left"}));
    command->add_option("--why", arguments->words, "for the record");
}

}  // namespace euromesh::apps

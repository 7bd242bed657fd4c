#include <cstdio>
#include <memory>

#include "apps/simulate_question.hpp"
#include "apps/teller.hpp"
#include "sim/federation/federation_world.hpp"

namespace euromesh::apps {
namespace {

struct FederationQuestion {
    sim::FederationSetup setup;
    std::uint64_t seeds = 1;
    bool json = false;
};

std::string repeat_command(const FederationQuestion& question, std::uint64_t seed) {
    return fmt::format("euromesh simulate federation --sites {} --jobs {} --seed {}", question.setup.sites,
                       question.setup.jobs, seed);
}

Json to_json(const sim::FederationCampaign& campaign) {
    return Json{{"seeds", campaign.seeds},
                {"failed", campaign.failed},
                {"first_failure", campaign.first_failure},
                {"events", campaign.events},
                {"jobs_completed", campaign.jobs_completed},
                {"jobs_not_run", campaign.jobs_not_run},
                {"displaced", campaign.displaced},
                {"faults", campaign.faults}};
}

std::string in_words(const sim::FederationCampaign& campaign) {
    std::string text = fmt::format("Seeds      {}, each twice with the same end\n", campaign.seeds);
    text += fmt::format("Events     {}\n", campaign.events);
    text += fmt::format("Jobs       {} completed, {} cancelled or lost and reported as that\n",
                        campaign.jobs_completed, campaign.jobs_not_run);
    text += fmt::format("Displaced  {}\n", campaign.displaced);
    text += "Faults    ";
    std::string_view between = " ";
    for (const auto& [fault, count] : campaign.faults) {
        text += fmt::format("{}{} {}", between, count, fault);
        between = ", ";
    }
    return text + "\n";
}

Status run(const FederationQuestion& question) {
    EM_ASSIGN(const sim::FederationCampaign campaign,
              sim::simulate_federations(question.setup, question.seeds));
    if (question.json)
        print_json(to_json(campaign));
    else
        std::fputs(in_words(campaign).c_str(), stdout);
    if (campaign.failed.empty()) return {};
    return fail(Code::internal, "{} of {} seeds failed: {}; repeat the first: {}", campaign.failed.size(),
                campaign.seeds, campaign.first_failure, repeat_command(question, campaign.failed.front()));
}

}  // namespace

CLI::App* add_simulate_federation(CLI::App& simulate, Context& context) {
    const auto question = std::make_shared<FederationQuestion>();
    CLI::App* command = simulate.add_subcommand(
        "federation", "coordinator, sites and clients in simulated time, with seeded faults");
    command->add_option("--seed", question->setup.seed, "the first seed")->capture_default_str();
    command->add_option("--seeds", question->seeds, "how many seeds, each run twice")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000'000));
    command->add_option("--sites", question->setup.sites, "1 to 64")->capture_default_str();
    command->add_option("--jobs", question->setup.jobs, "1 to 64, and those of emergencies")
        ->capture_default_str();
    command->add_flag("--json", question->json, "one JSON document");
    command->callback([question, &context] { context.chosen = [question] { return run(*question); }; });
    return command;
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "apps/simulate_question.hpp"
#include "apps/simulate_text.hpp"
#include "apps/teller.hpp"
#include "sim/embedded_scenarios.hpp"

namespace euromesh::apps {
namespace {

Status list_scenarios() {
    for (const facts::EmbeddedFile& file : sim::embedded_scenarios()) {
        EM_ASSIGN(const sim::Scenario scenario, sim::read_scenario(file.text, std::string(file.name)));
        const std::string name(file.name.substr(0, file.name.rfind(".toml")));
        std::printf("%-12s %s\n", name.c_str(), scenario.about.c_str());
    }
    return {};
}

Status run_one(const SimulateQuestion& question, const sim::Scenario& scenario) {
    const sim::Setup setup = sim::draw(scenario, question.seed);
    const std::string repeat = repeat_command(question, question.seed);
    sim::TraceSink sink;
    if (question.trace) sink = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
    EM_ASSIGN(sim::Outcome outcome, sim::simulate(setup, sink));
    EM_ASSIGN(const sim::Outcome again, sim::simulate(setup));
    if (again.digest != outcome.digest) {
        outcome.findings.failures.push_back("a second run ended in the digest " + again.digest);
    }
    if (question.json)
        print_json(to_json(setup, outcome));
    else
        std::fputs(in_words(setup, outcome, repeat).c_str(), stdout);
    if (outcome.findings.failures.empty()) return {};
    return fail(Code::internal, "a checker failed: {}; repeat it: {}", outcome.findings.failures.front(),
                repeat);
}

Status run_many(const SimulateQuestion& question, const sim::Scenario& scenario) {
    sim::CampaignOptions options;
    options.first_seed = question.seed;
    options.seeds = question.seeds;
    options.threads = question.threads;
    EM_ASSIGN(const sim::Campaign campaign, sim::run_campaign(scenario, options));
    if (question.json)
        print_json(to_json(campaign));
    else
        std::fputs(in_words(campaign, scenario.fixed.name).c_str(), stdout);
    if (campaign.failed_seeds == 0) return {};
    return fail(Code::internal, "{} of {} seeds failed; repeat the first: {}", campaign.failed_seeds,
                campaign.seeds, repeat_command(question, campaign.failed.front().seed));
}

Status run(const SimulateQuestion& question) {
    if (question.list) return list_scenarios();
    EM_ASSIGN(const sim::Scenario scenario, scenario_of(question));
    return question.seeds > 0 ? run_many(question, scenario) : run_one(question, scenario);
}

}  // namespace

void add_simulate(CLI::App& root, Context& context) {
    const auto question = std::make_shared<SimulateQuestion>();
    CLI::App* command = root.add_subcommand(
        "simulate", "a whole run over a simulated network, with seeded faults, or at any size");
    add_simulate_options(*command, *question);
    command->footer(
        "Examples: euromesh simulate faults --seeds 1000\n"
        "          euromesh simulate --sites 50 --params 405e9 --codec int4 --inner-steps 100 --tau 1 \\\n"
        "                            --step-seconds 12 --bandwidth 10gbit --latency 20ms");
    const CLI::App* federation = add_simulate_federation(*command, context);
    command->callback([question, federation, &context] {
        if (!federation->parsed()) context.chosen = [question] { return run(*question); };
    });
}

}  // namespace euromesh::apps

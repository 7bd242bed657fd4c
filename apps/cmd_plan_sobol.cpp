#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_question.hpp"
#include "apps/teller.hpp"
#include "planner/plan_groups.hpp"
#include "planner/sensitivity.hpp"

namespace euromesh::apps {
namespace {

struct SobolArguments {
    PlanQuestion question;
    std::uint64_t samples = 8192;
    bool each = false;
};

Json interval(double value, const planner::Interval& interval) {
    return {{"value", value}, {"low", interval.low}, {"high", interval.high}};
}

Json document_of(const planner::SobolIndices& indices, std::uint64_t samples) {
    Json groups = Json::array();
    for (const planner::SobolIndex& index : indices.indices)
        groups.push_back({{"group", index.group.id},
                          {"label", index.group.label},
                          {"first", interval(index.first, index.first_interval)},
                          {"total", interval(index.total, index.total_interval)}});
    return {{"mean_days", indices.mean},
            {"standard_deviation_days", std::sqrt(indices.variance)},
            {"capped_share", indices.capped_share},
            {"base_samples", samples},
            {"groups", groups}};
}

void print(const planner::SobolIndices& indices) {
    std::printf(
        "Days until the target: mean %.1f, standard deviation %.1f. Shares of the variance, 90 %%\n"
        "intervals: first order (known alone, this part would go), total (interactions included).\n\n",
        indices.mean, std::sqrt(indices.variance));
    std::printf("%-40s %6s %17s %6s %17s\n", "", "first", "", "total", "");
    for (const planner::SobolIndex& index : indices.indices) {
        std::printf(
            "%-40s %6.3f [%6.3f, %6.3f]  %6.3f [%6.3f, %6.3f]  %s\n", index.group.label.c_str(), index.first,
            index.first_interval.low, index.first_interval.high, index.total, index.total_interval.low,
            index.total_interval.high,
            std::string(static_cast<std::size_t>(std::clamp(index.total, 0.0, 1.0) * 24), '#').c_str());
    }
    if (indices.capped_share > 0)
        std::printf("\n%.1f %% of the scenarios end at the horizon and count as that day.\n",
                    100 * indices.capped_share);
}

Status run(const SobolArguments& arguments) {
    const std::uint64_t samples = arguments.samples;
    if ((samples & (samples - 1)) != 0)
        return fail(Code::bad_input, "--samples {}: use a power of two, such as 8192", samples);
    EM_ASSIGN(const facts::FactSet facts, facts_of(arguments.question));
    EM_ASSIGN(const planner::Scenario scenario, scenario_of(arguments.question, arguments.question.scenario));
    EM_ASSIGN(const planner::Plan plan, planner::make_plan(scenario, facts));
    EM_ASSIGN(const planner::Sampler sampler,
              planner::Sampler::make(plan.fleet.model.inputs, plan.scenario.seed));
    const auto groups = arguments.each ? planner::single_factors(sampler) : planner::plan_groups(sampler);
    planner::SobolOptions options;
    options.base_samples = samples;
    options.seed = plan.scenario.seed;
    options.threads = arguments.question.threads;
    options.cap = plan.fleet.model.horizon_days;
    const planner::SobolIndices indices = planner::sobol_indices(
        sampler, [&](std::span<const double> values) { return plan.fleet.model.evaluate(values).days; },
        groups, options);
    if (arguments.question.json)
        print_json(document_of(indices, samples));
    else
        print(indices);
    return {};
}

}  // namespace

void add_plan_sobol(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<SobolArguments>();
    CLI::App* command =
        plan.add_subcommand("sobol", "which doubts make the date uncertain: variance-based indices");
    command->add_option("scenario", arguments->question.scenario,
                        "a scenario file or name (default existing-fleet)");
    command->add_option("--samples", arguments->samples, "base samples, a power of two (default 8192)")
        ->check(CLI::Range(std::uint64_t{16}, std::uint64_t{1} << 24));
    command->add_flag("--each", arguments->each, "every factor on its own rather than groups");
    add_question_options(*command, arguments->question);
    command->add_option("--seed", arguments->question.seed, "of the samples")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 62));
    command->add_option("--threads", arguments->question.threads, "0: all cores")
        ->check(CLI::Range(0u, 1024u));
    command->footer("Example: euromesh plan sobol ai-factories");
    command->callback([arguments, &context] { context.chosen = [arguments] { return run(*arguments); }; });
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/teller.hpp"
#include "facts/fact_files.hpp"
#include "planner/backtest.hpp"

namespace euromesh::apps {
namespace {

using planner::Backtest;
using planner::ExchangeBacktest;
using planner::RunBacktest;

struct BacktestArguments {
    std::string data;
    bool json = false;
};

std::string days_in_words(const std::optional<double>& days) {
    return days ? fmt::format("{:.0f}", *days) : "-";
}

void print_predicted(const RunBacktest& run) {
    const char* mark = run.counted ? (run.covered() ? "" : "  outside") : "  not counted";
    fmt::print("{:<17} {:<13} {:>10.0f} {:>10.0f} {:>6.2f} {:>6} {:>6} {:>6.3f} {:>3}{}\n", run.id,
               run.accelerator, *run.reported_hours / 1000, run.hours->central / 1000, run.hours_ratio(),
               days_in_words(run.reported_days), days_in_words(run.predicted_days), run.mfu, run.others,
               mark);
}

void print_runs(const Backtest& result) {
    fmt::print("{:<17} {:<13} {:>10} {:>10} {:>6} {:>6} {:>6} {:>6} {:>3}\n", "run", "accelerator", "1000 h",
               "predicted", "ratio", "days", "pred.", "MFU", "of");
    for (const RunBacktest& run : result.runs)
        if (run.hours) print_predicted(run);
}

void print_totals(const Backtest& result) {
    fmt::print(
        "\n{} runs counted: median ratio predicted / reported {:.2f}, median absolute error {:.0f} %, worst "
        "ratio {:.2f};\n{:.0f} % of them between the best and the worst of the others.\n",
        result.counted, result.median_ratio, 100 * result.median_absolute_error, result.worst_ratio,
        100 * result.covered);
}

void print_exchanges(const Backtest& result) {
    fmt::print("\n{:<29} {:<14} {:>10} {:>11} {:>10} {:>11}\n", "exchange", "given", "reported s",
               "predicted s", "reported %", "predicted %");
    for (const ExchangeBacktest& one : result.exchanges)
        fmt::print("{:<29} {:<14} {:>10.0f} {:>11.0f} {:>10.1f} {:>11.1f}\n", one.name, one.given,
                   one.reported_exchange_s, one.predicted_exchange_s, 100 * one.reported,
                   100 * one.predicted);
}

void print_reasons(const Backtest& result) {
    fmt::print("\nNot predicted, or not counted:\n");
    for (const RunBacktest& run : result.runs)
        if (!run.reason.empty()) fmt::print("  {:<18} {}\n", run.id, run.reason);
}

Status show(const BacktestArguments& arguments) {
    std::optional<std::filesystem::path> folder;
    if (!arguments.data.empty()) folder = arguments.data;
    EM_ASSIGN(const facts::FactFiles files, facts::FactFiles::choose(folder));
    EM_ASSIGN(const std::vector<facts::TrainingRun> runs, facts::load_training_runs(files));
    EM_ASSIGN(const std::vector<facts::Accelerator> accelerators, facts::load_accelerators(files));
    const Backtest result = planner::backtest(runs, accelerators);
    if (arguments.json) {
        print_json(planner::to_json(result));
        return {};
    }
    print_runs(result);
    print_totals(result);
    print_exchanges(result);
    print_reasons(result);
    return {};
}

}  // namespace

void add_plan_backtest(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<BacktestArguments>();
    CLI::App* command =
        plan.add_subcommand("backtest", "published runs: predicted against reported, with the errors");
    command->add_option("--data", arguments->data,
                        "a folder in place of the facts that travel in the program");
    command->add_flag("--json", arguments->json, "tell the result as JSON");
    command->footer("Example: euromesh plan backtest");
    command->callback([arguments, &context] { context.chosen = [arguments] { return show(*arguments); }; });
}

}  // namespace euromesh::apps

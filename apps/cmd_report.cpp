#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "apps/report.hpp"
#include "apps/teller.hpp"

namespace euromesh::apps {
namespace {

struct ReportArguments {
    std::filesystem::path run_file;
    bool json = false;
};

Status report(const ReportArguments& arguments, const Context& context) {
    EM_ASSIGN(const contract::RunSpec spec, contract::load_run_spec(arguments.run_file));
    EM_ASSIGN(const contract::RunRecord record, collect_record(spec));
    EM_ASSIGN(const Json document, complete_report(spec, record, context.clock));
    EM_ASSIGN(const std::filesystem::path html, write_report(spec, document));
    if (arguments.json)
        print_json(document);
    else
        std::printf("%s\nReport: %s\n", results_in_words(document).c_str(), html.c_str());
    return {};
}

}  // namespace

void add_report(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<ReportArguments>();
    CLI::App* command =
        root.add_subcommand("report", "make the report of a run again from what its processes told");
    command->add_option("run-file", arguments->run_file, "the run's TOML file")->required();
    command->add_flag("--json", arguments->json, "print report.json as well");
    command->footer("Example: euromesh report examples/three-sites/run.toml");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return report(*arguments, context); };
    });
}

}  // namespace euromesh::apps

#include <unistd.h>

#include <cstdio>

#include "apps/command.hpp"
#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/terminal.hpp"

namespace {

using namespace euromesh;

void describe(CLI::App& root) {
    root.name("euromesh");
    root.require_subcommand(0, 1);
    root.set_version_flag("--version", "euromesh " EUROMESH_VERSION);
    root.footer(
        "Example: euromesh train examples/three-sites/run.toml --baseline\n"
        "Exit status: 0 done, 2 bad input, 3 not found, 4 conflict, 5 refused, 6 unavailable, 7 no space,\n"
        "8 corrupted, 130 stopped, 70 a defect of ours. 'euromesh COMMAND --help' tells more.");
}

void to_standard_error(std::string_view line) {
    // One write a line, so that the lines of several processes do not mix.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

// Wrong usage is told in one line that says where help is; --help and --version are no failures.
int usage_status(const CLI::App& root, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);
    std::fprintf(stderr, "euromesh: %s (see 'euromesh --help')\n", error.what());
    return exit_status(Code::bad_input);
}

int run(int argc, char** argv) {
    const os::SystemClock clock;
    const bool person = os::is_terminal(os::OutputStream::error);
    const Logger log(clock, person ? LogFormat::human : LogFormat::json_lines, LogLevel::info,
                     to_standard_error);
    apps::Context context{clock, log, {}, 0};
    CLI::App root{
        "One model, many public computers: train across sites that share no fabric, no queue and no data."};
    describe(root);
    apps::add_plan(root, context);
    apps::add_train(root, context);
    apps::add_generate(root, context);
    apps::add_simulate(root, context);
    apps::add_report(root, context);
    apps::add_pki(root, context);
    apps::add_relay(root, context);
    apps::add_facts(root, context);
    apps::add_hub(root, context);
    apps::add_site(root, context);
    apps::add_serve(root, context);
    apps::add_up(root, context);
    apps::add_jobs(root, context);
    apps::add_access(root, context);
    apps::add_ledger(root, context);
    apps::add_rules(root, context);
    apps::add_login(root, context);
    apps::add_run(root, context);
    apps::add_usage(root, context);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return usage_status(root, error);
    }
    if (!context.chosen) {
        std::fputs(root.help().c_str(), stdout);
        return 0;
    }
    const Status status = context.chosen();
    if (status) return 0;
    std::fprintf(stderr, "euromesh: %s\n", status.error().message.c_str());
    return context.exit_status != 0 ? context.exit_status : exit_status(status.error().code);
}

}  // namespace

int main(int argc, char** argv) {
    os::ignore_broken_pipes();
    return run(argc, argv);
}

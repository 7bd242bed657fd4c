// How a subcommand is made: one cmd_*.cpp registers it and leaves behind what to do.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace euromesh::apps {

struct Context {
    const Clock& clock;
    const Logger& log;
    std::function<Status()> chosen;  // set by the subcommand that the arguments name
    int exit_status = 0;             // of a failure, in place of that of its code; 0: that one
};

void add_plan(CLI::App& root, Context& context);
void add_train(CLI::App& root, Context& context);
void add_generate(CLI::App& root, Context& context);
void add_simulate(CLI::App& root, Context& context);
void add_report(CLI::App& root, Context& context);
void add_pki(CLI::App& root, Context& context);
void add_relay(CLI::App& root, Context& context);
void add_facts(CLI::App& root, Context& context);
void add_hub(CLI::App& root, Context& context);
void add_site(CLI::App& root, Context& context);
void add_serve(CLI::App& root, Context& context);
void add_up(CLI::App& root, Context& context);
void add_jobs(CLI::App& root, Context& context);
void add_access(CLI::App& root, Context& context);
void add_ledger(CLI::App& root, Context& context);
void add_rules(CLI::App& root, Context& context);
void add_usage(CLI::App& root, Context& context);
void add_run(CLI::App& root, Context& context);
void add_login(CLI::App& root, Context& context);

}  // namespace euromesh::apps

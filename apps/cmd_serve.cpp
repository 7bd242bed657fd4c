#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "apps/coordinator_program.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"

namespace euromesh::apps {
namespace {

struct ServeArguments {
    std::string config;
    bool init = false;
    bool rotate_key = false;
    std::vector<std::string> administrators;
};

constexpr auto pause = std::chrono::milliseconds(100);

Status wait_for_stop(const CoordinatorProgram& program) {
    while (!os::stop_requested()) {
        if (program.is_failed())
            return fail(Code::unavailable,
                        "the log cannot be written; free room or repair the store, and start again");
        os::wait_ready({}, pause);
    }
    return {};
}

Status serve(const ServeArguments& arguments, const Context& context) {
    EM_ASSIGN(const federation::ServeConfig config, federation::read_serve_config(arguments.config));
    if (arguments.init) {
        EM_TRY(found_federation(config, arguments.administrators, context.clock, context.log));
        std::printf("founded %s; its keys are in %s: keep board.key elsewhere\n", config.name.c_str(),
                    config.keys.string().c_str());
        return {};
    }
    if (arguments.rotate_key) {
        EM_TRY(rotate_coordinator_key(config, context.clock, context.log));
        std::printf("%s has a new key; the old one signed for it in the ledger\n", config.name.c_str());
        return {};
    }
    os::watch_for_stop();
    os::raise_open_file_limit();
    auto started = CoordinatorProgram::start(config, context.clock, context.log);
    if (!started && started.error().code == Code::cancelled) return {};
    EM_ASSIGN(const std::unique_ptr<CoordinatorProgram> program, std::move(started));
    std::printf("listening on port %u\n", unsigned{program->port()});
    std::fflush(stdout);
    return wait_for_stop(*program);
}

}  // namespace

void add_serve(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<ServeArguments>();
    CLI::App* command = root.add_subcommand("serve", "the coordinator of a federation");
    command->add_option("--config", arguments->config, "TOML file (docs/coordinator.md)")->required();
    CLI::Option* init =
        command->add_flag("--init", arguments->init, "make keys and found the federation, then end");
    command
        ->add_flag("--rotate-key", arguments->rotate_key,
                   "replace the coordinator's key by a new one, then end; while it is not running")
        ->excludes(init);
    command
        ->add_option("--admin", arguments->administrators,
                     "account of an administrator, ISSUER|SUBJECT as whoami shows it; may be given again")
        ->allow_extra_args(false)
        ->needs(init);
    command->footer(
        "Example: euromesh serve --config federation.toml --init --admin 'https://login.example|alice'\n"
        "         euromesh serve --config federation.toml\n"
        "To try a whole federation on this machine: euromesh up");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return serve(*arguments, context); };
    });
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "base/os/file.hpp"
#include "base/os/process.hpp"
#include "sync/exchange/hub.hpp"

namespace euromesh::apps {
namespace {

constexpr std::uint64_t pem_max_bytes = 64u << 10;

struct HubArguments {
    std::string listen;
    std::vector<std::filesystem::path> authorities;
    sync::HubConfig limits;
    bool json = false;
};

Result<sync::HubConfig> config_of(const HubArguments& arguments) {
    sync::HubConfig config = arguments.limits;
    EM_ASSIGN(config.listen, os::parse_endpoint(arguments.listen));
    for (const std::filesystem::path& path : arguments.authorities) {
        EM_ASSIGN(std::string authority, os::read_file(path, pem_max_bytes));
        config.authorities.push_back(std::move(authority));
    }
    return config;
}

void tell_start(const HubArguments& arguments, const sync::Hub& hub) {
    if (arguments.json)
        std::printf("%s\n", hub.status().dump().c_str());
    else
        std::printf("Hub for %zu run(s) on port %u\n", arguments.authorities.size(), unsigned{hub.port()});
    std::fflush(stdout);
}

// A line for people has the numbers; who is paired stands in the log.
void tell_status(const HubArguments& arguments, const sync::Hub& hub) {
    const Json status = hub.status();
    if (arguments.json) {
        std::printf("%s\n", status.dump().c_str());
    } else {
        std::printf("%zu pairs, %zu waiting, %s paired and %s refused so far\n", status["pairs"].size(),
                    status["waiting"].size(), status["paired_total"].dump().c_str(),
                    status["refused_total"].dump().c_str());
    }
    std::fflush(stdout);
}

Status serve(const HubArguments& arguments, const Context& context) {
    EM_ASSIGN(sync::HubConfig config, config_of(arguments));
    os::raise_open_file_limit();
    os::watch_for_stop();
    os::watch_for_status_requests();
    EM_ASSIGN(const std::unique_ptr<sync::Hub> hub,
              sync::Hub::open(std::move(config), context.clock, context.log));
    tell_start(arguments, *hub);
    while (!os::stop_requested()) {
        hub->poll(std::chrono::milliseconds(200));
        if (os::take_status_request()) tell_status(arguments, *hub);
    }
    tell_status(arguments, *hub);
    return {};
}

}  // namespace

void add_hub(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<HubArguments>();
    CLI::App* command =
        root.add_subcommand("hub", "a meeting point for sites that can only dial out; it sees no plain byte");
    command->add_option("--listen", arguments->listen, "HOST:PORT; port 0: any free one")->required();
    command->add_option("--ca", arguments->authorities, "ca.pem of each run that may meet here")
        ->required()
        ->expected(-1);
    sync::HubConfig& limits = arguments->limits;
    command->add_option("--connections", limits.connections_most, "at most so many at a time")
        ->capture_default_str();
    command
        ->add_option("--connections-per-address", limits.connections_per_address_most,
                     "at most so many from one address")
        ->capture_default_str();
    command->add_flag("--json", arguments->json, "tell start, status (SIGUSR1) and end as JSON lines");
    command->footer(
        "It ends on SIGTERM or SIGINT; SIGUSR1 makes it print a line of status. Who pairs, parts or is "
        "refused\n"
        "is logged on standard error.\n"
        "Example: euromesh hub --listen 0.0.0.0:4400 --ca keys/ca.pem");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return serve(*arguments, context); };
    });
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/agent_program.hpp"
#include "apps/command.hpp"
#include "apps/site_check_peer.hpp"
#include "apps/site_check_run.hpp"
#include "base/os/process.hpp"

namespace euromesh::apps {
namespace {

struct SiteArguments {
    SiteCheckRequest request;
    std::string listen;
    double minutes = 60;
    bool ipv4 = false, ipv6 = false, json = false;
};

Status be_counterpart(const SiteArguments& arguments, const Clock& clock) {
    EM_ASSIGN(const os::Endpoint listen, os::parse_endpoint(arguments.listen));
    os::watch_for_stop();
    EM_ASSIGN(Counterpart counterpart, Counterpart::open(listen, clock));
    std::printf("listening on port %u\n", unsigned{counterpart.port()});
    std::fflush(stdout);
    // One that is forgotten ends by itself.
    const auto limit = Nanoseconds(static_cast<std::int64_t>(arguments.minutes * 60e9));
    const Nanoseconds began = clock.monotonic();
    while (!os::stop_requested() && clock.monotonic() - began < limit)
        counterpart.poll(std::chrono::milliseconds(100));
    std::printf("answered %llu requests\n", static_cast<unsigned long long>(counterpart.answered()));
    return {};
}

Status check(SiteArguments& arguments, const Clock& clock) {
    if (!arguments.listen.empty()) return be_counterpart(arguments, clock);
    if (arguments.ipv4) arguments.request.family = os::Family::ipv4;
    if (arguments.ipv6) arguments.request.family = os::Family::ipv6;
    EM_ASSIGN(const Findings findings, check_site(arguments.request, clock));
    const std::string text =
        arguments.json ? findings_json(findings).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                       : findings_text(findings);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    return verdict(findings);
}

void add_options(CLI::App& command, SiteArguments& arguments) {
    SiteCheckRequest& request = arguments.request;
    command.add_option("run-file", request.run_file, "check what this run asks of --site");
    command.add_option("--site", request.site, "which of its sites this node is");
    command.add_option("--spool", request.spools, "a folder that a relay is to serve; may be given again")
        ->allow_extra_args(false);
    command
        .add_option("--to", request.to,
                    "HOST:PORT that must answer (a peer, hub or relay); may be given again")
        ->allow_extra_args(false);
    command.add_option("--via", request.via,
                       "how to get out: plain, socks5://HOST:PORT, http://HOST:PORT, 'command: ssh -W "
                       "{host}:{port} GATEWAY'");
    command.add_option("--interface", request.interface, "leave by this network interface");
    command.add_flag("--ipv4", arguments.ipv4, "IPv4 only")
        ->excludes(command.add_flag("--ipv6", arguments.ipv6, "IPv6 only"));
    command.add_option("--seconds", request.seconds, "of each of four rate measurements")
        ->check(CLI::Range(0.01, 10.0))
        ->capture_default_str();
    command
        .add_option("--listen", arguments.listen,
                    "HOST:PORT; be the other end instead: tell the time, discard, send")
        ->excludes("run-file")
        ->excludes("--to")
        ->excludes("--spool");
    command.add_option("--minutes", arguments.minutes, "with --listen: end after so many")
        ->check(CLI::Range(0.0, 1440.0))
        ->capture_default_str();
    command.add_flag("--json", arguments.json, "tell the result as JSON");
}

void add_agent(CLI::App& site, Context& context) {
    const auto file = std::make_shared<std::string>();
    CLI::App* run = site.add_subcommand("run", "the agent: dials the coordinator and carries out its claims");
    run->add_option("--config", *file, "TOML file (docs/coordinator.md)")->required();
    run->footer("Ctrl-C ends the agent; what runs goes on, and the next agent finds it.");
    run->callback([file, &context] {
        context.chosen = [file, &context]() -> Status {
            EM_ASSIGN(const federation::AgentFile config, federation::read_agent_file(*file));
            return run_agent(config, context.clock, context.log);
        };
    });
    CLI::App* key = site.add_subcommand("key", "make the site's key, and print what an administrator admits");
    key->add_option("--config", *file, "TOML file (docs/coordinator.md)")->required();
    const auto rotate = std::make_shared<bool>(false);
    key->add_flag("--rotate", *rotate, "replace it by a new one, for which the old one signs");
    key->callback([file, rotate, &context] {
        context.chosen = [file, rotate]() -> Status {
            EM_ASSIGN(const federation::AgentFile config, federation::read_agent_file(*file));
            return *rotate ? rotate_site_key(config) : enrol_site(config);
        };
    });
}

void add_image(CLI::App& site, Context& context) {
    struct Arguments {
        std::string image, config;
    };
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        site.add_subcommand("image", "put a container image where jobs find it, and say its digest");
    command->add_option("image", arguments->image, "a file: SquashFS for Charliecloud, SIF for Apptainer")
        ->required();
    command->add_option("--config", arguments->config, "TOML file (docs/coordinator.md)")->required();
    command->callback([arguments, &context] {
        context.chosen = [arguments]() -> Status {
            EM_ASSIGN(const federation::AgentFile file, federation::read_agent_file(arguments->config));
            return add_site_image(file, arguments->image);
        };
    });
}

struct StateArguments {
    std::string file, words;
};

void add_state(CLI::App& site, Context& context, const char* name, const char* state, const char* help) {
    const auto arguments = std::make_shared<StateArguments>();
    CLI::App* command = site.add_subcommand(name, help);
    command->add_option("--config", arguments->file, "TOML file (docs/coordinator.md)")->required();
    command->add_option("--why", arguments->words, "for the record");
    command->callback([arguments, state, &context] {
        context.chosen = [arguments, state, &context]() -> Status {
            EM_ASSIGN(const federation::AgentFile config, federation::read_agent_file(arguments->file));
            return set_site_state(config, state, arguments->words, context.clock);
        };
    });
}

}  // namespace

void add_site(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<SiteArguments>();
    CLI::App* site =
        root.add_subcommand("site", "a centre: check a node before a run, or be its agent in a federation");
    site->require_subcommand(1);
    CLI::App* command =
        site->add_subcommand("check", "can this node take part in a run, and what to do if not");
    add_options(*command, *arguments);
    command->footer(
        "Exit status 0: no problem (there may be warnings); otherwise that of the first problem.\n"
        "Examples: euromesh site check run.toml --site lumi\n"
        "          euromesh site check --spool /scratch/me/spool --to relay.example:4410 --via "
        "socks5://localhost:1080\n"
        "          euromesh site check --listen 0.0.0.0:4410          (there)\n"
        "          euromesh site check --to peer.example:4410         (here: clock and rates)");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return check(*arguments, context.clock); };
    });
    add_agent(*site, context);
    add_image(*site, context);
    add_state(*site, context, "drain", "draining", "take no new work; what is there goes on to its end");
    add_state(*site, context, "resume", "active", "take work again");
    add_state(*site, context, "leave", "left",
              "leave the federation now; what is open here is reported as lost");
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "base/id.hpp"
#include "base/os/process.hpp"
#include "base/os/stop_watcher.hpp"
#include "base/os/system_clock.hpp"
#include "sync/exchange/relay_loop.hpp"

namespace euromesh::apps {
namespace {

struct RelayArguments {
    std::string spool, site, to, listen, command, via = "plain", secret;
    bool depot = false, once = false, ipv4 = false, ipv6 = false;
    std::string interface;
    double cpu_seconds = 0;
};

constexpr Nanoseconds slice = std::chrono::milliseconds(50);
constexpr Nanoseconds rest_least = std::chrono::milliseconds(20), rest_most = std::chrono::seconds(1);

// Waits for a while, but not past the end of the budget.
void rest(Nanoseconds time, const sync::RelayBudget& budget) {
    for (Nanoseconds waited{0}; waited < time && !budget.is_spent(); waited += slice) {
        os::wait_ready({}, std::min(time - waited, slice));
    }
}

// Pass after pass, with rests that grow while there is nothing to do or the other side is away.
template <class Pass>
Status repeat(const Pass& pass, bool once, const sync::RelayBudget& budget, const Context& context,
              sync::RelayCounts& moved) {
    Nanoseconds pause = rest_least;
    while (!budget.is_spent()) {
        const std::uint64_t before = moved.files_in + moved.files_out;
        const Status passed = pass();
        if (once) return passed;
        if (!passed && (passed.error().code == Code::refused || passed.error().code == Code::bad_input)) {
            return passed;
        }
        if (!passed) context.log.warning("relay: " + passed.error().message);
        const bool active = passed && moved.files_in + moved.files_out > before;
        pause = active ? rest_least : std::min(pause * 2, rest_most);
        rest(pause, budget);
    }
    return {};
}

Result<sync::RelayLoopConfig> loop_config(const RelayArguments& arguments) {
    sync::RelayLoopConfig config;
    config.site = arguments.depot ? sync::relay_depot : arguments.site;
    config.once = arguments.once;
    if (arguments.secret.empty()) {
        return fail(Code::bad_input, "two relays need --secret FILE, the same at both ends");
    }
    EM_ASSIGN(config.secret, sync::read_relay_secret(arguments.secret));
    EM_ASSIGN(config.via.via, sync::parse_connector(arguments.via));
    config.via.socket.interface = arguments.interface;
    if (arguments.ipv4) config.via.family = os::Family::ipv4;
    if (arguments.ipv6) config.via.family = os::Family::ipv6;
    const std::string& where = arguments.listen.empty() ? arguments.to.substr(4) : arguments.listen;
    EM_ASSIGN(const os::Endpoint endpoint, os::parse_endpoint(where));
    (arguments.listen.empty() ? config.dial : config.listen) = endpoint;
    return config;
}

Status relay_over_tcp(sync::FolderStore& spool, const RelayArguments& arguments,
                      const sync::RelayBudget& budget, const Context& context, sync::RelayCounts& moved) {
    EM_ASSIGN(sync::RelayLoopConfig config, loop_config(arguments));
    EM_ASSIGN(const auto loop,
              sync::RelayLoop::open(spool, std::move(config), budget, context.clock, context.log));
    if (!arguments.listen.empty()) {
        std::printf("listening on port %u\n", static_cast<unsigned>(loop->port()));
        std::fflush(stdout);
    }
    std::stop_source stop;
    const os::StopWatcher watcher([&] { stop.request_stop(); });
    Status ran = loop->run(stop.get_token());
    moved = loop->counts();
    return ran;
}

Status carry(sync::FolderStore& spool, const RelayArguments& arguments, const sync::RelayBudget& budget,
             const Context& context, sync::RelayCounts& moved) {
    if (!arguments.listen.empty() || arguments.to.starts_with("tcp:")) {
        return relay_over_tcp(spool, arguments, budget, context, moved);
    }
    if (!arguments.command.empty()) {
        EM_ASSIGN(const auto words, sync::split_command(arguments.command));
        const auto pass = [&] { return sync::relay_by_command(spool, words, arguments.site, budget, moved); };
        return repeat(pass, arguments.once, budget, context, moved);
    }
    EM_ASSIGN(const auto far, sync::open_blob_store(arguments.to));
    const auto pass = [&] { return sync::relay_pass(spool, *far, arguments.site, budget, moved); };
    return repeat(pass, arguments.once, budget, context, moved);
}

Status check(const RelayArguments& arguments) {
    const int goals = !arguments.to.empty() + !arguments.listen.empty() + !arguments.command.empty();
    if (goals != 1) {
        return fail(Code::bad_input, "a relay needs one of --to, --listen and --command");
    }
    if (arguments.once && !arguments.listen.empty()) {
        return fail(Code::bad_input, "--once is for relays that dial: one that listens does not know when");
    }
    if (arguments.depot) {
        if (!arguments.site.empty() || arguments.listen.empty()) {
            return fail(Code::bad_input, "--depot is for all sites: give it --listen, and no --site");
        }
    } else {
        EM_TRY(SiteId::parse(arguments.site, "site"));
    }
    if (std::error_code error; !std::filesystem::is_directory(arguments.spool, error)) {
        return fail(Code::not_found, "spool {}: no such folder (it lies on the shared file system)",
                    arguments.spool);
    }
    return {};
}

Status relay(const RelayArguments& arguments, const Context& context) {
    EM_TRY(check(arguments));
    sync::RelayBudget budget;
    if (arguments.cpu_seconds != 0) {
        EM_ASSIGN(budget, sync::RelayBudget::of_cpu_seconds(arguments.cpu_seconds));
    }
    os::watch_for_stop();
    sync::FolderStore spool(arguments.spool);
    sync::RelayCounts moved;
    const Status carried = carry(spool, arguments, budget, context, moved);
    std::printf("%s; %.2f CPU-s%s\n", moved.text().c_str(), to_seconds(os::process_cpu_time()),
                budget.is_cpu_spent() ? "; ended because its CPU budget is spent, start it again" : "");
    return carried;
}

void add_options(CLI::App& command, RelayArguments& arguments) {
    command.add_option("--spool", arguments.spool, "the folder that compute nodes share with this one")
        ->required();
    command.add_option("--site", arguments.site, "whose spool it is, as in the run file");
    command.add_option(
        "--to", arguments.to,
        "tcp:HOST:PORT of another relay, s3+https://HOST/BUCKET/PREFIX, s3://BUCKET/PREFIX, or a folder");
    command.add_option("--listen", arguments.listen, "HOST:PORT where other relays dial in");
    command.add_flag("--depot", arguments.depot,
                     "with --listen: keep for each site what others send for it, until its relay asks");
    command.add_option("--command", arguments.command,
                       "hands each leaving file to this: {file} {name} {folder} {root} are replaced");
    command.add_option("--secret", arguments.secret, "file with what both relays know (tcp: and --listen)");
    command.add_option("--via", arguments.via,
                       "how to get out: plain, socks5://HOST:PORT, http://HOST:PORT, 'command: ssh -W "
                       "{host}:{port} GATEWAY'");
    command.add_option("--interface", arguments.interface, "leave by this network interface");
    command.add_flag("--ipv4", arguments.ipv4, "IPv4 only")
        ->excludes(command.add_flag("--ipv6", arguments.ipv6, "IPv6 only"));
    command.add_flag("--once", arguments.once, "carry what is there, then end (for cron)");
    command.add_option("--cpu-seconds", arguments.cpu_seconds,
                       "end, with status 0, before so much CPU time is used");
}

}  // namespace

void add_relay(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<RelayArguments>();
    CLI::App* command = root.add_subcommand(
        "relay", "carry a spool's files to and from the other sites, on a login or data-mover node");
    add_options(*command, *arguments);
    command->footer(
        "Examples: euromesh relay --spool /scratch/me/spool --site leonardo --to tcp:relay.example:4410 "
        "--secret s\n"
        "          euromesh relay --spool /scratch/me/spool --site lumi --to s3+https://store.example/bucket "
        "--once");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return relay(*arguments, context); };
    });
}

}  // namespace euromesh::apps

#include <cstdio>
#include <memory>

#include "apps/api_client.hpp"
#include "apps/command.hpp"
#include "base/os/entropy.hpp"
#include "base/os/process.hpp"
#include "base/os/stop_watcher.hpp"
#include "base/os/user_folder.hpp"
#include "federation/identity/login.hpp"

namespace euromesh::apps {
namespace {

constexpr std::uint64_t secret_max_bytes = 4096;

struct LoginArguments {
    std::string coordinator;
    std::string issuer;
    std::string client = "euromesh-cli";
    std::string audience;
    std::string scope;
    os::Path secret_file;
    os::Path authority_file;
    bool device = false;
    bool show = false;
    bool json = false;
};

std::string all_scopes() {
    std::string names = "openid offline_access";
    for (std::uint8_t i = 0; i < federation::scope_count; ++i) {
        names += " " + std::string(name_of(static_cast<federation::Scope>(i)));
    }
    return names;
}

Result<federation::LoginQuestion> question_of(const LoginArguments& arguments,
                                              const federation::Login& login) {
    federation::LoginQuestion question{arguments.issuer, arguments.client, "", arguments.scope,
                                       arguments.audience};
    if (question.scope.empty()) question.scope = all_scopes();
    if (const auto before = login.stored(); question.issuer.empty() && before) {
        question.issuer = before->issuer;
        question.client = before->client;
        if (question.resource.empty()) question.resource = before->resource;
    }
    if (question.issuer.empty()) {
        return fail(Code::bad_input,
                    "login: name the issuer (--issuer URL), and --client ID where it is not ours");
    }
    if (arguments.secret_file.empty()) return question;
    EM_ASSIGN(question.secret, os::read_file(arguments.secret_file, secret_max_bytes));
    while (question.secret.ends_with('\n')) question.secret.pop_back();
    return question;
}

// Standard error: standard output is for the result.
void show_prompt(const federation::DevicePrompt& prompt) {
    std::fprintf(stderr, "Open %s\nand type the code %s\n", prompt.url.c_str(), prompt.user_code.c_str());
    if (!prompt.complete_url.empty()) std::fprintf(stderr, "or open %s\n", prompt.complete_url.c_str());
}

void show_url(const std::string& url) {
    std::fprintf(stderr, "Open this address in a browser on this machine (elsewhere: --device):\n%s\n",
                 url.c_str());
}

void tell(const federation::StoredLogin& login, const LoginArguments& arguments) {
    const std::string until = iso8601_utc(std::chrono::milliseconds(login.tokens.expires_ms));
    if (arguments.json) {
        const Json document = {{"issuer", login.issuer},
                               {"subject", login.subject},
                               {"name", login.name},
                               {"client", login.client},
                               {"scope", login.tokens.scope},
                               {"expires", until},
                               {"renews", !login.tokens.refresh_token.empty()}};
        std::printf("%s\n", document.dump().c_str());
        return;
    }
    std::printf("Logged in as %s (%s at %s)\nMay: %s\nUntil %s%s\n",
                login.name.empty() ? login.subject.c_str() : login.name.c_str(), login.subject.c_str(),
                login.issuer.c_str(), login.tokens.scope.c_str(), until.c_str(),
                login.tokens.refresh_token.empty() ? "" : ", then renewed");
}

struct Session {
    Session(const Clock& clock, os::Path folder, const os::Path& authority_file)
        : fetcher(authority_file.string()), login(fetcher, clock, os::fill_random, std::move(folder)) {
        os::watch_for_stop();
    }
    std::stop_source stop;
    os::StopWatcher watcher{[this] { stop.request_stop(); }};
    federation::IssuerFetcher fetcher;
    federation::Login login;
};

// A coordinator says where its people log in, and what their tokens must be for.
Result<LoginArguments> with_coordinator(LoginArguments arguments) {
    if (arguments.coordinator.empty()) return arguments;
    ApiClient client({arguments.coordinator, arguments.authority_file.string()}, {});
    EM_ASSIGN(const Json federation, client.get("/v1/federation"));
    EM_ASSIGN(arguments.issuer, json_string(federation, "issuer", arguments.coordinator));
    EM_ASSIGN(arguments.client, json_string(federation, "client", arguments.coordinator));
    EM_ASSIGN(arguments.audience, json_string(federation, "audience", arguments.coordinator));
    return arguments;
}

Result<federation::StoredLogin> log_in(Session& session, const LoginArguments& arguments) {
    federation::Login& login = session.login;
    if (arguments.show) return login.stored();
    EM_ASSIGN(const federation::LoginQuestion question, question_of(arguments, login));
    const std::stop_token stop = session.stop.get_token();
    if (!question.secret.empty()) return login.by_secret(question, stop);
    if (arguments.device) return login.by_device(question, show_prompt, stop);
    return login.by_browser(question, show_url, stop);
}

Status run_login(const LoginArguments& given, const Context& context) {
    EM_ASSIGN(const LoginArguments arguments, with_coordinator(given));
    EM_ASSIGN(const os::Path folder, os::user_config_folder());
    Session session(context.clock, folder, arguments.authority_file);
    EM_ASSIGN(const federation::StoredLogin login, log_in(session, arguments));
    if (!arguments.coordinator.empty())
        EM_TRY(note_coordinator(folder, {arguments.coordinator, arguments.authority_file.string()}));
    tell(login, arguments);
    return {};
}

Status run_logout(const LoginArguments& arguments, const Context& context) {
    EM_ASSIGN(os::Path folder, os::user_config_folder());
    Session session(context.clock, std::move(folder), arguments.authority_file);
    EM_TRY(session.login.logout(session.stop.get_token()));
    std::printf("Logged out\n");
    return {};
}

void add_login_command(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<LoginArguments>();
    CLI::App* command = root.add_subcommand("login", "get and keep a token of your identity provider");
    command->add_option("--coordinator", arguments->coordinator,
                        "URL of a coordinator: it names the provider, and is the one that commands go to");
    command->add_option("--issuer", arguments->issuer,
                        "URL of the identity provider (default: that of last time)");
    command->add_option("--client", arguments->client, "our id there")->capture_default_str();
    command->add_option("--audience", arguments->audience,
                        "whom the token is for, where the provider wants it said");
    command->add_option("--scope", arguments->scope, "what to ask for (default: everything)");
    command->add_flag("--device", arguments->device,
                      "for a terminal without a browser: shows a code to type elsewhere");
    command->add_option("--secret-file", arguments->secret_file, "for pipelines: the client's secret");
    command->add_option("--ca", arguments->authority_file,
                        "PEM of the provider's authority, if not the system's");
    command->add_flag("--show", arguments->show, "only tell who is logged in here, without asking anybody");
    command->add_flag("--json", arguments->json, "tell the result as JSON");
    command->footer(
        "Examples: euromesh login --device --coordinator https://federation.example.eu\n"
        "          euromesh login --issuer https://login.example.eu");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return run_login(*arguments, context); };
    });
}

}  // namespace

void add_login(CLI::App& root, Context& context) {
    add_login_command(root, context);
    const auto arguments = std::make_shared<LoginArguments>();
    CLI::App* command = root.add_subcommand("logout", "forget the token, and ask its issuer to");
    command->add_option("--ca", arguments->authority_file,
                        "PEM of the provider's authority, if not the system's");
    command->footer("Example: euromesh logout");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return run_logout(*arguments, context); };
    });
}

}  // namespace euromesh::apps

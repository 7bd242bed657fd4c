#include "apps/up_program.hpp"

#include <array>
#include <cstdio>
#include <set>

#include "apps/api_client.hpp"
#include "apps/coordinator_program.hpp"
#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "base/os/file_lock.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "base/os/user_folder.hpp"
#include "federation/identity/login.hpp"
#include "federation/service/dev_door.hpp"

namespace euromesh::apps {
namespace {

using namespace federation;

constexpr const char* audience = "euromesh-up";
constexpr const char* group_name_space = "urn:geant:up.example";
constexpr const char* project = "hello";
constexpr const char* federation_name = "up.example";

struct UpSite {
    const char* id;
    const char* country;
    const char* op;
    const char* accelerator;
    int gpus;
};

// Names and hardware of real systems, so that rules and scores have something to decide on; what runs are
// processes of this machine.
constexpr std::array sites{
    UpSite{"jupiter", "DE", "Forschungszentrum Juelich", "gh200", 4},
    UpSite{"leonardo", "IT", "CINECA", "a100-64", 4},
    UpSite{"marenostrum5", "ES", "BSC", "h100-64", 4},
};

Result<std::uint16_t> free_port() {
    EM_ASSIGN(const os::Socket socket, os::Socket::listen({"127.0.0.1", 0}, {}));
    return socket.local_port();
}

class Up {
  public:
    Up(const UpOptions& options, const Clock& clock, const Logger& logger)
        : options_(options),
          clock_(clock),
          logger_(logger),
          folder_(std::filesystem::absolute(options.folder)) {}

    Status run() {
        EM_TRY(prepare());
        EM_TRY(open_issuer());
        EM_TRY(open_coordinator());
        EM_TRY(log_in());
        EM_TRY(set_up_project());
        if (options_.admit.empty()) {
            for (const UpSite& site : sites) EM_TRY(set_up_site(site));
        }
        tell_ready();
        return watch();
    }

  private:
    Status prepare() {
        if (options_.fresh) {
            std::error_code error;
            std::filesystem::remove_all(folder_, error);
        }
        EM_TRY(os::make_folders(folder_));
        EM_ASSIGN(lock_, os::FileLock::take(folder_ / "lock"));
        return choose_ports();
    }

    // Accounts have the issuer's address in them: a folder keeps the ports that it was made with.
    Status choose_ports() {
        const os::Path file = folder_ / "ports.json";
        const auto kept = os::read_file(file, 4096);
        if (kept) {
            EM_ASSIGN(const Json json, parse_json(*kept));
            port_ = json.value("coordinator", std::uint16_t{0});
            issuer_port_ = json.value("issuer", std::uint16_t{0});
            return {};
        }
        port_ = options_.port;
        issuer_port_ = static_cast<std::uint16_t>(options_.port + 1);
        if (options_.port == 0) {
            EM_ASSIGN(port_, free_port());
            EM_ASSIGN(issuer_port_, free_port());
        }
        const Json json = {{"coordinator", port_}, {"issuer", issuer_port_}};
        return os::write_file_atomically(file, json.dump());
    }

    std::string issuer_url() const { return fmt::format("http://127.0.0.1:{}", issuer_port_); }
    std::string url() const {
        if (!options_.listen.empty()) return "https://" + options_.listen;
        return fmt::format("http://127.0.0.1:{}", port_);
    }
    std::string account(const char* user) const { return issuer_url() + "|" + user; }

    // ---- who logs in -----------------------------------------------------------------------------------

    DevIssuerConfig issuer_config() const {
        DevIssuerConfig config;
        config.issuer = issuer_url();
        config.audience = audience;
        config.poll_interval_s = 1;
        const ScopeSet person{Scope::compute_read, Scope::compute_create, Scope::compute_modify,
                              Scope::compute_cancel, Scope::allocation_apply};
        ScopeSet all = person;
        all.add(Scope::allocation_review);
        all.add(Scope::federation_admin);
        const std::string group = fmt::format("{}:group:{}", group_name_space, project);
        config.users = {{"you", "You", "you@up.example", {group}, person},
                        {"somebody-else", "Somebody Else", "else@up.example", {}, person},
                        {"administrator", "Administrator", "admin@up.example", {}, all}};
        return config;
    }

    Result<TokenKey> issuer_key() const {
        const os::Path file = folder_ / "issuer.key";
        const auto text = os::read_file(file, 64u << 10);
        if (text) return TokenKey::from_pem(*text);
        TokenKey made = TokenKey::generate(TokenAlgorithm::es256);
        EM_TRY(os::write_secret_atomically(file, made.pem()));
        return made;
    }

    Status open_issuer() {
        EM_ASSIGN(TokenKey key, issuer_key());
        EM_ASSIGN(std::unique_ptr<DevIssuer> issuer,
                  DevIssuer::make(issuer_config(), "127.0.0.1", std::move(key), os::fill_random));
        dev_door_ = std::make_unique<DevDoor>(std::move(issuer), clock_);
        HttpOptions options;
        options.listen = {"127.0.0.1", issuer_port_};
        options.threads = 1;
        options.access_log = false;
        EM_ASSIGN(issuer_server_,
                  HttpServer::start(std::move(options), dev_door_->api(), {}, clock_, logger_, metrics_));
        return {};
    }

    // The same device flow as `euromesh login --device`; the person's click is done here.
    Status log_in() {
        IssuerFetcher fetcher;
        EM_ASSIGN(const os::Path settings, os::user_config_folder());
        EM_TRY(os::make_folders(settings));
        const LoginQuestion question{issuer_url(), "euromesh-cli", {}, all_scopes(), audience};
        Login login(fetcher, clock_, os::fill_random, settings);
        const auto stored =
            login.by_device(question, [&](const DevicePrompt& prompt) { approve(fetcher, prompt); });
        if (!stored) return fail(stored.error().within("logging in"));
        const os::Path& authorities = options_.authorities;
        return note_coordinator(
            settings, {url(), authorities.empty() ? "" : std::filesystem::absolute(authorities).string()});
    }

    static std::string all_scopes() {
        return "openid offline_access compute.read compute.create compute.modify compute.cancel "
               "allocation.apply";
    }

    void approve(IssuerFetcher& fetcher, const DevicePrompt& prompt) const {
        const auto page = fetcher.get(prompt.complete_url, 64u << 10);
        if (!page) return;
        constexpr std::string_view before = "name=\"ticket\" value=\"";
        const std::size_t at = page->find(before);
        if (at == std::string::npos) return;
        const std::size_t begin = at + before.size();
        const std::string ticket = page->substr(begin, page->find('"', begin) - begin);
        (void)fetcher.post({issuer_url() + "/device",
                            fmt::format("ticket={}&user_code={}&user=you", ticket, prompt.user_code)});
    }

    // ---- the coordinator -------------------------------------------------------------------------------

    Result<ServeConfig> serve_config() const {
        ServeConfig config;
        config.name = federation_name;
        config.url = url();
        config.listen = {"127.0.0.1", port_};
        config.store = "sqlite:" + (folder_ / "federation.db").string();
        config.keys = folder_ / "keys";
        config.issuers = {{issuer_url(), audience, "euromesh-cli", {group_name_space}}};
        config.requests_per_second = 10'000;
        config.access_log = false;
        if (!options_.listen.empty()) {
            EM_ASSIGN(config.listen, os::parse_endpoint(options_.listen));
            config.tls = TlsFiles{options_.certificate, options_.key};
        }
        return config;
    }

    Status open_coordinator() {
        EM_ASSIGN(const ServeConfig config, serve_config());
        std::error_code error;
        if (!std::filesystem::exists(folder_ / "federation.db", error))
            EM_TRY(found_federation(config, {account("administrator")}, clock_, logger_));
        EM_ASSIGN(coordinator_, CoordinatorProgram::start(config, clock_, logger_));
        return {};
    }

    Result<Json> as_administrator(Ask what) {
        const Actor actor{account("administrator"), "Administrator", {}, {"federation.admin"}, {}};
        return ask(coordinator_->coordinator(), {actor, std::move(what)});
    }

    Status set_up_project() {
        ProjectRecord record;
        record.id = project;
        record.title = "Trying the federation";
        record.organisation = "A start-up";
        record.organisation_kind = "startup";
        record.country = "DE";
        record.groups = {project};
        record.managers = {account("you")};
        const auto set = as_administrator(SetProject{std::move(record)});
        return set ? Status{} : Status(fail(set.error()));
    }

    // ---- sites -----------------------------------------------------------------------------------------

    Status set_up_site(const UpSite& site) {
        const os::Path folder = folder_ / site.id;
        EM_TRY(os::make_folders(folder));
        auto key = SigningKey::read(folder / "site.key");
        if (!key) {
            if (key.error().code != Code::not_found) return fail(key.error());
            const SigningKey made = SigningKey::generate();
            EM_TRY(made.write(folder / "site.key"));
            key = made;
        }
        const bool is_new = coordinator_->coordinator().read(
            [&](const Core& core) { return core.tables().site(site.id) == nullptr; });
        if (is_new) {
            AdmitSite admission;
            admission.id = site.id;
            admission.public_key = to_hex(key->public_key());
            admission.country = site.country;
            admission.op = site.op;
            admission.hosting = "ju";
            admission.owners = {site.country};
            const auto admitted = as_administrator(std::move(admission));
            if (!admitted) return fail(admitted.error().within(site.id));
        }
        const os::Path file = folder / "site.toml";
        EM_TRY(os::write_file_atomically(file, site_file(site)));
        EM_ASSIGN(const std::size_t child,
                  children_.start({os::own_program().string(), "site", "run", "--config", file.string()},
                                  folder / "agent.log"));
        (void)child;
        return {};
    }

    // What a person with the right would do by POST /v1/sites.
    void admit_new() {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(options_.admit, error)) {
            const os::Path& file = entry.path();
            if (file.extension() != ".json" || seen_.contains(file.string())) continue;
            seen_.insert(file.string());
            const Status admitted = admit(file);
            if (!admitted) logger_.warning(admitted.error().within(file.string()).message);
        }
    }

    Status admit(const os::Path& file) {
        EM_ASSIGN(const std::string text, os::read_file(file, 64u << 10));
        EM_ASSIGN(const Json json, parse_json(text));
        AdmitSite admission;
        for (const auto& [key, field] :
             {std::pair{"id", &admission.id}, std::pair{"public_key", &admission.public_key},
              std::pair{"country", &admission.country}, std::pair{"operator", &admission.op},
              std::pair{"hosting", &admission.hosting}}) {
            if (!json.is_object() || !json.contains(key) || !json[key].is_string())
                return fail(Code::bad_input, "{}: missing; this should be what `euromesh site key` prints",
                            key);
            *field = json[key].get<std::string>();
        }
        admission.owners = {admission.country};
        const bool known = coordinator_->coordinator().read(
            [&](const Core& core) { return core.tables().site(admission.id) != nullptr; });
        if (known) return {};
        const auto admitted = as_administrator(std::move(admission));
        return admitted ? Status{} : Status(fail(admitted.error()));
    }

    std::string site_file(const UpSite& site) const {
        const std::string key = coordinator_->coordinator().read(
            [](const Core& core) { return core.tables().federation().coordinator_key; });
        return fmt::format(
            "site = \"{}\"\nfederation = \"{}\"\ncoordinator = \"{}\"\ncoordinator_key = \"{}\"\n"
            "folder = \".\"\nslots = 2\nevery_ms = 250\ncountry = \"{}\"\noperator = \"{}\"\nhosting = "
            "\"ju\"\n"
            "[[partition]]\nname = \"booster\"\nsystem = \"{}\"\naccelerator = \"{}\"\ngpus = "
            "{}\ngpus_per_node = {}\n"
            "gpu_memory_mib = 65536\nwatts_per_gpu = 500\nmax_hours = 24\nmost_claims = 64\n"
            "[exchange]\nkind = \"direct\"\naddress = \"127.0.0.1\"\n[train]\ndata = \"{}\"\nwithin = "
            "\"/\"\nthreads = 1\n",
            site.id, federation_name, url(), key, site.country, site.op, site.id, site.accelerator, site.gpus,
            site.gpus, std::filesystem::current_path().string());
    }

    // ---- the terminal ----------------------------------------------------------------------------------

    void tell_ready() const {
        if (options_.json) {
            const Json line = {{"event", "ready"},
                               {"coordinator", url()},
                               {"issuer", issuer_url()},
                               {"folder", folder_.string()}};
            std::printf("%s\n", line.dump().c_str());
        } else {
            std::printf(
                "The federation %s is up at %s, in %s\n"
                "  %s; you are logged in; the project is '%s'\n"
                "In another terminal:\n"
                "  euromesh apply --tier playground\n"
                "  euromesh submit examples/hello/job.json --wait\n"
                "  euromesh explain JOB\n"
                "Ctrl-C ends it; 'euromesh up' goes on from there, 'euromesh up --fresh' starts anew.\n",
                federation_name, url().c_str(), folder_.c_str(),
                options_.admit.empty() ? "three sites, local processes" : "its sites are elsewhere", project);
        }
        std::fflush(stdout);
    }

    Status watch() {
        std::string shown;
        while (!os::stop_requested()) {
            if (coordinator_->is_failed())
                return fail(Code::unavailable, "the log cannot be written; see above");
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(500))) {
                if (!event.exit_status || os::stop_requested()) continue;
                logger_.warning("a site's agent has ended; see agent.log in its folder",
                                {{"status", *event.exit_status}});
            }
            if (!options_.admit.empty()) admit_new();
            const std::string line = status_line();
            if (line != shown && !options_.json) std::printf("%s\n", line.c_str());
            std::fflush(stdout);
            shown = line;
        }
        return {};
    }

    std::string status_line() const {
        return coordinator_->coordinator().read([](const Core& core) {
            const Tables& tables = core.tables();
            std::string line = fmt::format("{} waiting", tables.waiting().size());
            for (const auto& [id, site] : tables.sites()) {
                line += fmt::format("   {}: {}", id,
                                    site.described ? fmt::format("{} open", tables.open_claims(id).size())
                                                   : std::string("starting"));
            }
            return line;
        });
    }

    const UpOptions& options_;
    const Clock& clock_;
    const Logger& logger_;
    os::Path folder_;
    std::optional<os::FileLock> lock_;
    std::set<std::string> seen_;  // files of options_.admit
    std::uint16_t port_ = 0, issuer_port_ = 0;
    MetricRegistry metrics_;
    std::unique_ptr<DevDoor> dev_door_;
    std::unique_ptr<HttpServer> issuer_server_;
    std::unique_ptr<CoordinatorProgram> coordinator_;
    os::Children children_;  // ends first: agents say goodbye to a coordinator that is there
};

}  // namespace

Status run_up(const UpOptions& options, const Clock& clock, const Logger& logger) {
    os::watch_for_stop();
    os::raise_open_file_limit();
    return Up(options, clock, logger).run();
}

}  // namespace euromesh::apps

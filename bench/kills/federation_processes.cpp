#include "bench/kills/federation_processes.hpp"

#include <csignal>

#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "base/signature.hpp"
#include "federation/identity/random_id.hpp"
#include "federation/store/log_store.hpp"

namespace euromesh::kills {
namespace {

using namespace federation;

constexpr const char* federation_name = "kills.example";
constexpr const char* audience = "urn:kills";
constexpr const char* driver = "driver";
constexpr const char* project = "load";
constexpr const char* tier = "aif-playground";
constexpr std::int64_t granted_milli_gpu_hours = 5'000'000;
constexpr Nanoseconds token_age = std::chrono::minutes(5);
constexpr std::array<const char*, 6> countries{"DE", "IT", "ES", "FI", "FR", "CZ"};

DevIssuerConfig issuer_config(const std::string& url, const std::string& secret) {
    ScopeSet all;
    for (const Scope scope :
         {Scope::compute_read, Scope::compute_create, Scope::compute_modify, Scope::compute_cancel,
          Scope::allocation_apply, Scope::allocation_review, Scope::federation_admin})
        all.add(scope);
    DevIssuerConfig config;
    config.issuer = url;
    config.audience = audience;
    config.users = {{"nobody", "Nobody", "nobody@kills.example", {}, {}}};
    config.services = {{driver, secret, all}};
    return config;
}

std::string driver_scopes() {
    return "compute.read compute.create compute.modify compute.cancel allocation.apply allocation.review "
           "federation.admin";
}

}  // namespace

Result<std::unique_ptr<FederationProcesses>> FederationProcesses::make(const FederationOptions& options,
                                                                       const Clock& clock,
                                                                       const Logger& logger) {
    std::unique_ptr<FederationProcesses> made(new FederationProcesses(options, clock, logger));
    EM_TRY(made->choose_ports());
    EM_TRY(made->start_issuer());
    if (options.postgres) EM_TRY(made->start_database());
    EM_TRY(made->found());
    EM_TRY(made->set_up());
    return made;
}

FederationProcesses::~FederationProcesses() {
    for (const auto& group : {agents_, coordinators_})
        for (const std::size_t one : group) processes_.end(one, SIGKILL);
}

std::vector<std::string> FederationProcesses::site_names() const {
    std::vector<std::string> names;
    for (int i = 0; i < options_.sites; ++i) names.push_back(fmt::format("site-{}", i));
    return names;
}

Status FederationProcesses::choose_ports() {
    for (int i = 0; i <= options_.coordinators; ++i) {
        EM_ASSIGN(const std::uint16_t port, quiet_port(options_.seed * 64 + static_cast<std::uint64_t>(i)));
        const std::string url = fmt::format("http://127.0.0.1:{}", port);
        (i == 0 ? issuer_url_ : urls_.emplace_back()) = url;
    }
    store_ = "sqlite:" + (options_.folder / "federation.db").string();
    return {};
}

Status FederationProcesses::start_issuer() {
    const std::string secret = random_id(os::fill_random);
    EM_ASSIGN(std::unique_ptr<DevIssuer> issuer,
              DevIssuer::make(issuer_config(issuer_url_, secret), "127.0.0.1",
                              TokenKey::generate(TokenAlgorithm::es256), os::fill_random));
    door_ = std::make_unique<DevDoor>(std::move(issuer), clock_);
    HttpOptions options;
    EM_ASSIGN(options.listen, os::parse_endpoint(issuer_url_.substr(7)));
    options.threads = 1;
    options.access_log = false;
    options.limits.rate = {.per_second = 1e6, .burst = 1e6};
    EM_ASSIGN(issuer_, HttpServer::start(std::move(options), door_->api(), {}, clock_, logger_, metrics_));
    for (const std::string& url : urls_)
        clients_.push_back(
            std::make_unique<apps::ApiClient>(apps::CoordinatorAddress{url, {}}, [this] { return token(); }));
    // Who asks for a token must know it; nobody else is told.
    return os::write_secret_atomically(options_.folder / "driver.secret", secret);
}

Result<std::string> FederationProcesses::token() {
    const std::lock_guard lock(token_mutex_);
    if (!token_.empty() && clock_.monotonic() < token_until_) return token_;
    EM_ASSIGN(const std::string secret, os::read_file(options_.folder / "driver.secret", 4096));
    const std::string form =
        fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope={}", driver,
                    percent_encoded(secret), percent_encoded(driver_scopes()));
    os::HttpClient client;
    os::HttpRequest request;
    request.method = "POST";
    request.url = issuer_url_ + "/token";
    request.headers = {"Content-Type: application/x-www-form-urlencoded"};
    request.body = std::as_bytes(std::span(form));
    EM_ASSIGN(const os::HttpText answer, os::ask_text(client, request, 64u << 10));
    EM_ASSIGN(const Json json, parse_json(answer.body));
    EM_ASSIGN(token_, json_string(json, "access_token", "the issuer's answer"));
    token_until_ = clock_.monotonic() + token_age;
    return token_;
}

// It ends with this process (PR_SET_PDEATHSIG in the script).
Status FederationProcesses::start_database() {
    const os::Path folder = options_.folder / "pg";
    EM_TRY(os::make_folders(folder));
    std::string host;
    for (const char c : folder.string()) host += c == '/' ? std::string("%2F") : std::string(1, c);
    store_ = "postgresql://euromesh@" + host + "/postgres";
    database_ = processes_.add("postgres", {"tests/postgres/serve.sh", folder.string(), "fsync"});
    EM_TRY(processes_.start(*database_));
    EM_TRY(wait_until("a PostgreSQL server", std::chrono::seconds(60),
                      [&] { return !processes_.runs(*database_) || open_store(store_).has_value(); }));
    if (processes_.runs(*database_)) return {};
    return fail(Code::not_found, "no PostgreSQL server starts here (Debian: postgresql)");
}

std::string FederationProcesses::serve_file(const std::string& url) const {
    return fmt::format(
        "name = \"{}\"\nlisten = \"{}\"\nurl = \"{}\"\nstore = \"{}\"\nrequests_per_second = 100000\n"
        "access_log = false\n[[issuer]]\nurl = \"{}\"\naudience = \"{}\"\n",
        federation_name, url.substr(7), urls_[0], store_, issuer_url_, audience);
}

Status FederationProcesses::found() {
    const std::string program = (options_.programs / "euromesh").string();
    for (std::size_t i = 0; i < urls_.size(); ++i) {
        const std::string file = (options_.folder / fmt::format("serve-{}.toml", i)).string();
        EM_TRY(os::write_file_atomically(file, serve_file(urls_[i])));
        coordinators_.push_back(
            processes_.add(fmt::format("coordinator-{}", i), {program, "serve", "--config", file}));
    }
    const std::size_t founder =
        processes_.add("founder", {program, "serve", "--init", "--admin", issuer_url_ + "|" + driver,
                                   "--config", (options_.folder / "serve-0.toml").string()});
    EM_TRY(processes_.start(founder));
    processes_.end(founder, 0);
    EM_TRY(wait_until("the founding", std::chrono::seconds(60), [&] { return !processes_.runs(founder); }));
    if (processes_.exit_status(founder) != 0)
        return fail(Code::unavailable, "founding ended with status {}", *processes_.exit_status(founder));
    for (const std::size_t one : coordinators_) EM_TRY(processes_.start(one));
    return wait_until("a coordinator", std::chrono::seconds(60), [&] {
        const auto known = get("/v1/projects");
        return known.has_value();
    });
}

Status FederationProcesses::set_up() {
    const std::string account = issuer_url_ + "|" + driver;
    EM_ASSIGN(const Json made, post("/v1/projects", {{"id", project},
                                                     {"title", "Load"},
                                                     {"organisation", "A start-up"},
                                                     {"organisation_kind", "startup"},
                                                     {"country", "DE"},
                                                     {"members", {account}},
                                                     {"managers", {account}}}));
    EM_ASSIGN(const Json applied, post("/v1/applications", {{"project", project},
                                                            {"tier", tier},
                                                            {"share", "ju"},
                                                            {"milli_gpu_hours", granted_milli_gpu_hours},
                                                            {"purpose", "to be killed"}}));
    if (applied.value("state", "") != "granted")
        return fail(Code::unavailable, "no time was granted: {}", applied.dump());
    EM_ASSIGN(const Json federation, get("/v1/federation"));
    coordinator_key_ = federation.value("coordinator_key", "");
    for (int i = 0; i < options_.sites; ++i) EM_TRY(add_site(i));
    return wait_until("the sites", std::chrono::seconds(60), [&] {
        const auto sites = get("/v1/sites");
        if (!sites) return false;
        for (const Json& site : (*sites)["sites"])
            if (!site.value("described", false)) return false;
        return true;
    });
}

Status FederationProcesses::add_site(int number) {
    const std::string name = site_names()[static_cast<std::size_t>(number)];
    const os::Path folder = site_folder(name);
    EM_TRY(os::make_folders(folder));
    const SigningKey key = SigningKey::generate();
    EM_TRY(key.write(folder / "site.key"));
    EM_ASSIGN(const Json admitted,
              post("/v1/sites", {{"id", name},
                                 {"public_key", to_hex(key.public_key())},
                                 {"country", countries[static_cast<std::size_t>(number) % countries.size()]},
                                 {"operator", "A centre"},
                                 {"hosting", "ju"}}));
    EM_TRY(os::write_file_atomically(folder / "site.toml", site_file(name)));
    agents_.push_back(processes_.add(name, {(options_.programs / "euromesh").string(), "site", "run",
                                            "--config", (folder / "site.toml").string()}));
    return processes_.start(agents_.back());
}

std::string FederationProcesses::site_file(const std::string& site) const {
    const std::size_t number = static_cast<std::size_t>(site.back() - '0');
    return fmt::format(
        "site = \"{}\"\nfederation = \"{}\"\ncoordinator = \"{}\"\ncoordinator_key = \"{}\"\nfolder = \".\"\n"
        "addresses = [\"{}\"]\nslots = {}\nevery_ms = 100\ncountry = \"{}\"\noperator = \"A "
        "centre\"\nhosting = \"ju\"\n"
        "[[partition]]\nname = \"booster\"\naccelerator = \"h100-64\"\ngpus = {}\ngpus_per_node = {}\n"
        "gpu_memory_mib = 65536\nwatts_per_gpu = 500\nmost_claims = 64\n",
        site, federation_name, urls_[0], coordinator_key_, fmt::join(urls_, "\", \""), options_.slots,
        countries[number % countries.size()], options_.slots, options_.slots);
}

Result<Json> FederationProcesses::ask(const std::function<Result<Json>(apps::ApiClient&)>& call) {
    Result<Json> answer = fail(Code::unavailable, "no coordinator is known");
    for (const auto& client : clients_) {
        answer = call(*client);
        if (answer || answer.error().code != Code::unavailable) break;
    }
    return answer;
}

Result<Json> FederationProcesses::get(const std::string& path) {
    return ask([&](apps::ApiClient& client) { return client.get(path); });
}

Result<Json> FederationProcesses::post(const std::string& path, const Json& body) {
    return ask([&](apps::ApiClient& client) { return client.post(path, body); });
}

Status FederationProcesses::wait_until(const std::string& what, std::chrono::seconds limit,
                                       const std::function<bool()>& holds) {
    const Nanoseconds end = clock_.monotonic() + limit;
    while (!holds()) {
        if (clock_.monotonic() > end)
            return fail(Code::unavailable, "waited {} s in vain for {}", limit.count(), what);
        processes_.poll(std::chrono::milliseconds(20));
    }
    return {};
}

}  // namespace euromesh::kills

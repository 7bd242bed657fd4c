#include "bench/coordinator/federation.hpp"

#include <unistd.h>

#include <csignal>
#include <sstream>

#include "base/hash.hpp"
#include "base/os/entropy.hpp"
#include "base/os/socket.hpp"
#include "base/signature.hpp"
#include "federation/identity/login.hpp"

namespace euromesh::bench {
namespace {

using namespace federation;

constexpr const char* name = "load.example";
constexpr const char* audience = "load-coordinator";
constexpr const char* account = "load";
constexpr const char* secret = "a secret of this measurement only";
constexpr auto patience = std::chrono::seconds(30);

Result<std::uint16_t> free_port() {
    EM_ASSIGN(const os::Socket socket, os::Socket::listen({"127.0.0.1", 0}, {}));
    return socket.local_port();
}

// Asks until it is true, or patience has ended.
template <class Condition>
Status wait_until(const Clock& clock, const char* what, Condition condition) {
    const Nanoseconds limit = clock.monotonic() + patience;
    while (!condition()) {
        if (clock.monotonic() > limit) return fail(Code::unavailable, "{} in vain", what);
        os::wait_ready({}, std::chrono::milliseconds(20));
    }
    return {};
}

}  // namespace

BenchFederation::BenchFederation(FederationOptions options, const Clock& clock, const Logger& logger)
    : options_(std::move(options)), clock_(clock), logger_(logger) {}

BenchFederation::~BenchFederation() {
    (void)stop();
}

Result<std::unique_ptr<BenchFederation>> BenchFederation::start(const FederationOptions& options,
                                                                const Clock& clock, const Logger& logger) {
    std::unique_ptr<BenchFederation> made(new BenchFederation(options, clock, logger));
    EM_TRY(os::make_folders(options.folder));
    EM_TRY(made->open_issuer());
    EM_TRY(made->fetch_token());
    EM_TRY(made->open_coordinator());
    EM_TRY(made->set_up_project());
    EM_ASSIGN(const Json known, made->api_->get("/v1/federation"));
    for (int i = 0; i < options.sites; ++i) EM_TRY(made->set_up_site(i, known.value("coordinator_key", "")));
    EM_TRY(made->wait_for_sites());
    return made;
}

std::string BenchFederation::url() const {
    return fmt::format("{}://127.0.0.1:{}", options_.plain ? "http" : "https", port_);
}

std::string BenchFederation::store() const {
    return options_.store.empty() ? "sqlite:" + (options_.folder / "federation.db").string() : options_.store;
}

Status BenchFederation::open_issuer() {
    EM_ASSIGN(const std::uint16_t port, free_port());
    DevIssuerConfig config;
    config.issuer = fmt::format("http://127.0.0.1:{}", port);
    config.audience = audience;
    config.access_lifetime_ms = 3'600'000;
    config.users = {{"nobody", "Nobody", "nobody@load.example", {}, {Scope::compute_read}}};
    config.services = {
        {account,
         secret,
         {Scope::compute_read, Scope::compute_create, Scope::compute_modify, Scope::compute_cancel,
          Scope::allocation_apply, Scope::allocation_review, Scope::federation_admin}}};
    EM_ASSIGN(
        std::unique_ptr<DevIssuer> issuer,
        DevIssuer::make(config, "127.0.0.1", TokenKey::generate(TokenAlgorithm::es256), os::fill_random));
    door_ = std::make_unique<DevDoor>(std::move(issuer), clock_);
    HttpOptions http;
    http.listen = {"127.0.0.1", port};
    http.threads = 1;
    http.access_log = false;
    EM_ASSIGN(issuer_, HttpServer::start(std::move(http), door_->api(), {}, clock_, logger_, metrics_));
    return {};
}

Status BenchFederation::fetch_token() {
    IssuerFetcher fetcher;
    Login login(fetcher, clock_, os::fill_random, options_.folder);
    const std::string scopes =
        "compute.read compute.create compute.cancel allocation.apply allocation.review "
        "federation.admin";
    EM_ASSIGN(const StoredLogin stored, login.by_secret({fmt::format("http://127.0.0.1:{}", issuer_->port()),
                                                         account, secret, scopes, audience}));
    token_ = stored.tokens.access_token;
    return os::write_secret_atomically(token_file(), token_ + "\n");
}

Result<std::string> BenchFederation::call(const std::vector<std::string>& arguments) {
    os::Children children;
    const os::Path errors = options_.folder / "call.err";
    EM_ASSIGN(const std::size_t child, children.start(arguments, errors));
    (void)child;
    std::string out;
    int status = 0;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(200))) {
            if (event.exit_status)
                status = *event.exit_status;
            else
                out += event.line + "\n";
        }
    }
    if (status == 0) return out;
    return fail(Code::internal, "{} ended with {}: {}{}", arguments[0], status, out,
                os::read_file(errors, 1u << 20).value_or(""));
}

Status BenchFederation::open_coordinator() {
    EM_ASSIGN(port_, free_port());
    const os::Path& folder = options_.folder;
    std::string tls;
    if (!options_.plain) {
        EM_TRY(call({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                     "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", (folder / "key.pem").string(),
                     "-out", authority().string()}));
        tls = "certificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    }
    const std::string issuer = fmt::format("http://127.0.0.1:{}", issuer_->port());
    const os::Path file = folder / "federation.toml";
    EM_TRY(os::write_file_atomically(
        file, fmt::format("name = \"{}\"\nlisten = \"127.0.0.1:{}\"\n{}store = \"{}\"\naccess_log = {}\n"
                          "requests_per_second = 1000000\n[[issuer]]\nurl = \"{}\"\naudience = \"{}\"\n",
                          name, port_, tls, store(), options_.access_log, issuer, audience)));
    const std::string program = (options_.programs / "euromesh").string();
    EM_TRY(call({program, "serve", "--config", file.string(), "--init", "--admin",
                 fmt::format("{}|{}", issuer, account)}));
    EM_ASSIGN(coordinator_,
              children_.start({program, "serve", "--config", file.string()}, folder / "serve.log"));
    api_ = std::make_unique<apps::ApiClient>(
        apps::CoordinatorAddress{url(), options_.plain ? std::string() : authority().string()},
        [this]() -> Result<std::string> { return token_; });
    // It knows its issuer's keys a moment after it listens.
    return wait_until(clock_, "waited for the coordinator",
                      [&] { return api_->get("/v1/whoami").has_value(); });
}

Status BenchFederation::set_up_project() {
    EM_TRY(api_->post("/v1/projects",
                      {{"id", "load"},
                       {"organisation", "Measurement"},
                       {"country", "DE"},
                       {"members", {fmt::format("http://127.0.0.1:{}|{}", issuer_->port(), account)}}}));
    const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall()).count();
    return api_
        ->post("/v1/allocations", {{"project", "load"},
                                   {"tier", "aif-large-scale"},
                                   {"milli_gpu_hours", 1'000'000'000'000},
                                   {"begin_ms", now_ms - 1000},
                                   {"end_ms", now_ms + 30LL * 86'400'000}})
        .map([](const Json&) {});
}

Status BenchFederation::set_up_site(int number, const std::string& coordinator_key) {
    const std::string id = fmt::format("site-{}", number);
    const os::Path folder = options_.folder / id;
    EM_TRY(os::make_folders(folder));
    const SigningKey key = SigningKey::generate();
    EM_TRY(key.write(folder / "site.key"));
    EM_TRY(api_->post("/v1/sites", {{"id", id},
                                    {"public_key", to_hex(key.public_key())},
                                    {"country", "DE"},
                                    {"operator", "Measurement"},
                                    {"hosting", "ju"},
                                    {"owners", {"DE"}}}));
    const os::Path file = folder / "site.toml";
    const std::string authorities =
        options_.plain ? "" : fmt::format("authorities = \"{}\"\n", authority().string());
    EM_TRY(os::write_file_atomically(
        file, fmt::format(
                  "site = \"{}\"\nfederation = \"{}\"\ncoordinator = \"{}\"\ncoordinator_key = \"{}\"\n{}"
                  "folder = \".\"\nslots = 2\nevery_ms = 500\ncountry = \"DE\"\noperator = \"Measurement\"\n"
                  "hosting = \"ju\"\n[[partition]]\nname = \"booster\"\naccelerator = \"h100\"\ngpus = 4\n"
                  "gpus_per_node = 4\nmax_hours = 24\nmost_claims = 64\n",
                  id, name, url(), coordinator_key, authorities)));
    EM_ASSIGN(const std::size_t agent, children_.start({(options_.programs / "euromesh").string(), "site",
                                                        "run", "--config", file.string()},
                                                       folder / "agent.log"));
    agents_.push_back(agent);
    return {};
}

Status BenchFederation::wait_for_sites() {
    return wait_until(clock_, "waited for the sites", [&] {
        const auto sites = api_->get("/v1/sites");
        if (!sites) return false;
        int described = 0;
        for (const Json& site : sites->value("sites", Json::array()))
            described += site.contains("partitions") || site.contains("document") ? 1 : 0;
        return described == options_.sites;
    });
}

Result<double> BenchFederation::cpu_seconds() const {
    EM_ASSIGN(const std::string text,
              os::read_file(fmt::format("/proc/{}/stat", coordinator_process()), 4096));
    std::istringstream words(text.substr(text.rfind(')') + 2));
    std::string word;
    double ticks = 0;
    // Fields 14 and 15 of proc(5): user and system time; the third stands behind the parenthesis.
    for (int field = 3; words >> word && field <= 15; ++field) {
        if (field >= 14) ticks += std::stod(word);
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Result<double> BenchFederation::memory_mib() const {
    EM_ASSIGN(const std::string text,
              os::read_file(fmt::format("/proc/{}/statm", coordinator_process()), 4096));
    std::istringstream words(text);
    double pages = 0;
    words >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

Result<std::int64_t> BenchFederation::metric(const std::string& wanted) {
    os::HttpClient client;
    os::HttpRequest request;
    request.url = url() + "/metrics";
    request.authority_file = options_.plain ? std::string() : authority().string();
    EM_ASSIGN(const os::HttpText answer, os::ask_text(client, request, 4u << 20));
    const std::size_t at = answer.body.find("\n" + wanted + " ");
    if (at == std::string::npos) return fail(Code::not_found, "/metrics has no {}", wanted);
    return std::stoll(answer.body.substr(at + wanted.size() + 2));
}

Status BenchFederation::stop() {
    const auto end = [&](std::size_t child) {
        children_.send_signal(child, SIGTERM);
        bool is_over = false;
        const Nanoseconds limit = clock_.monotonic() + patience;
        while (!is_over && children_.any_left() && clock_.monotonic() < limit) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(100)))
                is_over = is_over || (event.exit_status && event.child == child);
        }
        return is_over;
    };
    for (const std::size_t agent : std::exchange(agents_, {})) (void)end(agent);
    if (children_.any_left() && !end(coordinator_))
        return fail(Code::unavailable, "the coordinator does not end");
    return {};
}

Result<BenchFederation::Ledger> BenchFederation::verify() {
    const std::string file = (options_.folder / "export.ledger").string();
    EM_TRY(call({(options_.programs / "euromesh").string(), "ledger", "export", file, "--store", store()}));
    Ledger ledger;
    EM_ASSIGN(const std::string said,
              call({(options_.programs / "euromesh-verify").string(), file, "--json"}));
    EM_ASSIGN(const Json findings, parse_json(said));
    ledger.verdict = findings.value("verdict", "?");
    ledger.entries = findings.value("entries", std::int64_t{0});
    EM_ASSIGN(const os::MappedFile mapped, os::MappedFile::open(file));
    const auto bytes = mapped.bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto count = [&](std::string_view what) {
        std::int64_t found = 0;
        for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
            ++found;
        return found;
    };
    ledger.submitted = count(R"("type":"job.submitted")");
    ledger.decided = count(R"("type":"job.decided")");
    return ledger;
}

}  // namespace euromesh::bench

#include "apps/coordinator_program.hpp"

#include <condition_variable>
#include "apps/standby.hpp"

#include "base/hash.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "federation/identity/issuer_fetcher.hpp"
#include "federation/service/founding.hpp"

namespace euromesh::apps {
namespace {

using namespace federation;

constexpr const char* key_file = "coordinator.key";
constexpr const char* next_key_file = "coordinator.key.next";
constexpr const char* board_file = "board.key";
constexpr Nanoseconds keeper_pause = std::chrono::milliseconds(200);
constexpr Nanoseconds lead_pause = std::chrono::milliseconds(300);
constexpr Nanoseconds stop_patience = std::chrono::seconds(5);

Result<SigningKey> read_or_make_key(const os::Path& file) {
    auto key = SigningKey::read(file);
    if (key || key.error().code != Code::not_found) return key;
    EM_TRY(os::make_folders(file.parent_path()));
    const SigningKey made = SigningKey::generate();
    EM_TRY(made.write(file));
    return made;
}

Result<std::unique_ptr<Coordinator>> open_with(SigningKey key, const ServeConfig& config, const Clock& clock,
                                               const Logger& logger) {
    EM_ASSIGN(std::unique_ptr<LogStore> writing, open_store(config.store));
    EM_ASSIGN(std::unique_ptr<LogStore> reading, open_store(config.store));
    CoordinatorOptions options;
    options.holder = fmt::format("{} process {}", config.url, os::own_process_id());
    return Coordinator::open(std::move(writing), std::move(reading), std::move(key), clock, logger,
                             std::move(options));
}

// The successor is in the ledger: it takes the place of the old key.
Status take_next_key(const ServeConfig& config) {
    EM_ASSIGN(const std::string text, os::read_file(config.keys / next_key_file, 1u << 16));
    EM_TRY(os::write_secret_atomically(config.keys / key_file, text));
    std::error_code ignored;
    std::filesystem::remove(config.keys / next_key_file, ignored);
    return {};
}

// A rotation that was cut between the ledger and the file is finished here.
Result<std::unique_ptr<Coordinator>> open_coordinator_of(const ServeConfig& config, const Clock& clock,
                                                         const Logger& logger) {
    auto key = SigningKey::read(config.keys / key_file);
    if (!key && key.error().code == Code::not_found)
        return fail(Code::not_found, "{}: no key; found the federation first: euromesh serve --init",
                    (config.keys / key_file).string());
    if (!key) return fail(key.error());
    auto opened = open_with(std::move(*key), config, clock, logger);
    if (opened || opened.error().code != Code::refused) return opened;
    auto next = SigningKey::read(config.keys / next_key_file);
    if (!next) return opened;
    EM_ASSIGN(std::unique_ptr<Coordinator> coordinator, open_with(std::move(*next), config, clock, logger));
    EM_TRY(take_next_key(config));
    return coordinator;
}

}  // namespace

Result<Json> ask(Coordinator& coordinator, Command command) {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<Result<Json>> got;
    coordinator.execute(command, [&](Result<Json> answer) {
        const std::lock_guard lock(mutex);
        got = std::move(answer);
        answered.notify_all();
    });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return got.has_value(); });
    return std::move(*got);
}

Status found_federation(const ServeConfig& config, const std::vector<std::string>& administrators,
                        const Clock& clock, const Logger& logger) {
    EM_ASSIGN(const SigningKey key, read_or_make_key(config.keys / key_file));
    EM_ASSIGN(const SigningKey board, read_or_make_key(config.keys / board_file));
    EM_ASSIGN(FederationRecord record,
              new_federation({config.name, key.public_key(), board.public_key(), administrators}));
    EM_ASSIGN(const std::unique_ptr<Coordinator> coordinator, open_coordinator_of(config, clock, logger));
    const Actor founder{
        .account = administrators.front(), .name = {}, .groups = {}, .scopes = {}, .site = {}};
    const auto founded = ask(*coordinator, {founder, Found{std::move(record)}});
    return founded ? Status{} : Status(fail(founded.error()));
}

Status rotate_coordinator_key(const ServeConfig& config, const Clock& clock, const Logger& logger) {
    EM_ASSIGN(std::unique_ptr<Coordinator> coordinator, open_coordinator_of(config, clock, logger));
    EM_ASSIGN(const SigningKey key, SigningKey::read(config.keys / key_file));
    EM_ASSIGN(const SigningKey next, read_or_make_key(config.keys / next_key_file));
    KeyEvent event;
    event.role = KeyRole::coordinator;
    event.name = coordinator->read([](const Core& core) { return core.tables().federation().name; });
    event.key = key.public_key();
    event.successor = next.public_key();
    sign_key_event(event.name, event, event.name, key);
    Actor owner;
    owner.account = event.name;
    const auto changed = ask(*coordinator, {std::move(owner), ChangeKey{std::move(event)}});
    if (!changed) return fail(changed.error());
    coordinator.reset();
    return take_next_key(config);
}

Result<std::unique_ptr<CoordinatorProgram>> CoordinatorProgram::start(const ServeConfig& config,
                                                                      const Clock& clock,
                                                                      const Logger& logger) {
    std::unique_ptr<CoordinatorProgram> made(new CoordinatorProgram(config, clock, logger));
    EM_TRY(made->take_the_lead());
    EM_TRY(made->open_server());
    made->keeper_ = os::Thread([self = made.get()](const std::stop_token& stop) { self->look_after(stop); });
    return made;
}

CoordinatorProgram::~CoordinatorProgram() {
    keeper_ = os::Thread();
    if (server_) server_->stop(stop_patience);
    server_.reset();
    if (events_) events_->stop();
    coordinator_.reset();
}

// Where several share a store, the others wait here until the one that leads has gone, and say so to whoever
// asks.
Status CoordinatorProgram::take_the_lead() {
    Status led = open_coordinator();
    if (led || led.error().code != Code::conflict || !may_wait_for_lead(config_)) return led;
    logger_.warning("waiting to lead", {{"because", led.error().message}});
    EM_ASSIGN(const std::unique_ptr<Standby> standby, Standby::start(config_, clock_, logger_));
    for (;;) {
        os::wait_ready({}, lead_pause);
        if (os::stop_requested()) return fail(Code::cancelled, "stopped while another coordinator leads");
        led = open_coordinator();
        const bool is_temporary =
            !led && (led.error().code == Code::conflict || led.error().code == Code::unavailable);
        if (!is_temporary) return led;
    }
}

Status CoordinatorProgram::open_coordinator() {
    EM_ASSIGN(coordinator_, open_coordinator_of(config_, clock_, logger_));
    if (!coordinator_->read([](const Core& core) { return core.tables().founded(); }))
        return fail(Code::not_found, "{}: there is no federation in it yet: euromesh serve --init",
                    config_.store);
    EM_ASSIGN(issuers_, TrustedIssuers::make(config_.issuers));
    events_ = std::make_unique<EventHub>(*coordinator_);
    return {};
}

Status CoordinatorProgram::open_server() {
    context_.emplace(ApiContext{*coordinator_, *issuers_, door_, *events_, outputs_, EUROMESH_VERSION,
                                config_.issuers[0].issuer, config_.issuers[0].client,
                                config_.issuers[0].audience});
    EM_ASSIGN(Api api, make_api(*context_));
    api.routes.push_back(metrics_route(metrics_, ""));
    metrics_.gauge_from("ledger_entries", "durable entries of the ledger", {},
                        [this] { return static_cast<std::int64_t>(coordinator_->durable()); });
    metrics_.gauge_from("jobs_waiting", "jobs that wait for a place", {}, [this] {
        return coordinator_->read(
            [](const Core& core) { return static_cast<std::int64_t>(core.tables().waiting().size()); });
    });
    HttpOptions options;
    options.listen = config_.listen;
    options.tls = config_.tls;
    options.proxy = config_.proxy;
    options.access_log = config_.access_log;
    options.limits.rate = {.per_second = config_.requests_per_second,
                           .burst = 2 * config_.requests_per_second};
    EM_ASSIGN(server_, HttpServer::start(std::move(options), std::move(api), make_authenticate(*context_),
                                         clock_, logger_, metrics_));
    return {};
}

// Issuers' keys, and questions that no site answers.
void CoordinatorProgram::look_after(const std::stop_token& stop) {
    IssuerFetcher fetcher(config_.issuer_authorities);
    std::mutex mutex;
    std::condition_variable_any pause;
    while (!stop.stop_requested()) {
        for (const Error& error : fetcher.refresh(*issuers_, clock_, stop))
            logger_.warning("an issuer does not answer", {{"error", error.message}});
        outputs_.give_up();
        std::unique_lock lock(mutex);
        pause.wait_for(lock, stop, keeper_pause, [] { return false; });
    }
}

}  // namespace euromesh::apps

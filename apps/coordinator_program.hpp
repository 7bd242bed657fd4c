// A coordinator as a running program: store, core, issuers and HTTP server put together.
//
// `euromesh serve` and `euromesh up` run the same. Thread rule: one thread starts, asks and stops it; it has
// threads of its own.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "federation/service/api.hpp"
#include "federation/service/serve_config.hpp"

namespace euromesh::apps {

class CoordinatorProgram {
  public:
    // Where several may share the store, it waits until it leads; cancelled: it was stopped meanwhile.
    // bad_input, conflict (port, or another coordinator leads), refused, corrupted: as their parts say.
    static Result<std::unique_ptr<CoordinatorProgram>> start(const federation::ServeConfig& config,
                                                             const Clock& clock, const Logger& logger);
    ~CoordinatorProgram();
    CoordinatorProgram(const CoordinatorProgram&) = delete;
    CoordinatorProgram& operator=(const CoordinatorProgram&) = delete;

    std::uint16_t port() const { return server_->port(); }
    federation::Coordinator& coordinator() { return *coordinator_; }
    // Its log cannot be written any more: the program has to end, and be started again.
    bool is_failed() const { return coordinator_->is_failed(); }

  private:
    CoordinatorProgram(const federation::ServeConfig& config, const Clock& clock, const Logger& logger)
        : config_(config), clock_(clock), logger_(logger), door_(config.url), outputs_(clock) {}
    Status take_the_lead();
    Status open_coordinator();
    Status open_server();
    void look_after(const std::stop_token& stop);

    const federation::ServeConfig config_;
    const Clock& clock_;
    const Logger& logger_;
    federation::MetricRegistry metrics_;
    std::unique_ptr<federation::Coordinator> coordinator_;
    std::unique_ptr<federation::TrustedIssuers> issuers_;
    federation::SiteDoor door_;
    federation::OutputDesk outputs_;
    std::unique_ptr<federation::EventHub> events_;
    std::optional<federation::ApiContext> context_;
    std::unique_ptr<federation::HttpServer> server_;
    os::Thread keeper_;
};

// Makes keys and the first entries of a new federation. conflict: the store has one already.
Status found_federation(const federation::ServeConfig& config, const std::vector<std::string>& administrators,
                        const Clock& clock, const Logger& logger);

// Signs a new key with the old one, into the ledger and in its place; the coordinator must not be running.
// conflict: it is.
Status rotate_coordinator_key(const federation::ServeConfig& config, const Clock& clock,
                              const Logger& logger);

// Asks the core and waits for the answer.
Result<Json> ask(federation::Coordinator& coordinator, federation::Command command);

}  // namespace euromesh::apps

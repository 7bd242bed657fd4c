// A coordinator that waits for another one's place: it listens, and says to everybody that it does not lead.
//
// Why: several coordinators may share one PostgreSQL. Who asks the wrong one must learn at once, and in
// words, that nothing was done, so that asking the next one is safe. Thread rule: one thread starts and ends
// it; the server has threads of its own.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "federation/http/server.hpp"
#include "federation/service/serve_config.hpp"

namespace euromesh::apps {

class Standby {
  public:
    // conflict: the port is taken.
    static Result<std::unique_ptr<Standby>> start(const federation::ServeConfig& config, const Clock& clock,
                                                  const Logger& logger);
    // The port is free again afterwards.
    ~Standby();
    Standby(const Standby&) = delete;
    Standby& operator=(const Standby&) = delete;

    std::uint16_t port() const { return server_->port(); }

  private:
    Standby() = default;
    federation::MetricRegistry metrics_;
    std::unique_ptr<federation::HttpServer> server_;
};

// Only then another one may lead the same store while this one waits.
bool may_wait_for_lead(const federation::ServeConfig& config);

}  // namespace euromesh::apps

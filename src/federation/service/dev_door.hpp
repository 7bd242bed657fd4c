// The development issuer behind an HTTP server of its own, on this machine only.
//
// Why: `euromesh up` shows the same log-in as with a real issuer. Thread rule: the routes lock; the issuer
// and the clock must outlive the server.
#pragma once

#include <mutex>

#include "base/clock.hpp"
#include "federation/http/route.hpp"
#include "federation/identity/dev_issuer.hpp"

namespace euromesh::federation {

class DevDoor {
  public:
    DevDoor(std::unique_ptr<DevIssuer> issuer, const Clock& clock)
        : issuer_(std::move(issuer)), clock_(clock) {}

    // Every address that the issuer answers.
    Api api();

  private:
    void add(Api& api, HttpMethod method, const std::string& path, const std::string& id);
    HttpAnswer handle(const HttpCall& call);

    std::mutex mutex_;
    std::unique_ptr<DevIssuer> issuer_;
    const Clock& clock_;
};

}  // namespace euromesh::federation

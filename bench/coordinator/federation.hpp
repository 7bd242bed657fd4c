// A federation for a load: an issuer in this process, the real coordinator and three real agents as processes
// of the shipped program, founded and filled through its commands and its API as a user would.
//
// Everything lies in one folder; what was started is ended by the destructor. One thread, but for the
// issuer's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/api_client.hpp"
#include "base/os/process.hpp"
#include "federation/http/server.hpp"
#include "federation/service/dev_door.hpp"

namespace euromesh::bench {

struct FederationOptions {
    os::Path programs;  // folder with euromesh, euromesh-verify, euromesh-shepherd
    os::Path folder;
    bool plain = false;      // HTTP on loopback instead of HTTPS
    bool access_log = true;  // as shipped
    int sites = 3;           // with an agent each
    std::string store = {};  // empty: SQLite in the folder
};

class BenchFederation {
  public:
    static Result<std::unique_ptr<BenchFederation>> start(const FederationOptions& options,
                                                          const Clock& clock, const Logger& logger);
    ~BenchFederation();

    std::string url() const;
    std::uint16_t port() const { return port_; }
    const std::string& token() const { return token_; }
    os::Path token_file() const { return options_.folder / "token"; }
    os::Path authority() const { return options_.folder / "certificate.pem"; }
    apps::ApiClient& api() { return *api_; }
    int coordinator_process() const { return children_.process_id(coordinator_); }
    // Of all its threads since it began.
    Result<double> cpu_seconds() const;
    Result<double> memory_mib() const;
    // The number of a line of /metrics.
    Result<std::int64_t> metric(const std::string& name);

    // Agents first, then the coordinator, as a service manager would.
    Status stop();
    // Of the export of the ledger: how many entries of this type; after euromesh-verify says that it holds.
    struct Ledger {
        std::int64_t entries = 0, submitted = 0, decided = 0;
        std::string verdict;
    };
    Result<Ledger> verify();

  private:
    BenchFederation(FederationOptions options, const Clock& clock, const Logger& logger);
    Status open_issuer();
    Status fetch_token();
    Status open_coordinator();
    Status set_up_project();
    Status set_up_site(int number, const std::string& coordinator_key);
    Status wait_for_sites();
    // Runs a program to its end; its output.
    Result<std::string> call(const std::vector<std::string>& arguments);
    std::string store() const;

    FederationOptions options_;
    const Clock& clock_;
    const Logger& logger_;
    federation::MetricRegistry metrics_;
    std::unique_ptr<federation::DevDoor> door_;
    std::unique_ptr<federation::HttpServer> issuer_;
    std::string token_;
    std::uint16_t port_ = 0;
    std::unique_ptr<apps::ApiClient> api_;
    os::Children children_;
    std::size_t coordinator_ = 0;
    std::vector<std::size_t> agents_;
};

}  // namespace euromesh::bench

// A whole federation as processes of this machine: issuer (in this process), data base, coordinators, agents.
//
// The coordinators and agents are the shipped program with configuration files as people write them. Thread
// rule: one thread; token() is safe from any.
#pragma once

#include <memory>
#include <mutex>

#include "apps/api_client.hpp"
#include "base/log.hpp"
#include "bench/kills/process_set.hpp"
#include "federation/http/server.hpp"
#include "federation/service/dev_door.hpp"

namespace euromesh::kills {

struct FederationOptions {
    os::Path folder;    // of its own
    os::Path programs;  // where euromesh lies
    std::uint64_t seed = 1;
    int sites = 3;
    int slots = 4;
    int coordinators = 1;  // more than one needs PostgreSQL
    bool postgres = false;
};

class FederationProcesses {
  public:
    // Founded, running, with one project that has time, and the sites admitted.
    static Result<std::unique_ptr<FederationProcesses>> make(const FederationOptions& options,
                                                             const Clock& clock, const Logger& logger);
    // SIGKILL to what still runs.
    ~FederationProcesses();

    ProcessSet& processes() { return processes_; }
    const std::vector<std::size_t>& coordinators() const { return coordinators_; }
    const std::vector<std::size_t>& agents() const { return agents_; }
    const std::vector<std::string>& urls() const { return urls_; }
    std::vector<std::string> site_names() const;
    os::Path site_folder(const std::string& site) const { return options_.folder / site; }
    const std::string& store() const { return store_; }
    // Good for the driver: administrator, and member of the project.
    Result<std::string> token();
    // Asks the coordinators one after another until one answers; for the thread that owns this.
    Result<Json> get(const std::string& path);
    Result<Json> post(const std::string& path, const Json& body);
    // Waits until it holds, and looks after the processes meanwhile. unavailable: not in time.
    Status wait_until(const std::string& what, std::chrono::seconds limit,
                      const std::function<bool()>& holds);

  private:
    FederationProcesses(FederationOptions options, const Clock& clock, const Logger& logger)
        : options_(std::move(options)), clock_(clock), logger_(logger), processes_(options_.folder) {}
    Status choose_ports();
    Status start_issuer();
    Status start_database();
    Status found();
    Status set_up();
    Status add_site(int number);
    std::string serve_file(const std::string& url) const;
    std::string site_file(const std::string& site) const;
    Result<Json> ask(const std::function<Result<Json>(apps::ApiClient&)>& call);

    const FederationOptions options_;
    const Clock& clock_;
    const Logger& logger_;
    federation::MetricRegistry metrics_;
    std::unique_ptr<federation::DevDoor> door_;
    std::unique_ptr<federation::HttpServer> issuer_;
    std::string issuer_url_, store_, coordinator_key_;
    std::vector<std::string> urls_;
    std::mutex token_mutex_;
    std::string token_;
    Nanoseconds token_until_{0};
    std::vector<std::unique_ptr<apps::ApiClient>> clients_;
    std::vector<std::size_t> coordinators_, agents_;
    std::optional<std::size_t> database_;
    ProcessSet processes_;
};

}  // namespace euromesh::kills

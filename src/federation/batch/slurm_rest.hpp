// Slurm asked through its REST service, slurmrestd.
//
// Why: some centres offer it instead of a login node's commands. Which version of its API is spoken is found
// out by asking it, once (slurm_rest_wire.hpp). The list of jobs is that of all users; only this user's are
// kept. It ends jobs by SIGKILL only. A token (a JWT that Slurm accepts, with the claim `sun`) is read from
// its file for each request, so that it can be renewed there; no error text holds it. Thread rule: one thread
// at a time.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "base/os/http_client.hpp"
#include "federation/batch/slurm_rest_wire.hpp"
#include "federation/batch/slurm_scheduler.hpp"

namespace euromesh::federation {

struct SlurmRestOptions {
    std::string url;               // http://host:port or https://..., without a path; unix:/path/of/socket
    std::string user;              // whose token it is; jobs run as that user
    os::Path token_file;           // one line; "SLURM_JWT=" before it, as scontrol writes it, does no harm
    std::string authority_file{};  // of https; empty: the system's
    Nanoseconds limit = std::chrono::seconds(30);
};

class SlurmRest final : public SlurmScheduler {
  public:
    SlurmRest(SlurmRestOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
    Result<std::string> submit(const SlurmSubmission& submission) override;
    Result<std::vector<SlurmJob>> jobs() override;
    Result<SlurmJob> job(const std::string& id) override;
    Status cancel(const std::string& id) override;
    bool cancels_at_once() const override { return true; }

  private:
    Result<std::string> token() const;
    Result<os::HttpText> ask(const std::string& method, const std::string& path, const std::string& body);
    Result<const RestVersion*> version();
    Result<std::string> path(const std::string& what);
    Error explained(Error said) const;

    SlurmRestOptions options_;
    const Clock& clock_;
    os::HttpClient client_{};
    const RestVersion* version_ = nullptr;  // null: not asked yet
};

}  // namespace euromesh::federation

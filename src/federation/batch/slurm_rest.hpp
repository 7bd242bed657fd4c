// Slurm asked through its REST service, slurmrestd (API v0.0.38 of Slurm 22.05).
//
// Why: some centres offer it instead of a login node's commands. Its answers need care: errors come as HTTP
// 500 with a list of them, as HTTP 200 with a list, or as bare words; what really happened is told by Slurm's
// own error in the list. The list of jobs is that of all users; only this user's are kept. It ends jobs by
// SIGKILL only. A token (a JWT that Slurm accepts, with the claim `sun`) is read from its file for each
// request, so that it can be renewed there; no error text holds it. Thread rule: one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/os/file.hpp"
#include "base/os/http_client.hpp"
#include "federation/batch/slurm_scheduler.hpp"

namespace euromesh::federation {

struct SlurmRestOptions {
    std::string url;               // http://host:port or https://..., without a path
    std::string user;              // whose token it is; jobs run as that user
    os::Path token_file;           // one line; "SLURM_JWT=" before it, as scontrol writes it, does no harm
    std::string authority_file{};  // of https; empty: the system's
    Nanoseconds limit = std::chrono::seconds(30);
};

class SlurmRest final : public SlurmScheduler {
  public:
    explicit SlurmRest(SlurmRestOptions options) : options_(std::move(options)) {}
    Result<std::string> submit(const SlurmSubmission& submission) override;
    Result<std::vector<SlurmJob>> jobs() override;
    Result<SlurmJob> job(const std::string& id) override;
    Status cancel(const std::string& id) override;
    bool cancels_at_once() const override { return true; }

  private:
    Result<os::HttpText> ask(const std::string& method, const std::string& path, const std::string& body);
    SlurmRestOptions options_;
    os::HttpClient client_{};
};

// The body of a submission.
std::string rest_submission(const SlurmSubmission& submission);
// The document of an answer; refused, not_found or unavailable with Slurm's words when it tells of an error.
Result<std::string> parse_rest_submitted(int status, std::string_view body);
Result<std::vector<SlurmJob>> parse_rest_jobs(int status, std::string_view body, std::string_view user);
Status parse_rest_status(int status, std::string_view body);

}  // namespace euromesh::federation

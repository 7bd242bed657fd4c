#include "federation/batch/slurm_rest.hpp"

#include <pwd.h>

#include "federation/batch/slurm_for_test.hpp"

namespace euromesh::federation {
namespace {

// Answers of slurmrestd 22.05.8, shortened.
constexpr const char* no_partition =
    R"({"meta":{},"errors":[{"error_code":2000,"error":"Invalid partition name specified"}]})";
constexpr const char* no_job =
    R"({"errors":[{"description":"Unable to find JobId=9","error_number":2017,"error":"Invalid job id specified"}],"jobs":[]})";
constexpr const char* two_jobs =
    R"({"errors":[],"jobs":[{"job_id":13,"name":"m~1","user_name":"a","job_state":"FAILED","state_reason":"NonZeroExitCode",
    "current_working_directory":"/w/m","submit_time":10,"start_time":11,"end_time":12,"exit_code":19200,"nice":null},
    {"job_id":14,"user_name":"b","job_state":"RUNNING"},{"job_id":"x","user_name":"a"},7,
    {"job_id":15,"user_name":"a","job_state":"PENDING","state_reason":"Resources","start_time":99,"end_time":199}]})";

TEST_CASE("REST: what really happened is in the list of errors, whatever the status") {
    for (const int status : {200, 500}) {
        CHECK(parse_rest_submitted(status, no_partition).error().code == Code::refused);
        CHECK(parse_rest_submitted(status, no_partition).error().message ==
              "Invalid partition name specified");
        CHECK(parse_rest_status(status, no_job).error().code == Code::not_found);
    }
    CHECK(parse_rest_submitted(200, R"({"errors":[],"job_id":13})").value() == "13");
    CHECK(parse_rest_submitted(200, R"({"errors":[]})").error().code == Code::unavailable);
    // Without a reason nobody knows whether it took effect.
    CHECK(parse_rest_submitted(500, "Authentication failure").error().code == Code::unavailable);
    CHECK(parse_rest_submitted(500, "").error().message.find("'sun'") != std::string::npos);
    CHECK(parse_rest_status(401, "Authentication failure").error().message.find("token") !=
          std::string::npos);
    CHECK(parse_rest_status(200, "").has_value());
}

TEST_CASE("REST: jobs of this user, and how they ended") {
    const auto jobs = parse_rest_jobs(200, two_jobs, "a");
    REQUIRE(jobs.has_value());
    REQUIRE(jobs->size() == 2);
    CHECK(jobs->front().state == SlurmState::failed);
    CHECK(jobs->front().exit_status == 75);
    CHECK(jobs->front().exit_signal == 0);
    CHECK(jobs->front().ended_ms == 12'000);
    CHECK(jobs->back().words == "PENDING: Resources");
    CHECK(jobs->back().ended_ms == 0);
    CHECK_FALSE(parse_rest_jobs(200, R"({"jobs":7})", "a").has_value());
}

// The same cluster, asked through its slurmrestd with a token for the user of this process.
struct RestFolder : SlurmFolder {
    explicit RestFolder(const SlurmCluster& chosen) : SlurmFolder(chosen) {
        const std::string user = ::getpwuid(::getuid())->pw_name;
        const os::Path file = path / "token";
        const std::string token = cluster.ask({"scontrol", "token", "username=" + user, "lifespan=3600"});
        if (!os::write_secret_atomically(file, token)) FAIL("no token");
        const std::string env = text_of(cluster.path() / "cluster/env");
        std::string url = env.substr(env.find("http://"));
        url = url.substr(0, url.find('\n'));
        make_scheduler = [=] {
            return std::make_unique<SlurmRest>(
                SlurmRestOptions{.url = url, .user = user, .token_file = file});
        };
    }
};

TEST_CASE("Slurm by REST: a job's life") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const RestFolder folder(*cluster);
        check_job_life(folder.test());
    }
}

TEST_CASE("Slurm by REST: warnings, files, one after another") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const RestFolder folder(*cluster);
        check_order_of_jobs(folder.test());
    }
}

TEST_CASE("Slurm by REST: exactly once") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const RestFolder folder(*cluster);
        check_once(folder.test());
    }
}

TEST_CASE("Slurm by REST: cancel") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const RestFolder folder(*cluster);
        check_cancel(folder.test());
    }
}

TEST_CASE("Slurm by REST: refusals in its own words, and a token that is none") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const RestFolder folder(*cluster);
    auto system = opened(folder.test());
    JobStart job = shell_job(folder.test(), "no", "true");
    job.queue = "nix";
    const auto refused = system->submit(job);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::refused);
    CHECK(refused.error().message.find("partition") != std::string::npos);
    REQUIRE(os::write_secret_atomically(folder.path / "token", "hush-hush").has_value());
    // A connection stays what it was when it was accepted.
    system.reset();
    system = opened(folder.test());
    const auto waits = system->submit(shell_job(folder.test(), "waits", "true"));
    REQUIRE(waits.has_value());
    CHECK(waits->state == BatchState::queued);
    CHECK(waits->message.find("token") != std::string::npos);
    CHECK(waits->message.find("hush") == std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

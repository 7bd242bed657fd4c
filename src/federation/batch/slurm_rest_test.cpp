#include "federation/batch/slurm_rest.hpp"

#include <pwd.h>

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "federation/batch/slurm_for_test.hpp"

namespace euromesh::federation {
namespace {

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
        make_scheduler = [=, this] {
            return std::make_unique<SlurmRest>(SlurmRestOptions{.url = url, .user = user, .token_file = file},
                                               clock);
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

// RFC 2104, RFC 7515: what the cluster's own key signs is a token to it, whatever it claims.
std::string signed_token(const SlurmCluster& cluster, const std::string& claims) {
    const auto url_form = [](std::string text) {
        for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
        return text.substr(0, text.find('='));
    };
    std::string inner = text_of(cluster.path() / "cluster/state/jwt.key");
    REQUIRE(inner.size() == 32);
    inner.resize(64, '\0');
    std::string outer = inner;
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
    const std::string text = url_form(to_base64(std::string_view(R"({"alg":"HS256","typ":"JWT"})"))) + "." +
                             url_form(to_base64(claims));
    const Sha256Digest first = sha256(inner + text);
    const Sha256Digest mac = sha256(outer + std::string(first.begin(), first.end()));
    return text + "." + url_form(to_base64(std::span<const std::uint8_t>(mac)));
}

TEST_CASE("Slurm by REST: a token without the needed claim, or of somebody else, is refused in those words") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const RestFolder folder(*cluster);
    const std::string user = ::getpwuid(::getuid())->pw_name;
    const auto said = [&](const std::string& claims) {
        REQUIRE(os::write_secret_atomically(folder.path / "token", signed_token(*cluster, claims)));
        const auto system = opened(folder.test());
        return system->submit(shell_job(folder.test(), "no", "true"));
    };
    const std::string until = R"("exp":4000000000,)";
    const auto lacks = said("{" + until + R"("iat":1})");
    REQUIRE_FALSE(lacks.has_value());
    CHECK(lacks.error().code == Code::refused);
    CHECK(lacks.error().message.find("lacks the claim 'sun'") != std::string::npos);
    CHECK(lacks.error().message.find("Zero Bytes") != std::string::npos);
    const auto other = said("{" + until + R"("sun":"somebody"})");
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().message.find("of user 'somebody' (its claim 'sun'), not of '" + user) !=
          std::string::npos);
    // One that is only too old is renewed some time: the job waits.
    const auto old = said(R"({"exp":1000,"sun":")" + user + "\"}");
    REQUIRE(old.has_value());
    CHECK(old->state == BatchState::queued);
    CHECK(old->message.find("was good until 1970") != std::string::npos);
    CHECK(std::filesystem::exists(folder.options.root / "jobs/job-no"));
}

TEST_CASE("Slurm by REST: over the limit, too many nodes, no such account, in the centre's own words") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const RestFolder folder(*cluster);
    const auto system = opened(folder.test());
    const auto words = [&](const std::function<void(JobStart&)>& change) {
        JobStart job = shell_job(folder.test(), "no", "true");
        change(job);
        const auto said = system->submit(job);
        REQUIRE_FALSE(said.has_value());
        CHECK(said.error().code == Code::refused);
        return said.error().message;
    };
    CHECK(words([](JobStart& job) { job.duration_ms = 61LL * 60'000; }).find("time limit is invalid") !=
          std::string::npos);
    CHECK_FALSE(words([](JobStart& job) { job.resources.nodes = 7; }).empty());
    CHECK_FALSE(words([](JobStart& job) { job.account = "nix"; }).empty());
}

TEST_CASE("Slurm by REST: over a socket of the machine") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    RestFolder folder(*cluster);
    const std::string user = ::getpwuid(::getuid())->pw_name;
    SlurmRest rest({.url = "unix:" + (cluster->path() / "cluster/rest/socket").string(),
                    .user = user,
                    .token_file = folder.path / "token"},
                   folder.clock);
    const auto jobs = rest.jobs();
    CHECK_MESSAGE(jobs.has_value(), jobs.error().message);
    SlurmRest nowhere({.url = "unix:/nonexistent/socket", .user = user, .token_file = folder.path / "token"},
                      folder.clock);
    CHECK(nowhere.jobs().error().code == Code::unavailable);
}

}  // namespace
}  // namespace euromesh::federation

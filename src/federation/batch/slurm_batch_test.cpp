#include "federation/batch/slurm_batch.hpp"

#include <csignal>

#include "base/os/fork_for_test.hpp"
#include "base/random.hpp"
#include "federation/batch/container_for_test.hpp"
#include "federation/batch/slurm_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("Slurm jobs: a job's life") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_job_life(folder.test());
    }
}

TEST_CASE("Slurm jobs: warnings, files, one after another") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_order_of_jobs(folder.test());
    }
}

TEST_CASE("Slurm jobs: exactly once") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_once(folder.test());
    }
}

TEST_CASE("Slurm jobs: cancel") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_cancel(folder.test());
    }
}

TEST_CASE("Slurm jobs: in a container") {
    if (const SlurmCluster* cluster = slurm_or_skip()) {
        const SlurmFolder folder(*cluster);
        check_container_job(folder.test());
    }
}

// Running, with a file that ends it.
JobStart waiting_job(const SlurmFolder& folder, const std::string& name) {
    return shell_job(
        folder.test(), name,
        "echo x >> $SCRATCH/ran; touch $SCRATCH/began; until [ -e $SCRATCH/go ]; do sleep 0.01; done");
}

void let_go(const SlurmFolder& folder) {
    REQUIRE(os::write_file_atomically(folder.path / "scratch/go", "").has_value());
}

TEST_CASE("what the centre refuses is refused in its own words, and leaves nothing") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const SlurmFolder folder(*cluster);
    const auto system = opened(folder.test());
    const auto words = [&](JobStart job) {
        const auto said = system->submit(job);
        REQUIRE_FALSE(said.has_value());
        CHECK(said.error().code == Code::refused);
        return said.error().message;
    };
    JobStart job = shell_job(folder.test(), "no", "true");
    job.queue = "nix";
    CHECK(words(job).find("invalid partition specified: nix") != std::string::npos);
    job = shell_job(folder.test(), "no", "true");
    job.duration_ms = 61LL * 60'000;
    CHECK(words(job).find("time limit is invalid") != std::string::npos);
    job = shell_job(folder.test(), "no", "true");
    job.resources.nodes = 7;
    CHECK_FALSE(words(job).empty());
    job = shell_job(folder.test(), "no", "true");
    job.resources.gpus = 1;
    CHECK_FALSE(words(job).empty());
    job = shell_job(folder.test(), "no", "true");
    job.account = "nix";
    CHECK(words(job).find("project nix has no hours left at this centre") != std::string::npos);
    CHECK(system->list()->empty());
    CHECK(std::filesystem::is_empty(folder.options.root / "jobs"));
    // Nothing of it stands in the way.
    CHECK(must_submit(*system, shell_job(folder.test(), "no", "true")).state == BatchState::queued);
}

TEST_CASE("Slurm's controller is killed in mid-job: the job is told as it is, before and after it is back") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    SlurmFolder folder(*cluster);
    folder.make_scheduler = [&] {
        return std::make_unique<SlurmCommands>(SlurmCommandsOptions{
            .environment = {{"SLURM_CONF", cluster->conf()}}, .limit = std::chrono::seconds(1)});
    };
    auto system = opened(folder.test());
    const JobStart job = waiting_job(folder, "on");
    must_submit(*system, job);
    wait_for_file(*system, folder.path / "scratch/began");
    // It saves what it knows after a few seconds. What it loses before is another story: it starts the job
    // again, and takes the node out of service when it finds it there.
    const os::Path state = cluster->path() / "cluster/state/job_state";
    const auto saved = [&] {
        std::error_code none;
        return std::filesystem::last_write_time(state, none);
    };
    const std::string id = state_of(*system, job.marker).native_id;
    for (const auto before = saved(); saved() == before; pause_a_little())
        cluster->ask({"scontrol", "update", "JobId=" + id, "Comment=saved"});
    cluster->cluster("kill", "slurmctld");
    CHECK(state_of(*system, job.marker).state == BatchState::running);
    const JobStart later = shell_job(folder.test(), "later", "echo x >> $SCRATCH/later");
    CHECK(must_submit(*system, later).state == BatchState::queued);
    CHECK(state_of(*system, later.marker).message.find("Slurm") != std::string::npos);
    let_go(folder);
    // By the record of its script: nobody else answers.
    CHECK(wait_for_end(*system, job.marker).exit_status == 0);
    cluster->cluster("revive", "slurmctld");
    CHECK(wait_for_end(*system, later.marker).exit_status == 0);
    CHECK(text_of(folder.path / "scratch/later") == "x\n");
    CHECK(text_of(folder.path / "scratch/ran") == "x\n");
}

TEST_CASE("what an operator does to a job interrupts it, and never runs it twice") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const SlurmFolder folder(*cluster);
    const auto system = opened(folder.test());
    const JobStart job = waiting_job(folder, "it");
    SUBCASE("cancelled while it runs") {
        must_submit(*system, job);
        wait_for_file(*system, folder.path / "scratch/began");
        cluster->ask({"scancel", state_of(*system, job.marker).native_id});
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.state == BatchState::ended);
        CHECK(end.cause == EndCause::interrupted);
        CHECK(end.message.find("CANCELLED") != std::string::npos);
    }
    SUBCASE("cancelled while it waits") {
        cluster->ask({"scontrol", "update", "PartitionName=batch", "State=DOWN"});
        must_submit(*system, job);
        while (state_of(*system, job.marker).message.find("PartitionDown") == std::string::npos)
            pause_a_little();
        cluster->ask({"scancel", state_of(*system, job.marker).native_id});
        CHECK(wait_for_end(*system, job.marker).cause == EndCause::interrupted);
        cluster->ask({"scontrol", "update", "PartitionName=batch", "State=UP"});
        CHECK_FALSE(std::filesystem::exists(folder.path / "scratch/ran"));
    }
    SUBCASE("requeued") {
        must_submit(*system, job);
        wait_for_file(*system, folder.path / "scratch/began");
        const std::string id = state_of(*system, job.marker).native_id;
        // Not without the operator's insisting: it is submitted as one that may not be.
        CHECK(cluster->run({"scontrol", "requeue", id}).exit_status != 0);
        cluster->ask({"scontrol", "update", "JobId=" + id, "Requeue=1"});
        CHECK(cluster->run({"scontrol", "requeue", id}).exit_status == 0);
        const BatchJob end = wait_for_end(*system, job.marker);
        CHECK(end.cause == EndCause::interrupted);
        CHECK(text_of(folder.path / "scratch/ran") == "x\n");
    }
}

// What a network may do to a request: nothing, lose it, lose the answer, or deliver it twice.
class LossyScheduler final : public SlurmScheduler {
  public:
    LossyScheduler(std::unique_ptr<SlurmScheduler> inner, Random& random)
        : inner_(std::move(inner)), random_(random) {}
    Result<std::string> submit(const SlurmSubmission& submission) override {
        const std::uint64_t fate = random_.below(4);
        if (fate == 0) return fail(Code::unavailable, "lost on the way");
        auto id = inner_->submit(submission);
        if (fate == 1) (void)inner_->submit(submission);
        return fate == 3 ? id : fail(Code::unavailable, "the answer was lost");
    }
    Result<std::vector<SlurmJob>> jobs() override {
        if (random_.below(4) == 0) return fail(Code::unavailable, "no answer");
        return inner_->jobs();
    }
    Result<SlurmJob> job(const std::string& id) override { return inner_->job(id); }
    Status cancel(const std::string& id) override { return inner_->cancel(id); }

  private:
    std::unique_ptr<SlurmScheduler> inner_;
    Random& random_;
};

constexpr int crash_jobs = 4;

JobStart crash_job(const SlurmFolder& folder, int i) {
    return shell_job(folder.test(), std::to_string(i), "echo x >> $SCRATCH/$EUROMESH_MARKER");
}

void check_each_ran_once(SlurmFolder& folder) {
    const auto system = opened(folder.test());
    for (int i = 0; i < crash_jobs; ++i) must_submit(*system, crash_job(folder, i));
    for (int i = 0; i < crash_jobs; ++i) {
        const JobStart job = crash_job(folder, i);
        CHECK(wait_for_end(*system, job.marker).exit_status == 0);
        CHECK(text_of(folder.path / "scratch" / job.marker) == "x\n");
    }
    CHECK(system->list()->size() == crash_jobs);
}

TEST_CASE("requests and answers that are lost or doubled: each job runs once") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    SlurmFolder folder(*cluster);
    Random random(11);
    folder.make_scheduler = [&]() -> std::unique_ptr<SlurmScheduler> {
        return std::make_unique<LossyScheduler>(std::make_unique<SlurmCommands>(SlurmCommandsOptions{
                                                    .environment = {{"SLURM_CONF", cluster->conf()}}}),
                                                random);
    };
    folder.options.again_ms = 10;
    check_each_ran_once(folder);
}

TEST_CASE("agents killed at any moment: each job runs once") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    SlurmFolder folder(*cluster);
    Random random(5);
    const auto live = [&] {
        auto system = folder.open();
        for (int i = 0; system && i < crash_jobs; ++i) (void)(*system)->submit(crash_job(folder, i));
        while (system && (*system)->list()) pause_a_little();
        return 1;
    };
    for (int life = 0; life < 12; ++life) {
        const int child = os::fork_to(live);
        (void)os::wait_for_descriptor(-1, {}, std::chrono::microseconds(random.below(120'000)));
        CHECK(os::kill_and_wait(child) == 128 + SIGKILL);
    }
    check_each_ran_once(folder);
}

TEST_CASE("a node that fails interrupts its job") {
    const SlurmCluster* cluster = slurm_or_skip();
    if (cluster == nullptr) return;
    const SlurmFolder folder(*cluster);
    const auto system = opened(folder.test());
    const JobStart job = waiting_job(folder, "node");
    must_submit(*system, job);
    wait_for_file(*system, folder.path / "scratch/began");
    // Sooner than Slurm would find out.
    cluster->cluster("kill", "slurmd-testbed1");
    cluster->ask({"scontrol", "update", "NodeName=testbed1", "State=DOWN", "Reason=test"});
    const BatchJob end = wait_for_end(*system, job.marker);
    CHECK(end.cause == EndCause::interrupted);
    CHECK(end.message.find("NODE_FAIL") != std::string::npos);
    let_go(folder);
    cluster->cluster("revive", "slurmd-testbed1");
    cluster->ask({"scontrol", "update", "NodeName=testbed1", "State=RESUME"});
    const JobStart next = shell_job(folder.test(), "next", "true");
    must_submit(*system, next);
    CHECK(wait_for_end(*system, next.marker).exit_status == 0);
}

}  // namespace
}  // namespace euromesh::federation

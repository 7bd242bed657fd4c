#include "federation/batch/chained_batch.hpp"

#include <doctest/doctest.h>

#include <csignal>

#include "base/os/fork_for_test.hpp"
#include "base/random.hpp"
#include "federation/batch/local_batch_for_test.hpp"

namespace euromesh::federation {
namespace {

// Chains over local processes, as one system that a test opens and closes.
class OwningChain final : public BatchSystem {
  public:
    OwningChain(std::unique_ptr<BatchSystem> inner, std::unique_ptr<ChainedBatch> chain, bool resumes)
        : inner_(std::move(inner)), chain_(std::move(chain)), resumes_(resumes) {}
    Result<BatchJob> submit(const JobStart& job) override {
        JobStart made = job;
        made.resumes = (resumes_ || job.resumes) && job.after_marker.empty();
        return chain_->submit(made);
    }
    Result<std::vector<BatchJob>> list() override { return chain_->list(); }
    Status cancel(const std::string& marker) override { return chain_->cancel(marker); }
    Result<OutputPart> output(const std::string& marker, JobStream stream, std::uint64_t offset,
                              std::size_t most) override {
        return chain_->output(marker, stream, offset, most);
    }
    Status forget(const std::string& marker) override { return chain_->forget(marker); }
    BatchSystem& inner() { return *inner_; }

  private:
    std::unique_ptr<BatchSystem> inner_;
    std::unique_ptr<ChainedBatch> chain_;
    bool resumes_;
};

struct ChainFolder {
    LocalBatchFolder folder{};
    ChainOptions options{.root = folder.path / "chain",
                         .policy = {.lead_ms = -1, .least_ms = 1, .at_once_ms = 0, .pause_ms = 10}};
    bool resumes = false;  // every job of the conformance suite

    Result<std::unique_ptr<OwningChain>> open_chain() const {
        EM_ASSIGN(auto inner, folder.open());
        EM_ASSIGN(auto chain, ChainedBatch::open(options, *inner, folder.clock));
        return std::make_unique<OwningChain>(std::move(inner), std::move(chain), resumes);
    }
    std::unique_ptr<OwningChain> must_open() const {
        auto made = open_chain();
        // Who was just killed may hold the journal for a moment.
        while (!made && made.error().code == Code::conflict) {
            pause_a_little();
            made = open_chain();
        }
        if (!made) FAIL(made.error().message);
        return std::move(*made);
    }
    BatchUnderTest test() const {
        BatchUnderTest made = folder.test();
        made.open = [this]() -> Result<std::unique_ptr<BatchSystem>> {
            EM_ASSIGN(auto chain, open_chain());
            return std::unique_ptr<BatchSystem>(std::move(chain));
        };
        return made;
    }
    os::Path scratch(const std::string& name) const { return folder.path / "scratch" / name; }
};

TEST_CASE("chains: the suite, with jobs that go through") {
    const ChainFolder chains;
    SUBCASE("life") {
        check_job_life(chains.test());
    }
    SUBCASE("order") {
        check_order_of_jobs(chains.test());
    }
    SUBCASE("once") {
        check_once(chains.test());
    }
    SUBCASE("cancel") {
        check_cancel(chains.test());
    }
}

TEST_CASE("chains: the suite, with jobs that resume") {
    ChainFolder chains;
    chains.resumes = true;
    SUBCASE("life") {
        check_job_life(chains.test());
    }
    SUBCASE("once") {
        check_once(chains.test());
    }
    SUBCASE("cancel") {
        check_cancel(chains.test());
    }
}

// Counts to `until` in its directory, so many a link; leaves when it is warned or has counted enough.
JobStart counting_job(const ChainFolder& chains, const std::string& name, int until, int of_each) {
    const std::string script = fmt::format(
        "echo $EUROMESH_ALLOCATION >> $SCRATCH/links; trap 'exit 75' TERM; i=0; touch count;"
        "while [ $i -lt {} ]; do echo x >> count; i=$((i+1)); done;"
        "[ $(wc -l < count) -ge {} ] && exit 0; exit 75",
        of_each, until);
    JobStart job = shell_job(chains.folder.test(), name, script);
    job.resumes = true;
    return job;
}

TEST_CASE("a job that resumes goes on in one directory until it is done, and is one job to who asked") {
    const ChainFolder chains;
    const auto system = chains.must_open();
    JobStart job = counting_job(chains, "count", 10, 3);
    must_submit(*system, job);
    const BatchJob end = wait_for_end(*system, job.marker);
    CHECK(end.state == BatchState::ended);
    CHECK(end.exit_status == 0);
    CHECK(text_of(chains.scratch("links")) == "1\n2\n3\n4\n");
    CHECK(end.message.starts_with("4 allocations, "));
    CHECK(system->list()->size() == 1);
    const auto links = system->inner().list().value();
    REQUIRE(links.size() == 4);
    std::int64_t wall = 0;
    for (std::size_t i = 0; i < links.size(); ++i) {
        wall += links[i].usage.wall_ms;
        if (i > 0) CHECK(links[i].started_ms >= links[i - 1].ended_ms);
    }
    CHECK(end.usage.wall_ms == wall);
    const os::Path directory = chains.options.root / "work" / job.marker;
    CHECK(text_of(directory / "count").size() == 24);
    CHECK(system->forget(job.marker).has_value());
    CHECK_FALSE(std::filesystem::exists(directory));
    CHECK(system->inner().list()->empty());
    CHECK(system->submit(job).error().code == Code::conflict);
}

TEST_CASE("output of all allocations is one stream") {
    const ChainFolder chains;
    const auto system = chains.must_open();
    JobStart job = shell_job(chains.folder.test(), "out",
                             "echo part $EUROMESH_ALLOCATION; [ $EUROMESH_ALLOCATION = 3 ] || exit 75");
    job.resumes = true;
    must_submit(*system, job);
    wait_for_end(*system, job.marker);
    CHECK(output_of(*system, job.marker, JobStream::out) == "part 1\npart 2\npart 3\n");
    const auto middle = system->output(job.marker, JobStream::out, 5, 9);
    CHECK(middle->bytes == "1\npart 2\n");
    CHECK(middle->size == 21);
    CHECK(system->output(job.marker + "~1", JobStream::out, 0, 9).error().code == Code::not_found);
}

TEST_CASE("an allocation's limit is the claim's business only when its time is used up") {
    ChainFolder chains;
    chains.options.policy.longest_ms = 150;
    const auto system = chains.must_open();
    JobStart job =
        shell_job(chains.folder.test(), "limits", "trap 'exit 75' TERM; while :; do sleep 0.01; done");
    job.resumes = true;
    job.duration_ms = 400;
    job.warn_ms = 20;
    must_submit(*system, job);
    const BatchJob end = wait_for_end(*system, job.marker);
    CHECK(end.cause == EndCause::time_limit);
    CHECK(system->inner().list()->size() >= 2);
    job.marker = "short";
    job.resumes = false;
    CHECK(system->submit(job).error().message.find("lasts 150 ms at most") != std::string::npos);
    for (const std::string& marker : {std::string("a~1"), std::string(59, 'a')}) {
        job.marker = marker;
        CHECK(system->submit(job).error().code == Code::bad_input);
    }
}

TEST_CASE("what the inner system refuses leaves nothing") {
    const ChainFolder chains;
    const auto system = chains.must_open();
    JobStart job = counting_job(chains, "queue", 1, 1);
    job.queue = "gpu";
    CHECK(system->submit(job).error().message.find("no queues") != std::string::npos);
    CHECK(system->list()->empty());
    CHECK(std::filesystem::is_empty(chains.options.root / "chains"));
    CHECK(std::filesystem::is_empty(chains.options.root / "work"));
}

TEST_CASE("a damaged journal is named") {
    const ChainFolder chains;
    { const auto system = chains.must_open(); }
    REQUIRE(os::write_file_atomically(chains.options.root / "chains" / "m.json", "{").has_value());
    const auto opened_again = chains.open_chain();
    REQUIRE_FALSE(opened_again.has_value());
    CHECK(opened_again.error().code == Code::corrupted);
    CHECK(opened_again.error().message.find("m.json") != std::string::npos);
    std::filesystem::remove(chains.options.root / "chains" / "m.json");
}

TEST_CASE("options that cannot be meant are refused") {
    ChainFolder chains;
    chains.options.longest_ms["gpu"] = -1;
    CHECK(chains.open_chain().error().message.starts_with("gpu: "));
    chains.options.longest_ms.clear();
    chains.options.root = "chains";
    CHECK(chains.open_chain().error().code == Code::bad_input);
}

constexpr int crash_jobs = 4;

// One life of an agent that submits everything and drives it until it is killed.
int live(const ChainFolder& chains) {
    auto system = chains.open_chain();
    while (!system && system.error().code == Code::conflict) {
        pause_a_little();
        system = chains.open_chain();
    }
    if (!system) return 1;
    for (int i = 0;; i = (i + 1) % crash_jobs) {
        if (!(*system)->submit(counting_job(chains, std::to_string(i), 9, 2)) || !(*system)->list()) return 2;
    }
}

TEST_CASE("an agent killed at any moment neither loses nor doubles a link") {
    ChainFolder chains;
    chains.folder.options.slots = 4;
    Random random(2026);
    for (int round = 0; round < 24; ++round) {
        const int child = os::fork_to([&] { return live(chains); });
        (void)os::wait_for_descriptor(-1, {}, std::chrono::microseconds(random.below(15'000)));
        CHECK(os::kill_and_wait(child) == 128 + SIGKILL);
    }
    const auto system = chains.must_open();
    for (int i = 0; i < crash_jobs; ++i) must_submit(*system, counting_job(chains, std::to_string(i), 9, 2));
    for (int i = 0; i < crash_jobs; ++i) {
        const std::string marker = counting_job(chains, std::to_string(i), 9, 2).marker;
        CHECK(wait_for_end(*system, marker).exit_status == 0);
        // Nine in twos: five links, each once.
        CHECK(text_of(chains.options.root / "work" / marker / "count").size() == 20);
    }
    CHECK(system->list()->size() == crash_jobs);
    CHECK(system->inner().list()->size() == crash_jobs * 5);
    for (int i = 0; i < crash_jobs; ++i) CHECK(system->forget(fmt::format("job-{}", i)).has_value());
    CHECK(system->inner().list()->empty());
}

TEST_CASE("a claim that was being forgotten is forgotten by the next life") {
    const ChainFolder chains;
    const JobStart job = counting_job(chains, "gone", 1, 1);
    const os::Path file = chains.options.root / "chains" / (job.marker + ".json");
    {
        const auto system = chains.must_open();
        must_submit(*system, job);
        wait_for_end(*system, job.marker);
    }
    std::string text = text_of(file);
    const std::string not_yet = "\"forgetting\":false";
    REQUIRE(text.find(not_yet) != std::string::npos);
    text.replace(text.find(not_yet), not_yet.size(), "\"forgetting\":true");
    REQUIRE(os::write_file_atomically(file, text).has_value());
    const auto system = chains.must_open();
    CHECK(system->submit(job).error().code == Code::conflict);
    CHECK(system->list().has_value());
    CHECK(system->list()->empty());
    CHECK_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/service/site_batch.hpp"

#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {
namespace {

const os::SystemClock real_clock;

SiteBatchFile read(const std::string& text, std::string* complaint = nullptr) {
    auto toml = contract::TomlReader::parse(text, "site.toml");
    REQUIRE(toml);
    SiteBatchFile usual;
    usual.folder = "/usual/jobs";
    SiteBatchFile file = read_site_batch(*toml, "/centre", std::move(usual));
    const Status finished = toml->finish();
    if (complaint != nullptr)
        *complaint = finished ? "" : finished.error().message;
    else
        REQUIRE_MESSAGE(finished, finished.error().message);
    return file;
}

}  // namespace

TEST_CASE("without a word a site runs local processes") {
    const SiteBatchFile file = read("");
    CHECK(file.kind == "local");
    CHECK(file.folder == "/usual/jobs");
}

TEST_CASE("Slurm, with a folder on the shared file system") {
    const SiteBatchFile file = read(
        "[batch]\nkind = \"slurm\"\nfolder = \"scratch/jobs\"\nsubmit_options = [\"--account=p1\"]\n"
        "slurm_conf = \"/srv/slurm.conf\"\n");
    CHECK(file.kind == "slurm");
    CHECK(file.folder == "/centre/scratch/jobs");
    CHECK(file.submit_options == std::vector<std::string>{"--account=p1"});
    CHECK(file.slurm_conf == "/srv/slurm.conf");
}

TEST_CASE("what is wrong in [batch] is named") {
    std::string complaint;
    for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
             {"kind = \"pbs\"", "kind"},
             {"submit_options = [\"--qos=x\"]", "submit_options"},
             {"colour = 1", "colour"}}) {
        read("[batch]\n" + text, &complaint);
        CHECK_MESSAGE(complaint.find(word) != std::string::npos, complaint);
    }
}

TEST_CASE("what is opened is empty, takes a chain's claims, and refuses what a chain does not know") {
    const ServiceFolder folder;
    SiteBatchFile file;
    file.folder = folder.path() / "jobs";
    const auto batch = SiteBatch::open(file, {}, 0, real_clock);
    REQUIRE_MESSAGE(batch, batch.error().message);
    CHECK((*batch)->system().list()->empty());
    JobStart job;
    job.marker = "a~1";  // the name of a link, not of a claim
    job.executable = "/bin/true";
    job.duration_ms = 1000;
    CHECK((*batch)->system().submit(job).error().code == Code::bad_input);
}

}  // namespace euromesh::federation

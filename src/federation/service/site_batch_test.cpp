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

TEST_CASE("Slurm by its REST service") {
    const SiteBatchFile file = read(
        "[batch]\nkind = \"slurmrestd\"\nurl = \"https://slurm.example:6820/\"\nuser = \"em\"\n"
        "token_file = \"token\"\nauthorities = \"ca.pem\"\n");
    CHECK(file.kind == "slurmrestd");
    CHECK(file.rest.url == "https://slurm.example:6820");
    CHECK(file.rest.user == "em");
    CHECK(file.rest.token_file == "/centre/token");
    CHECK(file.rest.authority_file == "/centre/ca.pem");
    const std::string local = "[batch]\nkind = \"slurmrestd\"\nuser = \"em\"\ntoken_file = \"/t\"\nurl = ";
    CHECK(read(local + "\"unix:/run/slurmrestd\"").rest.url == "unix:/run/slurmrestd");
    CHECK(read(local + "\"http://127.0.0.1:6820\"").rest.token_file == "/t");
    CHECK(read(local + "\"http://slurm:6820\"\nplain = true").rest.url == "http://slurm:6820");
}

TEST_CASE("containers, with any batch system") {
    const ContainerSite site =
        read(
            "[batch]\ncontainer = \"charliecloud\"\nimages = \"images\"\ncontainer_options = [\"--home\"]\n"
            "container_mounts = [\"/scratch:/srv\"]\n")
            .containers;
    CHECK(site.runtime == "charliecloud");
    CHECK(site.images == "/centre/images");
    CHECK(site.work == "/usual/jobs/containers");
    CHECK(site.options == std::vector<std::string>{"--home"});
    CHECK(site.mounts == std::vector<ContainerMount>{{"/scratch", "/srv"}});
    CHECK(read("").containers.runtime.empty());
}

TEST_CASE("what is wrong in [batch] is named") {
    std::string complaint;
    for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
             {"kind = \"pbs\"", "kind"},
             {"submit_options = [\"--qos=x\"]", "submit_options"},
             {"kind = \"slurmrestd\"\nuser = \"em\"\ntoken_file = \"t\"", "url"},
             {"kind = \"slurmrestd\"\nuser = \"em\"\nurl = \"http://localhost:1\"", "token_file"},
             {"kind = \"slurmrestd\"\nuser = \"em\"\ntoken_file = \"t\"\nurl = \"http://slurm:1\"",
              "in the clear"},
             {"token_file = \"t\"", "slurmrestd"},
             {"container = \"docker\"", "container"},
             {"container = \"apptainer\"", "images"},
             {"images = \"here\"", "container"},
             {"container = \"apptainer\"\nimages = \"i\"\ncontainer_mounts = [\"x\"]", "FROM:TO"},
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

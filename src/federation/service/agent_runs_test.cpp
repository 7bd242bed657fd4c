#include "federation/service/agent_runs.hpp"

#include "base/os/certificate.hpp"
#include "federation/service/coordinator_for_test.hpp"
#include "federation/service/run_authority.hpp"

namespace euromesh::federation {
namespace {

struct RunsWorld {
    ServiceFolder folder;
    SigningKey coordinator = SigningKey::generate();
    int certified = 0;
    TrainSite train;

    RunsWorld() {
        train.program = "/usr/bin/euromesh";
        train.data = folder.path() / "texts";
        train.within = train.data;
        train.listen = "127.0.0.1";
        REQUIRE(os::make_folders(train.data));
        REQUIRE(os::write_file_atomically(train.data / "a.txt", "text"));
    }
    AgentRuns runs() const { return {SiteId::parse("site-a", "site").value(), folder.path(), train}; }
    AgentRuns::Certify certify() {
        return [this](const Json& asked) -> Result<Json> {
            ++certified;
            return certify_member(coordinator, {"j7", "site-a", 1'700'000'000'000, 60'000},
                                  asked.at("public_key"), 1'700'000'000'000);
        };
    }
    static StartOrder order() {
        StartOrder made;
        made.claim = "c4-0";
        made.job = "j7";
        made.limit_ms = 600'000;
        made.spec.template_name = "train";
        made.spec.files["run.toml"] =
            "[run]\nname = 'mine'\n"
            "[[site]]\nname = 'site-a'\ntext = 'a.txt'\nheldout = 'a.txt'\n"
            "[[site]]\nname = 'site-b'\ntext = 'b.txt'\nheldout = 'b.txt'\n";
        made.ways = {{"site-b", "", "", ""}, {"site-a", "direct", "", ""}};
        made.quorum = 2;
        return made;
    }
    os::Path file(const std::string& name) const { return folder.path() / "runs" / "j7" / name; }
};

TEST_CASE("a run's folder holds all that its trainer needs, and the site's own program is started") {
    RunsWorld world;
    const auto job = world.runs().prepare(RunsWorld::order(), world.certify());
    REQUIRE_MESSAGE(job, (job ? "" : job.error().message));
    CHECK(job->executable == "/usr/bin/euromesh");
    CHECK(job->arguments.front() == "train");
    CHECK(job->directory == world.file("").parent_path().string());
    CHECK(job->resumes);
    CHECK(job->warn_ms == 60'000);
    CHECK(os::read_file(world.file("run.toml"), 4096).value() ==
          RunsWorld::order().spec.files.at("run.toml"));
    const auto text = os::read_file(world.file("placement.json"), 65536);
    const auto placement = contract::parse_run_placement(text.value());
    REQUIRE(placement);
    CHECK(placement->run == "j7");
    CHECK(placement->quorum == 2);
    const auto facts = os::inspect_certificate(os::read_file(world.file("pki/ca.pem"), 9999).value(),
                                               os::read_file(world.file("pki/site-a.pem"), 9999).value(),
                                               os::read_file(world.file("pki/site-a.key"), 9999).value());
    REQUIRE(facts);
    CHECK(facts->signed_by_authority);
    CHECK(facts->key_fits);
    const auto permissions = std::filesystem::status(world.file("pki/site-a.key")).permissions();
    CHECK((permissions & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
          std::filesystem::perms::none);
}

TEST_CASE("the same order again makes no second key; another claim of the job does, over what was trained") {
    RunsWorld world;
    REQUIRE(world.runs().prepare(RunsWorld::order(), world.certify()));
    REQUIRE(world.runs().prepare(RunsWorld::order(), world.certify()));
    CHECK(world.certified == 1);
    REQUIRE(os::write_file_atomically(world.file("trained"), "x"));
    StartOrder next = RunsWorld::order();
    next.claim = "c9-0";
    REQUIRE(world.runs().prepare(next, world.certify()));
    CHECK(world.certified == 2);
    CHECK(os::read_file(world.file("trained"), 9).has_value());
}

TEST_CASE("what the site cannot run is refused in words, and nothing is certified") {
    RunsWorld world;
    const auto words = [&](const StartOrder& order) {
        const auto job = world.runs().prepare(order, world.certify());
        return job ? std::string() : job.error().message;
    };
    StartOrder order = RunsWorld::order();
    order.spec.files["run.toml"] = "[run]\nnam = 1\n";
    CHECK(words(order).find("run.toml") != std::string::npos);
    std::string& text = order.spec.files["run.toml"] = RunsWorld::order().spec.files["run.toml"];
    REQUIRE(os::write_file_atomically(world.folder.path() / "site.key", "secret"));
    text.replace(text.find("a.txt"), 5, "../site.key");
    CHECK(words(order).find("must lie in") != std::string::npos);
    std::filesystem::create_symlink(world.folder.path() / "site.key", world.train.data / "link.txt");
    text.replace(text.find("../site.key"), 11, "link.txt");
    CHECK(words(order).find("must lie in") != std::string::npos);
    world.train.data.clear();
    CHECK(words(RunsWorld::order()).find("takes no runs") != std::string::npos);
    world.train.data = world.train.within;
    std::filesystem::remove(world.train.data / "a.txt");
    CHECK(words(RunsWorld::order()).find("is not at site site-a") != std::string::npos);
    CHECK(world.certified == 0);
    CHECK_FALSE(std::filesystem::exists(world.file("claim")));
}

TEST_CASE("a coordinator that is away leaves nothing half done") {
    RunsWorld world;
    const auto away = [](const Json&) -> Result<Json> { return fail(Code::unavailable, "away"); };
    CHECK(world.runs().prepare(RunsWorld::order(), away).error().code == Code::unavailable);
    CHECK_FALSE(std::filesystem::exists(world.file("claim")));
    CHECK(world.runs().prepare(RunsWorld::order(), world.certify()));
}

TEST_CASE("progress is read as far as it can be; peers and manifests go the other way") {
    RunsWorld world;
    const AgentRuns runs = world.runs();
    CHECK_FALSE(runs.progress("j7"));
    REQUIRE(runs.prepare(RunsWorld::order(), world.certify()));
    REQUIRE(os::write_file_atomically(world.file("progress.json"), "{\"rounds\":3"));
    CHECK_FALSE(runs.progress("j7"));
    REQUIRE(os::write_file_atomically(world.file("progress.json"), "{\"rounds\":3}"));
    CHECK(runs.progress("j7")->rounds == 3);
    REQUIRE(runs.write_peers("j7", {{"site-b", "h:1"}}));
    CHECK(contract::read_peers(world.file("peers.json")).value().at("site-b") == "h:1");
    REQUIRE(os::make_folders(world.file("sites/site-a")));
    REQUIRE(os::write_file_atomically(world.file("sites/site-a/manifests.jsonl"), "first\nsecond\nthird\n"));
    CHECK(runs.manifests("j7", 1000).bytes == "first\nsecond\nthird\n");
    const AgentRuns::Manifests cut = runs.manifests("j7", 14);
    CHECK(cut.bytes == "second\nthird\n");
    CHECK(cut.offset == 6);
    CHECK(runs.manifests("j7", 13).bytes == "second\nthird\n");
    CHECK(runs.manifests("j7", 12).bytes == "third\n");
    CHECK(runs.manifests("j8", 12).bytes.empty());
}

}  // namespace
}  // namespace euromesh::federation

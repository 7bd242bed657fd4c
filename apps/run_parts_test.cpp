// What `euromesh run` and a placed trainer are made of.
#include "apps/announced_way.hpp"
#include "apps/job_text.hpp"
#include "apps/progress_file.hpp"
#include "apps/run_job.hpp"
#include "apps/run_memo.hpp"
#include "apps/run_view.hpp"
#include "apps/test_run.hpp"
#include "apps/usage_export.hpp"
#include "base/os/system_clock.hpp"
#include "contract/run_placement.hpp"
#include "federation/core/records.hpp"

namespace euromesh::apps {
namespace {

const os::SystemClock real_clock;

std::string federated_text(const std::string& federation = "hours = 2\n", const std::string& in_b = "") {
    return "[run]\nname = 'small'\nsteps = 40\n[model]\ndim = 32\nlayers = 1\nheads = 2\nhidden = 64\n"
           "[outer]\ninner_steps = 5\n[federation]\n" +
           federation +
           "[[site]]\nname = 'a'\ntext = 'a.txt'\nheldout = 'a.txt'\ndata = ['fi-text']\n"
           "[[site]]\nname = 'b'\ntext = 'b.txt'\nheldout = 'b.txt'\n" +
           in_b;
}

Result<contract::JobSpec> job_from(const std::string& text) {
    EM_ASSIGN(const contract::RunSpec spec, contract::parse_run_spec(text, "run.toml"));
    return job_of_run(spec, text);
}

Json site_row(const std::string& site, const std::string& digest) {
    return {{"site", site},
            {"state", "ended"},
            {"partition", "booster"},
            {"exit", 0},
            {"gpus", 4},
            {"limit_ms", 7'200'000},
            {"started_ms", 2'000},
            {"ended_ms", 3'602'000},
            {"charged", 4000},
            {"run",
             {{"rounds", 8},
              {"rounds_all", 8},
              {"tokens", 1000},
              {"bytes_sent", 500},
              {"compute_ms", 900},
              {"wait_ms", 100},
              {"outer_digest", digest},
              {"manifest_head", "aa"}}}};
}

Json run_of(const std::string& digest_of_b = "d1") {
    return {
        {"job", "j7"},           {"name", "small"},
        {"state", "completed"},  {"submitted_ms", 1'000},
        {"ended_ms", 3'603'000}, {"sites", Json::array({site_row("a", "d1"), site_row("b", digest_of_b)})}};
}

std::string failing(const Json& run, const std::map<std::string, ManifestEnd>& ends) {
    std::string all;
    for (const RunCheck& check : run_checks(run, ends))
        if (!check.holds) all += check.what + ";";
    return all;
}

}  // namespace

TEST_CASE("a run file becomes a job: the template train, its sites, its limit, the file as it is") {
    const auto job = job_from(federated_text("hours = 2\ngpus = 96\nquorum = 1\nproject = 'p'\n"));
    REQUIRE_MESSAGE(job, (job ? "" : job.error().message));
    CHECK(job->template_name == "train");
    CHECK(job->files.at("run.toml").find("gpus = 96") != std::string::npos);
    CHECK(job->sites == 2);
    CHECK(job->quorum == 1);
    CHECK(job->gpus_per_site() >= 96);
    CHECK(job->duration_ms == 7'200'000);
    CHECK(job->kind == "federated-training");
    CHECK(job->preferred_sites == std::vector<std::string>{"a", "b"});
    CHECK(job->exchange_bytes > 0);
    CHECK(job->reads_at("fi-text", "a"));
    CHECK_FALSE(job->reads_at("fi-text", "b"));
    CHECK(digest_of(*job) ==
          digest_of(*job_from(federated_text("hours = 2\ngpus = 96\nquorum = 1\nproject = 'p'\n"))));
}

TEST_CASE("the example is a federated run") {
    const auto text = os::read_file("examples/federated/run.toml", 65536);
    REQUIRE(text);
    const auto spec = contract::load_run_spec("examples/federated/run.toml");
    REQUIRE_MESSAGE(spec, (spec ? "" : spec.error().message));
    const auto job = job_of_run(*spec, *text);
    REQUIRE_MESSAGE(job, (job ? "" : job.error().message));
    CHECK(job->quorum == 2);
}

TEST_CASE("data that two sites read is read by the whole job; what is missing is named") {
    const auto job = job_from(federated_text("hours = 2\n", "data = ['fi-text']\n"));
    REQUIRE(job);
    CHECK(job->data == std::vector<std::string>{"fi-text"});
    CHECK(job->data_sites.empty());
    CHECK(job_from(federated_text("")).error().message.find("[federation] hours") != std::string::npos);
    CHECK(job_from(federated_text("hours = 1\n", "address = 'h:1'\n"))
              .error()
              .message.find("address must be left out") != std::string::npos);
}

TEST_CASE("the bound on bytes grows with rounds and with the width of the codec") {
    const auto bytes = [](const std::string& more) {
        const auto spec = contract::parse_run_spec(federated_text() + "", "run.toml");
        contract::RunSpec changed = *spec;
        changed.outer.codec = more;
        return exchange_bytes_of(changed);
    };
    CHECK(bytes("fp32") > bytes("bf16"));
    CHECK(bytes("bf16") > bytes("int8"));
    CHECK(bytes("int8") > bytes("int4"));
    const auto spec = contract::parse_run_spec(federated_text(), "run.toml").value();
    const Json sites = {
        {"sites", {{{"id", "a"}, {"document", {{"partitions", {{{"id", "g"}, {"watts_per_gpu", 500}}}}}}}}}};
    contract::RunSpec with_gpus = spec;
    with_gpus.federation.gpus = 4;
    const RunBound bound = bound_of(with_gpus, sites);
    CHECK(bound.energy_j == 500ll * 4 * 7200);
    CHECK(bound.held_mgh == 16'000);
    CHECK(bound.rounds == 8);
    CHECK(bound_text(bound).find("16 GPU-hours") != std::string::npos);
}

TEST_CASE("the report adds up, and says how energy was found") {
    const auto spec = contract::parse_run_spec(federated_text(), "run.toml").value();
    const Json sites = {
        {"sites",
         {{{"id", "a"}, {"document", {{"partitions", {{{"id", "booster"}, {"watts_per_gpu", 500}}}}}}}}}};
    const Json report = run_report(spec, run_of(), sites);
    CHECK(report["tokens"] == 2000);
    CHECK(report["charged_milli_gpu_hours"] == 8000);
    CHECK(report["energy_j"] == 500ll * 4 * 3600);
    CHECK(report["sites"][0]["waited_ms"] == 1000);
    CHECK(report["sites"][0]["utilisation"] == doctest::Approx(0.9));
    const std::string text = report_text(report);
    CHECK(text.find("90 %") != std::string::npos);
    CHECK(text.find("2 kWh (calculated)") != std::string::npos);
    CHECK(run_lines(run_of(), 5000).size() == 4);
    CHECK(run_line(run_of()).find("a ended 8/8") != std::string::npos);
    CHECK_FALSE(report_text(Json::object()).empty());
    CHECK(run_lines(Json::object(), 0).size() == 1);
}

TEST_CASE("what a run used, for Annex XI and as usage records") {
    const auto spec = contract::parse_run_spec(federated_text(), "run.toml").value();
    const Json report = run_report(spec, run_of(), Json::object());
    const Json annex = annex_xi(spec, report);
    CHECK(annex["parameters"].get<std::int64_t>() > 1000);
    CHECK(annex["training_flop"].get<double>() > 2000.0 * 6 * annex["parameters"].get<double>() / 10);
    CHECK(annex["gpu_hours"] == doctest::Approx(8));
    CHECK_FALSE(annex.contains("energy_kwh"));
    const Json job = {{"account", "https://issuer|<a&b>"}, {"project", "p"}};
    const std::string xml = ogf_usage_records(job, report, "up.example", "2026-01-01T00:00:00Z");
    CHECK(xml.find("<urf:WallDuration>PT3600S</urf:WallDuration>") != std::string::npos);
    CHECK(xml.find("https://issuer|&lt;a&amp;b&gt;") != std::string::npos);
    CHECK(xml.find("<urf:StartTime>1970-01-01T00:00:02Z</urf:StartTime>") != std::string::npos);
    CHECK(xml.find("<urf:Queue>booster</urf:Queue>") != std::string::npos);
}

TEST_CASE("each check fails when what it checks is not so") {
    const std::map<std::string, ManifestEnd> ends{{"a", {"aa", "d1"}}, {"b", {"aa", "d1"}}};
    CHECK(failing(run_of(), ends).empty());
    CHECK(failing(run_of("d2"), ends).find("bit-identical") != std::string::npos);
    CHECK(failing(run_of(), {}).find("manifests") != std::string::npos);
    CHECK(failing(run_of(), {{"a", {"ab", "d1"}}}).find("manifests") != std::string::npos);
    Json run = run_of();
    run["sites"][1]["charged"] = 4001;
    CHECK(failing(run, ends).find("charges") != std::string::npos);
    run = run_of();
    run["sites"][0]["run"]["rounds"] = 7;
    CHECK(failing(run, ends).find("last round") != std::string::npos);
}

TEST_CASE("one folder is one run: the key is kept, another run file is a conflict, --fresh begins anew") {
    TestRun test;
    auto spec = contract::parse_run_spec(federated_text(), test.file("run.toml")).value();
    CHECK(read_memo(spec).error().code == Code::not_found);
    const RunMemo memo = claim_memo(spec, "d1", false).value();
    CHECK(memo.key.size() >= 16);
    CHECK(claim_memo(spec, "d1", false).value() == memo);
    CHECK(claim_memo(spec, "d2", false).error().code == Code::conflict);
    CHECK(claim_memo(spec, "d2", true)->key != memo.key);
    REQUIRE(write_memo(spec, {"d2", "k", "j9"}));
    CHECK(read_memo(spec)->job == "j9");
    test.write("run.toml", federated_text());
    CHECK(job_named(test.file("run.toml").string()).value() == "j9");
    CHECK(job_named("j17").value() == "j17");
    REQUIRE(os::write_file_atomically(memo_file(spec), "{}"));
    CHECK_FALSE(claim_memo(spec, "d2", false));
}

TEST_CASE("progress goes on over the trainer's starts, and ends with the chain's head") {
    TestRun test;
    const auto tell = [&](std::initializer_list<Json> events) {
        ProgressFile progress(test.file("progress.json"), test.file("none.jsonl"), 8);
        for (const Json& event : events) progress.take(event);
        return progress.progress();
    };
    const Json round = {{"event", "round"}, {"round", 2},    {"members", {"a", "b"}}, {"contributed", true},
                        {"inner_steps", 5}, {"tokens", 100}, {"bytes_sent", 10},      {"compute_s", 0.5},
                        {"wait_s", 0.25},   {"loss", 2.5},   {"digest", "abcd"},      {"bytes_received", 20}};
    tell({Json{{"event", "listens"}, {"address", "h:1"}}, round});
    const auto text = os::read_file(test.file("progress.json"), 4096);
    const auto read = federation::read_run_progress(parse_json(*text).value());
    REQUIRE(read);
    CHECK(read->address == "h:1");
    CHECK(read->rounds == 3);
    CHECK(read->compute_ms == 500);
    CHECK(read->loss_millionths == 2'500'000);
    Json missed = round;
    missed["contributed"] = false;
    missed["round"] = 7;
    const auto end = tell({Json{{"event", "listens"}, {"address", "h:2"}}, missed,
                           Json{{"event", "evaluation"}, {"loss", {{"Finnish", 1.25}}}},
                           Json{{"event", "done"}, {"bytes_sent", 5}}});
    CHECK(end.starts == 2);
    CHECK(end.tokens == 100);
    CHECK(end.bytes_sent == 25);
    CHECK(end.held_out_millionths == 1'250'000);
    CHECK(end.done);
    CHECK(end.address.empty());
}

TEST_CASE("who had no part in rounds is told, in one piece as long as it lasts") {
    TestRun test;
    const auto tell = [&](std::initializer_list<std::pair<int, Json>> rounds) {
        ProgressFile progress(test.file("progress.json"), test.file("none.jsonl"), 99, {"a", "b", "c"});
        for (const auto& [round, members] : rounds)
            progress.take(
                {{"event", "round"}, {"round", round}, {"members", members}, {"at_ms", 1000 * round}});
        return progress.progress().happenings;
    };
    tell({{0, {"a", "b", "c"}}, {1, {"a", "c"}}, {2, {"a", "c"}}});
    const auto all = tell({{3, {"a"}}, {4, {"a", "b", "c"}}, {5, {"a", "c"}}});
    REQUIRE(all.size() == 3);
    CHECK(all[0].site == "b");
    CHECK(all[0].number == 1);
    CHECK(all[0].last == 3);
    CHECK(all[0].until_ms == 3000);
    CHECK(all[1].site == "c");
    CHECK(all[2].number == 5);
}

TEST_CASE("an address that is not known yet is called for again; one that is known is dialled") {
    TestRun test;
    AnnouncedWay way(test.file("peers.json"), "b", {}, real_clock);
    CHECK(way.connect({}).error().code == Code::unavailable);
    const auto listener = os::Socket::listen({"127.0.0.1", 0}, {});
    REQUIRE(listener);
    const std::string address = fmt::format("127.0.0.1:{}", listener->local_port());
    REQUIRE(
        os::write_file_atomically(test.file("peers.json"), contract::peers_json({{"b", address}}).dump()));
    CHECK(way.connect({}));
    REQUIRE(
        os::write_file_atomically(test.file("peers.json"), contract::peers_json({{"b", "nonsense"}}).dump()));
    CHECK(way.connect({}).error().code == Code::unavailable);
}

TEST_CASE("what a trainer tells of itself: the site's host, or the address that leads to the coordinator") {
    contract::PlacedSpec placed;
    placed.listen = "node-7.example";
    CHECK(listening_endpoint(placed).value() == os::Endpoint{"0.0.0.0", 0});
    CHECK(announced_address(placed, 4000) == "node-7.example:4000");
    placed.listen = "node-7.example:5000";
    CHECK(listening_endpoint(placed)->port == 5000);
    placed.listen = "127.0.0.1";
    CHECK(listening_endpoint(placed)->host == "127.0.0.1");
    placed.listen = "h:x";
    CHECK_FALSE(listening_endpoint(placed));
    const auto listener = os::Socket::listen({"127.0.0.1", 0}, {});
    placed.listen.clear();
    placed.towards = fmt::format("127.0.0.1:{}", listener->local_port());
    CHECK(announced_address(placed, 4000) == "127.0.0.1:4000");
}

TEST_CASE("an explanation names the sites that one may not be with, and whose rule that is") {
    const Json row = {{"site", "it"},
                      {"partition", "booster"},
                      {"score_ms", 5},
                      {"no_exchange", Json::array({{{"with", "ch"}, {"rule", "stays (it)"}}})}};
    const auto text = explanation_text({{"job", "j1"}, {"state", "waiting"}, {"now", Json::array({row})}});
    REQUIRE(text);
    CHECK(text->find("not with ch: stays (it)") != std::string::npos);
}

}  // namespace euromesh::apps

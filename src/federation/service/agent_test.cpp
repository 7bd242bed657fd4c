#include "federation/service/agent.hpp"

#include "base/base64.hpp"
#include "base/hash.hpp"
#include "federation/service/coordinator_for_test.hpp"
#include "federation/service/memory_batch_for_test.hpp"
#include "federation/service/site_door.hpp"

namespace euromesh::federation {
namespace {

const std::string coordinator_url = "https://coordinator.example";

contract::JobSpec runs(const std::string& executable = "/bin/echo") {
    contract::JobSpec spec = small_job("reef");
    spec.executable = executable;
    spec.environment = {{"OWN", "1"}};
    return spec;
}

StartOrder start_of(const std::string& claim, const contract::JobSpec& spec = runs()) {
    StartOrder order;
    order.claim = claim;
    order.job = "j7";
    order.account = "somebody";
    order.project = "reef";
    order.partition = "cpu";
    order.limit_ms = 60'000;
    order.spec = spec;
    order.sites = {"site-a"};
    return order;
}

// An agent with its folder and its batch system, and a coordinator that says what the test has written.
struct AgentWorld {
    ServiceFolder folder;
    ShiftedClock clock;
    std::string log;
    Logger logger{clock, LogFormat::json_lines, LogLevel::info,
                  [this](std::string_view line) { log += line; }};
    MemoryBatch batch;
    SigningKey key = SigningKey::generate();
    SigningKey coordinator_key = SigningKey::generate();

    struct Heard {
        std::string path;
        Json body;
        std::string bearer;
    };
    std::vector<Heard> heard;
    std::function<Result<Json>(const Heard&)> coordinator = [](const Heard&) -> Result<Json> {
        return Json{{"orders", {{"as_of", 0}}}};
    };

    AgentConfig config() const {
        AgentConfig made;
        made.site = SiteId::parse("site-a", "site").value();
        made.origin = "federation.example";
        made.coordinator = coordinator_url;
        made.coordinator_key = coordinator_key.public_key();
        made.folder = folder.path();
        made.document = small_site();
        made.environment = {{"SITE_WIDE", "yes"}};
        return made;
    }
    Result<Agent> try_open() {
        const auto call = [this](const std::string& path, const Json& body,
                                 const std::string& bearer) -> Result<Json> {
            heard.push_back({path, body, bearer});
            if (path == "/v1/agent/introduce") return Json::object();
            return coordinator(heard.back());
        };
        return Agent::open(config(), key, batch, call, clock, logger);
    }
    Agent open() {
        auto opened = try_open();
        if (!opened) FAIL(opened.error().message);
        return std::move(*opened);
    }
    void say(const Orders& orders) {
        coordinator = [json = to_json(orders)](const Heard&) -> Result<Json> {
            return Json{{"orders", json}};
        };
    }
    void say(std::int64_t as_of, std::vector<StartOrder> start, std::vector<std::string> cancel = {},
             std::vector<std::string> forget = {}) {
        Orders orders;
        orders.as_of = as_of;
        orders.start = std::move(start);
        orders.cancel = std::move(cancel);
        orders.forget = std::move(forget);
        say(orders);
    }
    SiteReport told() const {
        const auto read = read_site_report(heard.back().body.at("report"));
        if (!read) FAIL(read.error().message);
        return *read;
    }
    std::size_t count(const std::string& path) const {
        return static_cast<std::size_t>(
            std::count_if(heard.begin(), heard.end(), [&](const Heard& one) { return one.path == path; }));
    }
};

// A turn that must succeed.
void turn(Agent& agent) {
    const Status done = agent.turn();
    if (!done) FAIL(done.error().message);
}

TEST_CASE("it introduces itself, says what is there, and the coordinator can read all of it") {
    AgentWorld world;
    Agent agent = world.open();
    turn(agent);
    REQUIRE(world.heard.size() == 2);
    SiteDoor door(coordinator_url);
    REQUIRE(door.introduce("federation.example", world.heard[0].body, to_hex(world.key.public_key()),
                           world.clock.now_ms()));
    const auto site = door.enter(world.heard[1].bearer, world.clock.now_ms());
    REQUIRE(site);
    CHECK(site->text() == "site-a");
    CHECK(contract::read_site_document(world.heard[1].body.at("document")).value() == small_site());
    CHECK(world.told().journal.size() == 32);
    CHECK(world.told().orders_seen == -1);
    turn(agent);
    CHECK(world.count("/v1/agent/introduce") == 1);
    CHECK_FALSE(world.heard.back().body.contains("document"));
    CHECK(world.heard.back().bearer != world.heard[1].bearer);
}

TEST_CASE(
    "a coordinator that does not know the token key any more is told again; one that refuses for good "
    "is not asked for ever") {
    AgentWorld world;
    Agent agent = world.open();
    turn(agent);
    int refusals = 1;
    world.coordinator = [&](const auto&) -> Result<Json> {
        if (refusals-- > 0) return fail(Code::refused, "401");
        return Json{{"orders", {{"as_of", 1}}}};
    };
    turn(agent);
    CHECK(world.count("/v1/agent/introduce") == 2);
    refusals = 1000;
    CHECK(agent.turn().error().code == Code::refused);
    CHECK(world.count("/v1/agent/report") == 5);
}

TEST_CASE("an order that comes twice starts once, with what belongs to the job") {
    AgentWorld world;
    Agent agent = world.open();
    world.say(5, {start_of("c4-0")});
    turn(agent);
    turn(agent);
    world.say(6, {start_of("c4-0")});
    turn(agent);
    CHECK(world.batch.starts == std::map<std::string, int>{{"c4-0", 1}});
    const JobStart& job = world.batch.start_of("c4-0");
    CHECK(job.executable == "/bin/echo");
    CHECK(job.arguments == std::vector<std::string>{"hello"});
    CHECK(job.duration_ms == 60'000);
    CHECK(job.environment.at("OWN") == "1");
    CHECK(job.environment.at("SITE_WIDE") == "yes");
    CHECK(job.environment.at("EUROMESH_JOB") == "j7");
    CHECK(job.environment.at("EUROMESH_CLAIM") == "c4-0");
    CHECK(job.environment.at("EUROMESH_SITES") == "site-a");
    CHECK(agent.open_claims() == 1);
    turn(agent);
    REQUIRE(world.told().claims.size() == 1);
    CHECK(world.told().claims[0].state == "running");
    CHECK(world.told().orders_seen == 6);
}

TEST_CASE("a site starts only the templates that it allows, and a run with its own program") {
    AgentWorld world;
    const auto text = world.folder.path() / "a.txt";
    REQUIRE(os::write_file_atomically(text, "text"));
    AgentConfig config = world.config();
    config.document.templates = {"train"};
    config.train.program = "/usr/bin/euromesh";
    config.train.data = config.train.within = world.folder.path();
    const auto call = [&](const std::string& path, const Json& body,
                          const std::string& bearer) -> Result<Json> {
        world.heard.push_back({path, body, bearer});
        if (path == "/v1/agent/introduce") return Json::object();
        if (path == "/v1/agent/certificate") return Json{{"authority", "CA"}, {"certificate", "OWN"}};
        return world.coordinator(world.heard.back());
    };
    auto agent = Agent::open(config, world.key, world.batch, call, world.clock, world.logger);
    REQUIRE(agent);
    StartOrder run = start_of("c5-0");
    run.spec.executable.clear();
    run.spec.template_name = "train";
    run.spec.files["run.toml"] =
        "[run]\nname = 'x'\n[[site]]\nname = 'site-a'\ntext = 'a.txt'\nheldout = 'a.txt'\n";
    run.ways = {{"site-a", "", "", ""}};
    world.say(5, {start_of("c4-0"), run});
    turn(*agent);
    CHECK(world.batch.starts == std::map<std::string, int>{{"c5-0", 1}});
    const JobStart& job = world.batch.start_of("c5-0");
    CHECK(job.executable == "/usr/bin/euromesh");
    CHECK(job.directory == (world.folder.path() / "runs" / "j7").string());
    CHECK(job.environment.at("EUROMESH_CLAIM") == "c5-0");
    REQUIRE(os::write_file_atomically(world.folder.path() / "runs/j7/progress.json", "{\"rounds\":2}"));
    world.coordinator = [](const auto&) -> Result<Json> {
        return Json{{"orders", {{"as_of", 6}}}, {"peers", {{"c5-0", {{"site-b", "node:1"}}}}}};
    };
    turn(*agent);
    REQUIRE(world.told().claims.size() == 2);
    for (const ClaimReport& claim : world.told().claims) {
        if (claim.claim == "c5-0") CHECK(claim.run.rounds == 2);
        if (claim.claim == "c4-0") CHECK(claim.words == "this site starts only: train");
    }
    CHECK(contract::read_peers(world.folder.path() / "runs/j7/peers.json")->at("site-b") == "node:1");
    const auto answers = world.coordinator;
    world.coordinator = [](const auto&) -> Result<Json> { return fail(Code::unavailable, "no route"); };
    CHECK_FALSE(agent->turn());
    world.clock.advance(std::chrono::seconds(30));
    CHECK_FALSE(agent->turn());
    world.coordinator = answers;
    turn(*agent);
    turn(*agent);
    const auto came = world.told().claims.front().run.happenings;
    REQUIRE(came.size() == 1);
    CHECK(came[0].kind == "coordinator-away");
    CHECK(came[0].words == "no route");
    CHECK(came[0].until_ms >= came[0].from_ms + 30'000);
    // Its next life still knows which claim belongs to which run.
    auto again = Agent::open(config, world.key, world.batch, call, world.clock, world.logger);
    REQUIRE(again);
    turn(*again);
    CHECK(world.told().claims.size() == 2);
    CHECK(world.told().claims.front().run.rounds == 2);
    REQUIRE(world.told().claims.front().run.happenings.size() == 2);
    CHECK(world.told().claims.front().run.happenings[1].kind == "agent-away");
}

TEST_CASE(
    "a job in an image: what the site lacks is said to the coordinator in one line, and nothing starts") {
    AgentWorld world;
    contract::JobSpec inside = runs("python3");
    inside.image = "sha256:" + to_hex(sha256("an image"));
    const auto words_of = [&](AgentConfig config, const std::string& claim) {
        config.folder /= claim;
        auto agent = Agent::open(
            config, world.key, world.batch,
            [&](const std::string& path, const Json& body, const std::string& bearer) -> Result<Json> {
                world.heard.push_back({path, body, bearer});
                if (path == "/v1/agent/introduce") return Json::object();
                return world.coordinator(world.heard.back());
            },
            world.clock, world.logger);
        REQUIRE(agent);
        world.say(5, {start_of(claim, inside)});
        turn(*agent);
        turn(*agent);
        for (const ClaimReport& one : world.told().claims)
            if (one.claim == claim) return one.state + ": " + one.words;
        return std::string();
    };
    AgentConfig config = world.config();
    CHECK(words_of(config, "c1").find("refused: this site runs no container images") == 0);
    config.containers = {.runtime = "apptainer", .images = world.folder.path(), .work = world.folder.path()};
    CHECK(
        words_of(config, "c2").find("refused: image " + inside.image + " is not at this site: looked for ") ==
        0);
    config.document.templates = {"train"};
    CHECK(words_of(config, "c3") == "refused: this site starts only: train");
    CHECK(world.batch.starts.empty());
    config.document.templates = {"program"};
    const std::string file = inside.image.substr(7) + ".sif";
    REQUIRE(os::write_file_atomically(world.folder.path() / file, "an image"));
    CHECK(words_of(config, "c4").find("running") == 0);
    const JobStart& job = world.batch.start_of("c4");
    CHECK(job.executable == "apptainer");
    CHECK(job.arguments.back() == "hello");
    CHECK(std::find(job.arguments.begin(), job.arguments.end(), (world.folder.path() / file).string()) !=
          job.arguments.end());
    CHECK(std::filesystem::is_directory(job.directory));
}

TEST_CASE("orders that are older than those carried out are ignored, also in a later life") {
    AgentWorld world;
    {
        Agent agent = world.open();
        world.say(5, {start_of("c4-0")});
        turn(agent);
        world.batch.end("c4-0");
        world.say(7, {}, {}, {"c4-0"});
        turn(agent);
        CHECK_FALSE(world.batch.has("c4-0"));
    }
    Agent again = world.open();
    world.say(5, {start_of("c4-0"), start_of("c4-1")});
    turn(again);
    CHECK(world.batch.starts == std::map<std::string, int>{{"c4-0", 1}});
    CHECK(world.told().orders_seen == 7);
}

TEST_CASE("orders for another journal start nothing, and are not taken for seen") {
    AgentWorld world;
    Agent agent = world.open();
    Orders orders;
    orders.as_of = 5;
    orders.journal = "of-an-earlier-life";
    orders.start = {start_of("c4-0")};
    world.say(orders);
    turn(agent);
    CHECK(world.batch.starts.empty());
    turn(agent);
    CHECK(world.told().orders_seen != 5);
    orders.journal = world.told().journal;
    world.say(orders);
    turn(agent);
    CHECK(world.batch.starts == std::map<std::string, int>{{"c4-0", 1}});
}

TEST_CASE("the journal keeps its name and what was refused over a restart") {
    AgentWorld world;
    std::string journal;
    {
        Agent agent = world.open();
        world.say(3, {start_of("c2-0", runs("/refuse"))});
        turn(agent);
        journal = world.told().journal;
    }
    Agent again = world.open();
    world.say(4, {start_of("c2-0")});  // of a coordinator that has not heard it yet
    turn(again);
    CHECK(world.told().journal == journal);
    REQUIRE(world.told().claims.size() == 1);
    CHECK(world.told().claims[0].state == "refused");
    CHECK(world.told().claims[0].words == "this site takes no such thing");
    CHECK(world.batch.starts.empty());
    world.say(5, {}, {}, {"c2-0"});
    turn(again);
    turn(again);
    CHECK(world.told().claims.empty());
}

TEST_CASE("a journal that is damaged is named, and never taken for an empty one") {
    for (const char* text : {"", "{", "[]", "{\"journal\":7,\"orders_seen\":0}",
                             "{\"journal\":\"a\",\"orders_seen\":0,\"refused\":{\"c1-0\":7}}",
                             "{\"journal\":\"a\",\"orders_seen\":0,\"refused\":7}"}) {
        AgentWorld world;
        REQUIRE(os::write_file_atomically(world.folder.path() / "journal.json", text));
        CHECK_FALSE(world.try_open());
    }
    AgentWorld world;
    { world.open(); }
    REQUIRE(os::write_file_atomically(world.folder.path() / "witness.json", "{}"));
    CHECK_FALSE(world.try_open());
}

TEST_CASE("a scheduler that is away is no reason to refuse: the same orders are carried out later") {
    AgentWorld world;
    Agent agent = world.open();
    turn(agent);
    world.coordinator = [&](const auto&) -> Result<Json> {
        world.batch.is_away = true;  // between the list and the start
        Orders orders;
        orders.as_of = 5;
        orders.start = {start_of("c4-0")};
        return Json{{"orders", to_json(orders)}};
    };
    const Status turned = agent.turn();
    REQUIRE_FALSE(turned);
    CHECK(turned.error().code == Code::unavailable);
    world.batch.is_away = false;
    world.say(5, {start_of("c4-0")});
    turn(agent);
    CHECK(world.batch.starts.at("c4-0") == 1);
}

TEST_CASE(
    "a cancel ends a job; one of a job that never came is reported as cancelled until it is forgotten") {
    AgentWorld world;
    {
        Agent agent = world.open();
        world.say(5, {start_of("c4-0")});
        turn(agent);
        world.say(6, {}, {"c4-0", "c5-0"});
        turn(agent);
    }
    Agent again = world.open();
    world.say(7, {start_of("c5-0")});  // cannot start any more
    turn(again);
    REQUIRE(world.told().claims.size() == 2);
    for (const ClaimReport& claim : world.told().claims) CHECK(claim.state == "cancelled");
    CHECK(world.batch.starts.size() == 1);
    world.say(8, {}, {}, {"c4-0", "c5-0"});
    turn(again);
    turn(again);
    CHECK(world.told().claims.empty());
}

TEST_CASE("how a job ended is told, and what it printed is kept when it is forgotten") {
    AgentWorld world;
    Agent agent = world.open();
    world.say(5, {start_of("c4-0")});
    turn(agent);
    world.batch.print("c4-0", "the first line, " + std::string(2u << 20, 'x') + " and the last");
    world.batch.end("c4-0", BatchState::ended, 3);
    turn(agent);
    const ClaimReport claim = world.told().claims.at(0);
    CHECK(claim.state == "ended");
    CHECK(claim.exit == 3);
    CHECK(claim.ended_ms - claim.started_ms == 1000);
    CHECK(claim.used_ms == 1000);
    CHECK(agent.open_claims() == 0);
    world.say(6, {}, {}, {"c4-0"});
    turn(agent);
    CHECK_FALSE(world.batch.has("c4-0"));
    world.coordinator = [](const AgentWorld::Heard& call) -> Result<Json> {
        if (call.path == "/v1/agent/output") return Json::object();
        return Json{{"orders", {{"as_of", 6}}}, {"wanted", {"c4-0", "../etc/passwd", 7}}};
    };
    turn(agent);
    CHECK(world.count("/v1/agent/output") == 1);
    const Json& brought = world.heard.back().body;
    CHECK(brought.at("claim") == "c4-0");
    const std::string out = from_base64(brought.at("out").at("bytes").get<std::string>()).value();
    CHECK(out.ends_with("and the last"));
    CHECK(out.size() == 256u << 10);
    CHECK(brought.at("error").at("bytes") == "");
}

TEST_CASE("output of a job that runs comes from the batch system") {
    AgentWorld world;
    Agent agent = world.open();
    world.say(5, {start_of("c4-0")});
    turn(agent);
    world.coordinator = [](const AgentWorld::Heard&) -> Result<Json> {
        return Json{{"orders", {{"as_of", 5}}}, {"wanted", {"c4-0", "c9-9"}}};
    };
    turn(agent);
    CHECK(world.count("/v1/agent/output") == 2);
    const Json& known = world.heard[world.heard.size() - 2].body;
    CHECK(known.at("out").at("bytes") == to_base64("printed by c4-0"));
    CHECK(world.heard.back().body.at("out").at("size") == 0);
}

TEST_CASE("answers that no coordinator gives: an error, and nothing happens") {
    AgentWorld world;
    Agent agent = world.open();
    for (const Json& answer : {Json(nullptr), Json::array(), Json(7), Json::object(), Json{{"orders", 7}},
                               Json{{"orders", {{"as_of", "x"}}}},
                               Json{{"orders", {{"as_of", 1}, {"start", {{{"claim", "/etc"}}}}}}},
                               Json{{"orders", {{"as_of", 1}}}, {"head", "no head"}}}) {
        world.coordinator = [&](const auto&) -> Result<Json> { return answer; };
        INFO(answer.dump());
        CHECK_FALSE(agent.turn());
    }
    CHECK(world.batch.starts.empty());
    world.coordinator = [&](const auto&) -> Result<Json> {
        return Json{{"orders", {{"as_of", 2}}}, {"wanted", 7}, {"proof", 7}, {"head", 7}};
    };
    turn(agent);
}

// ---- the ledger ------------------------------------------------------------------------------------------

struct GrowingLedger {
    MerkleTree tree;
    explicit GrowingLedger(const std::string& first) { tree.append_entry(first); }
    void grow() { tree.append_entry(fmt::format("entry {}", tree.size())); }
    Json answer(const AgentWorld& world, std::uint64_t witnessed, std::int64_t time_ms) const {
        const TreeHead head{"federation.example", tree.size(), tree.root(), time_ms};
        Json proof = Json::array();
        const Proof hashes = tree.consistency_proof(witnessed, tree.size()).value();
        for (const NodeHash& hash : hashes) proof.push_back(to_base64(std::span(hash)));
        return {{"orders", {{"as_of", 0}}},
                {"head", encode(sign_head(head, world.coordinator_key))},
                {"proof", std::move(proof)}};
    }
};

TEST_CASE("it countersigns what only grew, remembers it in a later life, and stops at a fork") {
    AgentWorld world;
    GrowingLedger ledger("entry 0");
    std::uint64_t witnessed = 0;
    const auto show = [&](const GrowingLedger& shown) {
        world.coordinator = [&, answer = shown.answer(world, witnessed, 1000)](
                                const AgentWorld::Heard& call) -> Result<Json> {
            CHECK(call.body.at("witnessed") == witnessed);
            return answer;
        };
    };
    {
        Agent agent = world.open();
        ledger.grow();
        show(ledger);
        turn(agent);
        CHECK_FALSE(world.heard.back().body.contains("countersignature"));
        witnessed = 2;
        show(ledger);
        turn(agent);
        const Json& signature = world.heard.back().body.at("countersignature");
        CHECK(signature.at("size") == 2);
        Countersignature made{"site-a", {}, signature.at("time_s").get<std::int64_t>(), {}};
        REQUIRE(from_hex(signature.at("hint").get<std::string>(), made.hint));
        REQUIRE(from_base64(signature.at("signature").get<std::string>(), made.signature));
        const TreeHead head{"federation.example", 2, ledger.tree.root(), 1000};
        CHECK(is_countersigned_by(head, made, world.key.public_key()));
        turn(agent);
        CHECK_FALSE(world.heard.back().body.contains("countersignature"));
    }
    Agent again = world.open();
    GrowingLedger fork("another entry 0");
    fork.grow();
    SUBCASE("of the same size") {}
    SUBCASE("that is longer") {
        fork.grow();
    }
    show(fork);
    const Status turned = again.turn();
    REQUIRE_FALSE(turned);
    CHECK(turned.error().code == Code::conflict);
    CHECK(turned.error().message.find("fork") != std::string::npos);
    ledger.grow();
    show(ledger);
    turn(again);
}

TEST_CASE("heads that somebody else signed are refused") {
    AgentWorld world;
    Agent agent = world.open();
    GrowingLedger ledger("entry 0");
    AgentWorld other;
    world.coordinator = [&, answer = ledger.answer(other, 0, 1000)](const auto&) -> Result<Json> {
        return answer;
    };
    const Status turned = agent.turn();
    REQUIRE_FALSE(turned);
    CHECK(turned.error().code == Code::refused);
}

// ---- with the real coordinator ---------------------------------------------------------------------------

// Both in one process: what the agent sends is read as the API reads it.
struct BothWorlds : CoordinatorWorld {
    AgentWorld site;
    std::unique_ptr<Coordinator> coordinator = founded();
    bool is_answer_lost = false;

    BothWorlds() {
        site.coordinator = [this](const AgentWorld::Heard& call) -> Result<Json> {
            EM_ASSIGN(const SiteReport told, read_site_report(call.body.at("report")));
            EM_ASSIGN(const Orders orders, report(*coordinator, "site-a", told));
            if (is_answer_lost) return fail(Code::unavailable, "the line was cut");
            return Json{{"orders", to_json(orders)}};
        };
    }
    std::string placed_job() {
        const std::string job = submit(*coordinator);
        REQUIRE(eventually([&] { return state_of(*coordinator, job) == "placed"; }));
        return job;
    }
    std::string claim_of(const std::string& job) const {
        return coordinator->read([&](const Core& core) { return core.tables().job(job)->claims.back(); });
    }
};

TEST_CASE("a job goes from its submission to its end, once, over cut lines and restarts of both") {
    BothWorlds world;
    std::optional<Agent> agent(world.site.open());
    turn(*agent);
    const std::string job = world.placed_job(), claim = world.claim_of(job);
    world.is_answer_lost = true;
    CHECK_FALSE(agent->turn());
    agent.emplace(world.site.open());
    CHECK_FALSE(agent->turn());
    world.is_answer_lost = false;
    turn(*agent);
    CHECK(world.site.batch.starts.at(claim) == 1);
    world.coordinator.reset();
    world.coordinator = world.open();
    turn(*agent);
    CHECK(state_of(*world.coordinator, job) == "running");
    world.site.batch.end(claim);
    world.is_answer_lost = true;
    CHECK_FALSE(agent->turn());
    CHECK(state_of(*world.coordinator, job) == "completed");
    CHECK(world.site.batch.has(claim));
    agent.emplace(world.site.open());
    world.is_answer_lost = false;
    turn(*agent);
    CHECK_FALSE(world.site.batch.has(claim));
    CHECK(world.site.batch.starts == std::map<std::string, int>{{claim, 1}});
}

TEST_CASE("cut off for a day: what runs goes on, and all of it is told afterwards, once") {
    BothWorlds world;
    std::optional<Agent> agent(world.site.open());
    turn(*agent);
    const std::string ends = world.placed_job(), goes_on = world.placed_job();
    turn(*agent);
    turn(*agent);
    REQUIRE(world.site.batch.starts.size() == 2);
    const auto connected = world.site.coordinator;
    world.site.coordinator = [](const auto&) -> Result<Json> {
        return fail(Code::unavailable, "no route to host");
    };
    for (int hour = 0; hour < 26; ++hour) {
        world.clock.advance(std::chrono::hours(1));
        world.site.clock.advance(std::chrono::hours(1));
        CHECK(agent->turn().error().code == Code::unavailable);
        if (hour == 5) world.site.batch.end(world.claim_of(ends));
        if (hour == 12) agent.emplace(world.site.open());
    }
    CHECK(state_of(*world.coordinator, ends) == "running");
    world.coordinator.reset();
    world.coordinator = world.open();
    world.site.coordinator = connected;
    turn(*agent);
    turn(*agent);
    CHECK(state_of(*world.coordinator, ends) == "completed");
    CHECK(state_of(*world.coordinator, goes_on) == "running");
    CHECK_FALSE(world.site.batch.has(world.claim_of(ends)));
    for (const auto& [claim, starts] : world.site.batch.starts) CHECK(starts == 1);
}

TEST_CASE("a site that drains ends what it has and gets nothing new, until it takes work again") {
    BothWorlds world;
    Agent agent = world.site.open();
    turn(agent);
    const std::string first = world.placed_job();
    turn(agent);
    const Actor site{.account = "site-a", .name = {}, .groups = {}, .scopes = {}, .site = "site-a"};
    must_ask(*world.coordinator, site, SetSiteState{"site-a", "draining", "maintenance"});
    const std::string second = world.submit(*world.coordinator);
    turn(agent);
    world.site.batch.end(world.claim_of(first));
    turn(agent);
    CHECK(state_of(*world.coordinator, first) == "completed");
    CHECK(state_of(*world.coordinator, second) == "waiting");
    CHECK(world.site.batch.starts.size() == 1);
    must_ask(*world.coordinator, site, SetSiteState{"site-a", "active", ""});
    CHECK(eventually([&] { return state_of(*world.coordinator, second) == "placed"; }));
}

TEST_CASE(
    "a site that leaves with work: the work is reported as lost, and the site does not come back alone") {
    BothWorlds world;
    Agent agent = world.site.open();
    turn(agent);
    const std::string job = world.placed_job();
    turn(agent);
    const Actor site{.account = "site-a", .name = {}, .groups = {}, .scopes = {}, .site = "site-a"};
    must_ask(*world.coordinator, site, SetSiteState{"site-a", "left", "closing"});
    CHECK(state_of(*world.coordinator, job) == "lost");
    world.coordinator->read([&](const Core& core) {
        CHECK_FALSE(core.tables().job(job)->words.empty());
        CHECK(core.tables().open_claims("site-a").empty());
        return 0;
    });
    const auto back = ask(*world.coordinator, site, SetSiteState{"site-a", "active", ""});
    REQUIRE_FALSE(back);
    CHECK(back.error().code == Code::refused);
}

TEST_CASE("a job that is called off before its start has arrived ends as cancelled, and never starts") {
    BothWorlds world;
    Agent agent = world.site.open();
    turn(agent);
    const std::string job = world.placed_job();
    world.is_answer_lost = true;
    CHECK_FALSE(agent.turn());
    must_ask(*world.coordinator, person("ada"), Cancel{job, "a mistake"});
    world.is_answer_lost = false;
    turn(agent);
    turn(agent);
    CHECK(state_of(*world.coordinator, job) == "cancelled");
    CHECK(world.coordinator->read([&](const Core& core) {
        return core.tables().claim(core.tables().job(job)->claims.back())->state;
    }) == "cancelled");
    CHECK(world.site.batch.starts.empty());
}

TEST_CASE("what the site refuses is told in its words, and the job goes elsewhere") {
    BothWorlds world;
    Agent agent = world.site.open();
    turn(agent);
    const std::string job =
        must_ask(*world.coordinator, person("ada"), Submit{runs("/refuse"), "", ""}).at("job");
    REQUIRE(eventually([&] { return state_of(*world.coordinator, job) == "placed"; }));
    turn(agent);
    turn(agent);
    CHECK(state_of(*world.coordinator, job) == "waiting");
    CHECK(world.coordinator->read([&](const Core& core) {
        return core.tables().job(job)->refusals.at(0).words;
    }) == "this site takes no such thing");
}

TEST_CASE("a second agent with an own journal takes over, and the first is told to stop") {
    BothWorlds world;
    Agent first = world.site.open();
    turn(first);
    AgentWorld copy;
    copy.coordinator = world.site.coordinator;
    Agent second = copy.open();
    turn(second);
    const Status turned = first.turn();
    REQUIRE_FALSE(turned);
    CHECK(turned.error().code == Code::conflict);
}

}  // namespace
}  // namespace euromesh::federation

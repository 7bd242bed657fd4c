#include "federation/service/api.hpp"

#include <set>

#include "base/base64.hpp"
#include "federation/identity/base64url.hpp"
#include "federation/service/api_for_test.hpp"

namespace euromesh::federation {
namespace {

// Words that only members of project "reef" may ever see.
constexpr std::array<std::string_view, 4> secrets{"coral-secret", "reef-corpus", "a-secret-purpose",
                                                  "issuer.example|ada"};

Json job_document(const std::string& project, const std::string& name = "hello") {
    return {{"version", 1},
            {"name", name},
            {"executable", "/bin/echo"},
            {"attributes", {{"duration", 60}, {"project", project}}}};
}

// Ada's project has something of every kind.
struct ReefWorld : ApiWorld {
    using ApiWorld::ApiWorld;
    const std::string ada = token("ada"), bo = token("bo"), root = token("root");
    const std::string job = made("/v1/jobs", job_document("reef", "coral-secret"), "job");
    const std::string data =
        made("/v1/data", {{"id", "reef-corpus"}, {"project", "reef"}, {"residency", "eu"}}, "data");
    const std::string application = made("/v1/applications",
                                         {{"project", "reef"},
                                          {"tier", "aif-playground"},
                                          {"milli_gpu_hours", 1000},
                                          {"purpose", "a-secret-purpose"}},
                                         "application");

    std::string made(const std::string& path, const Json& body, const char* id) const {
        const ApiReply reply = post(path, ada, body);
        REQUIRE_MESSAGE(reply.status == 201, reply.text);
        return reply.json().value(id, "");
    }
    void rest() const {
        REQUIRE(eventually([&] {
            return state_of(*coordinator, job) == "placed" &&
                   coordinator->durable() == coordinator->read([](const Core& core) {
                       return static_cast<std::uint64_t>(core.tables().next_seq());
                   });
        }));
    }
    // A body that would do something to Ada's things, were it allowed.
    Json body_for(const std::string& id) const {
        const std::map<std::string, Json> bodies = {
            {"submitJob", job_document("reef")},
            {"cancelJob", {{"words", "stop"}}},
            {"setProject",
             {{"id", "reef"}, {"organisation", "A small company"}, {"country", "FI"}, {"managers", {"me"}}}},
            {"registerData", {{"id", "reef-corpus"}, {"project", "reef"}, {"residency", "none"}}},
            {"applyForTime",
             {{"project", "reef"}, {"tier", "aif-playground"}, {"milli_gpu_hours", 5}, {"purpose", "x"}}},
            {"reviewApplication", {{"grant", true}}},
            {"grantTime",
             {{"project", "reef"},
              {"tier", "aif-playground"},
              {"milli_gpu_hours", 5},
              {"begin_ms", 0},
              {"end_ms", 0}}},
            {"admitSite",
             {{"id", "site-z"}, {"public_key", std::string(64, 'a')}, {"country", "FI"}, {"operator", "Bo"}}},
            {"setSiteState", {{"state", "left"}}},
            {"setOwnState", {{"state", "draining"}}},
            {"introduceAgent",
             {{"site", "site-a"}, {"key", Json::object()}, {"time_ms", 0}, {"signature", ""}}},
            {"changeKey",
             {{"role", "site"},
              {"name", "site-a"},
              {"key", std::string(64, 'a')},
              {"signed_by", "owner"},
              {"signatures", Json::array()}}},
            {"reportClaims",
             {{"report", {{"journal", "x"}, {"orders_seen", -1}, {"claims", Json::array()}}},
              {"witnessed", 0}}},
            {"certifyMember", {{"claim", "c1-0"}, {"public_key", "x"}}},
            {"bringOutput", {{"claim", "c1-0"}, {"out", "x"}, {"error", ""}}},
        };
        const auto found = bodies.find(id);
        REQUIRE_MESSAGE(found != bodies.end(), "give the walk a body for the new route " << id);
        return found->second;
    }
};

struct WalkedRoute {
    std::string method, path, pattern, id, scope, body;
    bool has_events = false;
};

std::string filled(std::string pattern, const ReefWorld& world) {
    const std::size_t at = pattern.find("{id}");
    if (at == std::string::npos) return pattern;
    const bool site = pattern.starts_with("/v1/sites"), application = pattern.starts_with("/v1/applications");
    return pattern.replace(at, 4, site ? "site-a" : application ? world.application : world.job);
}

// Every operation of the document that clients get, ready to be called.
std::vector<WalkedRoute> walk(const ReefWorld& world) {
    std::vector<WalkedRoute> routes;
    const Json document = world.get("/openapi.json").json();
    REQUIRE(document.value("openapi", "").starts_with("3.1"));
    for (const auto& [pattern, operations] : document.at("paths").items()) {
        for (const auto& entry : operations.items()) {
            const std::string& method = entry.key();
            const Json& operation = entry.value();
            WalkedRoute route;
            route.method = method == "get" ? "GET" : "POST";
            REQUIRE_MESSAGE((method == "get" || method == "post"), "teach the walk the method " << method);
            route.pattern = pattern;
            route.id = operation.at("operationId");
            route.path = filled(pattern, world);
            for (const Json& parameter : operation.at("parameters")) {
                if (parameter.at("in") != "query" || !parameter.at("required")) continue;
                route.path += route.path.find('?') == std::string::npos ? '?' : '&';
                route.path += parameter.at("name").get<std::string>() + "=1";
            }
            if (!operation.at("security").empty())
                route.scope = operation.at("security").at(0).at("bearer").at(0);
            if (method == "post") route.body = world.body_for(route.id).dump();
            route.has_events = operation.dump().find("text/event-stream") != std::string::npos;
            routes.push_back(route);
        }
    }
    return routes;
}

std::string scopes_without(const std::string& scope) {
    std::string left;
    for (std::size_t i = 0; i < scope_count; ++i) {
        const std::string name(name_of(static_cast<Scope>(i)));
        if (name != scope) left += name + " ";
    }
    return left;
}

bool has_secret(const std::string& text) {
    return std::any_of(secrets.begin(), secrets.end(),
                       [&](auto secret) { return text.find(secret) != std::string::npos; });
}

TEST_CASE("every route but the public ones wants a token, and the right scope") {
    ReefWorld world;
    std::set<std::string> open;
    for (const WalkedRoute& route : walk(world)) {
        INFO(route.method << " " << route.path);
        if (route.scope.empty()) {
            open.insert(route.id);
            continue;
        }
        const ApiReply stranger = world.ask({route.method, route.path, "", route.body, ""});
        CHECK(stranger.status == 401);
        CHECK(stranger.head.find("WWW-Authenticate: Bearer") != std::string::npos);
        CHECK(world.ask({route.method, route.path, "rubbish", route.body, ""}).status == 401);
        const std::string lacking = world.token("root", scopes_without(route.scope));
        const bool is_for_sites = route.scope == "site.operate";
        CHECK(world.ask({route.method, route.path, lacking, route.body, ""}).status ==
              (is_for_sites ? 401 : 403));
        // Sites' assertions open the routes of sites, and no others.
        const ApiReply site = world.ask({route.method, route.path, world.site_token(), route.body, ""});
        CHECK((is_for_sites ? site.status != 401 : site.status == 401));
        if (is_for_sites) {
            const std::string person = world.token("root", std::string(all_scopes) + " site.operate");
            CHECK(world.ask({route.method, route.path, person, route.body, ""}).status == 401);
        }
    }
    CHECK(open == std::set<std::string>{"getFederation", "introduceAgent", "listHeads", "proveInclusion",
                                        "proveConsistency", "show_openapi", "changeKey", "listProblems",
                                        "getProblem"});
}

TEST_CASE("a member of another project sees nothing of this one and changes nothing, whatever the scopes") {
    ReefWorld world;
    world.rest();
    const std::string before = digest_of(*world.coordinator);
    int shown = 0;
    for (const WalkedRoute& route : walk(world)) {
        if (route.has_events) continue;  // has its own test
        INFO(route.method << " " << route.path);
        const ApiReply reply = world.ask({route.method, route.path, world.bo, route.body, ""});
        INFO(reply.text);
        CHECK_FALSE(has_secret(reply.text));
        if (route.pattern.starts_with("/v1/jobs/{id}")) CHECK(reply.status == 404);
        if (route.method == "POST") CHECK(reply.status >= 400);
        // What a job has printed would be waited for.
        if (route.method == "GET" && !route.scope.empty() && route.id != "getJobLogs")
            shown += has_secret(world.ask({route.method, route.path, world.ada, "", ""}).text) ? 1 : 0;
    }
    CHECK(shown >= 5);  // jobs, the job, data, applications, projects: Ada does see them
    CHECK(digest_of(*world.coordinator) == before);
}

TEST_CASE("what somebody else may not see is answered like what does not exist") {
    ReefWorld world;
    for (const char* path : {"/v1/jobs/{}", "/v1/jobs/{}/logs", "/v1/jobs/{}/explain"}) {
        const ApiReply hidden = world.get(fmt::format(fmt::runtime(path), world.job), world.bo);
        const ApiReply none = world.get(fmt::format(fmt::runtime(path), "j999999"), world.bo);
        CHECK(hidden.status == 404);
        CHECK(none.status == 404);
        CHECK(hidden.problem() == none.problem());
    }
    CHECK(world.get("/v1/jobs", world.bo).json().at("jobs").empty());
    CHECK(world.get("/v1/jobs", world.ada).json().at("jobs").size() == 1);
    // Administrators see a job when they ask for it.
    CHECK(world.get("/v1/jobs/" + world.job, world.root).status == 200);
}

TEST_CASE("bad tokens: each is a 401 with a problem that says nothing of the token") {
    ReefWorld world;
    const std::int64_t now_s = world.clock.now_ms() / 1000;
    const auto with = [&](const char* name, const Json& value) {
        Json changed = world.claims("marked-subject");
        changed[name] = value;
        return make_jws(world.issuer_key, "at+jwt", changed);
    };
    const auto unsigned_token = [&](const Json& header) {
        return base64url(header.dump()) + "." + base64url(world.claims("marked-subject").dump()) + ".";
    };
    const std::string good = with("sub", "marked-subject");
    const std::map<std::string, std::string> bad = {
        {"wrong audience", with("aud", "urn:another")},
        {"an ID token's audience", with("aud", "cli")},
        {"expired", with("exp", now_s - 3600)},
        {"not yet valid", with("nbf", now_s + 3600)},
        {"wrong issuer", with("iss", "https://evil.example")},
        {"no subject", with("sub", "")},
        {"unknown key", make_jws(TokenKey::generate(TokenAlgorithm::es256), "at+jwt", world.claims("x"))},
        {"RS256 by an unknown key",
         make_jws(TokenKey::generate(TokenAlgorithm::rs256), "at+jwt", world.claims("x"))},
        {"another use", make_jws(world.issuer_key, "client-authentication+jwt", world.claims("x"))},
        {"alg none", unsigned_token({{"alg", "none"}, {"typ", "at+jwt"}})},
        {"alg HS256", unsigned_token({{"alg", "HS256"}, {"kid", world.issuer_key.public_key().id()}})},
        {"changed", good.substr(0, good.size() - 4) + "AAAA"},
        {"cut", good.substr(0, good.size() / 2)},
        {"too long", std::string(12'000, 'a')},
    };
    CHECK(world.get("/v1/whoami", good).status == 200);
    for (const auto& one : bad) {
        INFO(one.first);
        const std::string& token = one.second;
        const ApiReply reply = world.get("/v1/whoami", token);
        CHECK(reply.status == 401);
        CHECK(reply.head.find("application/problem+json") != std::string::npos);
        CHECK(reply.text.find("marked-subject") == std::string::npos);
        CHECK(reply.text.find(token.substr(0, 24)) == std::string::npos);
        CHECK(reply.text.find(world.issuer_key.public_key().id()) == std::string::npos);
    }
    CHECK(world.ask({"GET", "/v1/whoami", "", "", "Authorization: Basic cm9vdDpyb290\r\n"}).status == 401);
    CHECK(world.logged().find("marked-subject") != std::string::npos);  // of the good one, by name
    CHECK(world.logged().find(good.substr(0, 24)) == std::string::npos);
}

TEST_CASE("assertions of sites: once, from a site of ours that has not left") {
    ReefWorld world;
    const Json report = world.body_for("reportClaims");
    const std::string assertion = world.site_token();
    CHECK(world.post("/v1/agent/report", assertion, report).status == 200);
    CHECK(world.post("/v1/agent/report", assertion, report).status == 401);
    const SiteId other = SiteId::parse("site-b", "site").value();
    CHECK(world
              .post("/v1/agent/report",
                    make_site_assertion(world.agent_key, other, world.coordinator_url, os::fill_random,
                                        world.clock.now_ms()),
                    report)
              .status == 401);
    CHECK(world
              .post("/v1/agent/report",
                    make_site_assertion(world.agent_key, SiteId::parse("site-a", "site").value(),
                                        "https://elsewhere.example", os::fill_random, world.clock.now_ms()),
                    report)
              .status == 401);
    const std::string last = world.site_token();
    must_ask(*world.coordinator, person("root"), SetSiteState{"site-a", "left", "closed"});
    CHECK(world.post("/v1/agent/report", last, report).status == 401);
}

TEST_CASE("introductions: strangers and wrong signatures get the same answer") {
    ReefWorld world;
    const auto introduce = [&](const std::string& site, const SigningKey& key, std::int64_t time_ms) {
        const SiteId id = SiteId::parse(site, "site").value();
        return world.post(
            "/v1/agent/introduce", "",
            make_introduction("federation.example", id, world.agent_key.public_key(), key, time_ms));
    };
    const std::int64_t now_ms = world.clock.now_ms();
    CHECK(introduce("site-a", world.site_key, now_ms).status == 200);
    const ApiReply stranger = introduce("site-z", world.site_key, now_ms);
    const ApiReply wrong = introduce("site-a", SigningKey::generate(), now_ms);
    CHECK(stranger.status == 401);
    CHECK(wrong.status == 401);
    CHECK(stranger.json().at("detail") == wrong.json().at("detail"));
    CHECK(introduce("site-a", world.site_key, now_ms - 120'000).status == 401);
    CHECK(introduce("site-a", world.site_key, now_ms + 120'000).status == 401);
    for (const char* body : {"{}", "[]", "{\"site\":7}", "{\"site\":\"site-a\"}", "{\"site\":", "null"})
        CHECK(world.ask({"POST", "/v1/agent/introduce", "", body, ""}).status >= 400);
}

TEST_CASE("wrong bodies: 400, and the place") {
    ReefWorld world;
    for (const WalkedRoute& route : walk(world)) {
        if (route.method != "POST" || route.scope.empty()) continue;
        const bool is_for_sites = route.scope == "site.operate";
        const auto send = [&](const std::string& body) {
            return world.ask({"POST", route.path, is_for_sites ? world.site_token() : world.root, body, ""});
        };
        INFO(route.path);
        CHECK(send("{").status == 400);
        CHECK(send("[]").status == 400);
        const ApiReply unknown = send("{\"no_such_key\":1}");
        INFO(unknown.text);
        CHECK(unknown.status == 400);
        CHECK((unknown.text.find("/no_such_key") != std::string::npos ||
               unknown.text.find("missing") != std::string::npos ||
               unknown.text.find("must be") != std::string::npos));
        TestClient large(world.server->port());
        large.send(
            fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n"
                        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        route.path, is_for_sites ? world.site_token() : world.root, 9u << 20));
        CHECK(status_in(large.answer()) == 413);
    }
    Json spec = job_document("reef");
    spec["attributes"]["duration"] = "soon";
    const ApiReply reply = world.post("/v1/jobs", world.ada, spec);
    CHECK(reply.status == 400);
    CHECK(reply.json().value("detail", "").find("/attributes/duration") != std::string::npos);
    Json grant = world.body_for("grantTime");
    grant["milli_gpu_hours"] = "many";
    const ApiReply granting = world.post("/v1/allocations", world.root, grant);
    CHECK(granting.status == 400);
    CHECK(granting.json().at("errors").at(0).at("pointer") == "/milli_gpu_hours");
}

TEST_CASE("the same key and body give the same job, another body a conflict") {
    ReefWorld world;
    const std::string key = "Idempotency-Key: once\r\n";
    const ApiReply first = world.post("/v1/jobs", world.ada, job_document("reef"), key);
    const ApiReply second = world.post("/v1/jobs", world.ada, job_document("reef"), key);
    CHECK(first.status == 201);
    CHECK(second.status == 201);
    CHECK(first.json().at("job") == second.json().at("job"));
    CHECK(world.post("/v1/jobs", world.ada, job_document("reef", "other"), key).status == 409);
    // Keys are each account's own.
    const ApiReply bo = world.post("/v1/jobs", world.bo, job_document("dune"), key);
    CHECK(bo.status == 201);
    CHECK(bo.json().at("job") != first.json().at("job"));
    CHECK(world.get("/v1/jobs", world.ada).json().at("jobs").size() == 2);
}

TEST_CASE("jobs come newest first, in pages") {
    ReefWorld world;
    std::vector<std::string> made{world.job};
    for (int i = 0; i < 4; ++i) made.push_back(world.made("/v1/jobs", job_document("reef"), "job"));
    std::reverse(made.begin(), made.end());
    std::vector<std::string> listed;
    std::string path = "/v1/jobs?limit=2";
    while (!path.empty()) {
        const ApiReply reply = world.get(path, world.ada);
        REQUIRE(reply.status == 200);
        const Json page = reply.json();
        for (const Json& job : page.at("jobs")) listed.push_back(job.at("id"));
        const std::size_t link = reply.head.find("Link: <");
        path = link == std::string::npos ? ""
                                         : reply.head.substr(link + 7, reply.head.find('>', link) - link - 7);
    }
    CHECK(listed == made);
    CHECK(world.get("/v1/jobs?state=completed", world.ada).json().at("jobs").empty());
    CHECK(world.get("/v1/jobs?limit=0", world.ada).status == 400);
    CHECK(world.get("/v1/jobs?cursor=nonsense", world.ada).status == 400);
}

TEST_CASE("whoami and the federation's page") {
    ReefWorld world;
    const Json who = world.get("/v1/whoami", world.ada).json();
    CHECK(who.at("account") == "https://issuer.example|ada");
    CHECK(who.at("projects") == Json::array({"reef"}));
    const Json federation = world.get("/v1/federation").json();
    CHECK(federation.at("name") == "federation.example");
    CHECK(federation.at("mode") == "normal");
    CHECK(federation.at("issuer") == test_issuer);
    CHECK_FALSE(federation.contains("administrators"));
    CHECK(federation.at("tiers").size() > 2);
}

TEST_CASE("time is asked for, reviewed and granted over the API") {
    ReefWorld world;
    const auto row = [&](const char* path, const char* list) {
        return world.get(path, world.ada).json().at(list).at(0);
    };
    CHECK(row("/v1/applications", "applications").at("state") == "granted");
    CHECK(row("/v1/allocations", "allocations").at("left") == 1000);
    CHECK(row("/v1/data", "data").at("id") == "reef-corpus");
    CHECK(row("/v1/projects", "projects").at("id") == "reef");
    Json large = world.body_for("applyForTime");
    large["tier"] = "aif-large-scale";
    large["milli_gpu_hours"] = 60'000'000;
    const Json waiting = world.post("/v1/applications", world.ada, large).json();
    CHECK(waiting.at("state") == "in-review");
    const std::string review = "/v1/applications/" + waiting.value("application", "") + "/review";
    CHECK(world.post(review, world.ada, {{"grant", true}}).status == 403);
    CHECK(world.post("/v1/applications/p999/review", world.root, {{"grant", true}}).status == 404);
    Json grant = world.body_for("grantTime");
    CHECK(world.post("/v1/allocations", world.ada, grant).status == 403);
    CHECK(world.post("/v1/allocations", world.root, grant).status == 201);
}

TEST_CASE("sites are admitted, shown and drained by administrators") {
    ReefWorld world;
    Json admission = world.body_for("admitSite");
    CHECK(world.post("/v1/sites", world.bo, admission).status == 403);
    CHECK(world.post("/v1/sites", world.root, admission).status == 201);
    CHECK(world.post("/v1/sites", world.root, admission).status == 409);
    CHECK(world.get("/v1/sites", world.bo).json().at("sites").size() == 2);
    CHECK(world.get("/v1/sites/site-q", world.bo).status == 404);
    CHECK(world.post("/v1/sites/site-a/state", world.root, {{"state", "draining"}}).status == 200);
    const Json site = world.get("/v1/sites/site-a", world.bo).json();
    CHECK(site.at("state") == "draining");
    CHECK_FALSE(site.contains("journal"));
}

TEST_CASE("the ledger over HTTP: heads and proofs for everybody, entries for auditors") {
    ReefWorld world;
    world.rest();
    REQUIRE(eventually(
        [&] { return world.coordinator->heads().back().head.size == world.coordinator->durable(); }));
    const Json heads = world.get("/v1/ledger/heads").json().at("heads");
    const auto head = decode_signed_head(heads.back().get<std::string>());
    REQUIRE(head);
    CHECK(is_signed_by(*head, world.key.public_key()));
    const Json page = world.get("/v1/ledger/entries?limit=3", world.root).json();
    CHECK(page.at("entries").size() == 3);
    CHECK(world.get("/v1/ledger/entries", world.ada).status == 403);
    const Json answer =
        world.get(fmt::format("/v1/ledger/proof/inclusion?index=2&size={}", head->head.size)).json();
    Proof proof;
    for (const Json& hash : answer.at("proof")) {
        NodeHash node{};
        REQUIRE(from_base64(hash.get<std::string>(), node));
        proof.push_back(node);
    }
    CHECK(verify_inclusion(leaf_hash(page.at("entries").at(2).get<std::string>()), 2, head->head.size, proof,
                           head->head.root));
    for (const char* path :
         {"/v1/ledger/proof/inclusion?index=-1&size=3", "/v1/ledger/proof/inclusion?index=3&size=3",
          "/v1/ledger/proof/inclusion?index=1", "/v1/ledger/proof/consistency?from=3&to=2",
          "/v1/ledger/proof/consistency?from=1&to=99999999999999999999",
          "/v1/ledger/proof/consistency?from=x&to=2"})
        CHECK(world.get(path).status == 400);
}

TEST_CASE("events: a person hears of the own projects and the sites, and of nobody else's work") {
    ReefWorld world;
    world.rest();
    TestClient ada(world.server->port()), bo(world.server->port());
    ada.send(world.request({"GET", "/v1/events", world.ada, "", ""}));
    bo.send(world.request({"GET", "/v1/events", world.bo, "", "Last-Event-ID: 0\r\n"}));
    REQUIRE(bo.sees("site.described"));
    REQUIRE(ada.sees("text/event-stream"));
    REQUIRE(eventually([&] { return world.hub->listeners() == 2; }));
    const std::string second = world.made("/v1/jobs", job_document("reef", "coral-secret"), "job");
    CHECK(ada.sees("event: job.submitted"));
    CHECK(ada.sees("\"job\":\"" + second + "\""));
    world.post("/v1/sites/site-a/state", world.root, {{"state", "draining"}});
    CHECK(bo.sees("site.state_set"));
    CHECK_FALSE(has_secret(bo.received()));
    CHECK(bo.received().find("project.set") == std::string::npos);
    world.post("/v1/jobs", world.bo, job_document("dune"));
    CHECK(bo.sees("event: job.submitted"));
}

TEST_CASE("events: Last-Event-ID goes on where the client was, each event once") {
    ReefWorld world;
    world.rest();
    std::vector<std::string> jobs;
    for (int i = 0; i < 3; ++i) jobs.push_back(world.made("/v1/jobs", job_document("reef"), "job"));
    const std::string after = jobs[0].substr(1);  // the number of its event
    TestClient client(world.server->port());
    client.send(world.request({"GET", "/v1/events", world.ada, "", "Last-Event-ID: " + after + "\r\n"}));
    REQUIRE(client.sees("id: " + jobs[2].substr(1) + "\n"));
    CHECK(client.received().find("id: " + after + "\n") == std::string::npos);
    const std::string once = "id: " + jobs[1].substr(1) + "\nevent: job.submitted";
    CHECK(client.received().find(once) == client.received().rfind(once));
    CHECK(client.received().find(once) != std::string::npos);
    TestClient one(world.server->port());
    one.send(world.request(
        {"GET", "/v1/events?job=" + jobs[1], world.ada, "", "Last-Event-ID: " + after + "\r\n"}));
    CHECK(one.sees("\"job\":\"" + jobs[1] + "\""));
    CHECK(one.received().find("\"job\":\"" + jobs[2] + "\"") == std::string::npos);
    for (const char* wrong : {"x", "-7", "9223372036854775807", "99999999999999999999"})
        CHECK(world.ask({"GET", "/v1/events", world.ada, "", fmt::format("Last-Event-ID: {}\r\n", wrong)})
                  .status == 400);
}

TEST_CASE("what a job has printed comes from its site, or a word that the site is away") {
    ReefWorld world(std::chrono::milliseconds(0));
    world.rest();
    TestClient client(world.server->port());
    client.send(world.request({"GET", "/v1/jobs/" + world.job + "/logs", world.ada, "", ""}));
    Json wanted;
    Json told = world.body_for("reportClaims");
    REQUIRE(eventually([&] {
        wanted = world.post("/v1/agent/report", world.site_token(), told).json().value("wanted", Json());
        return !wanted.empty();
    }));
    SUBCASE("brought") {
        Json output = world.body_for("bringOutput");
        output["claim"] = wanted.at(0);
        output["out"] = "printed";
        CHECK(world.post("/v1/agent/output", world.site_token(), output).status == 200);
        const std::string answer = client.answer();
        CHECK(status_in(answer) == 200);
        CHECK(parse_json(body_in(answer))->at("out") == "printed");
        CHECK(parse_json(body_in(answer))->at("site") == "site-a");
    }
    SUBCASE("away") {
        world.outputs.give_up();
        CHECK(status_in(client.answer()) == 503);
    }
}

TEST_CASE("a report is answered with orders, a head and the proof that it goes on from what was signed") {
    ReefWorld world;
    world.rest();
    const auto report = [&](std::uint64_t witnessed, const Json& countersignature) {
        Json body = world.body_for("reportClaims");
        body["witnessed"] = witnessed;
        if (!countersignature.is_null()) body["countersignature"] = countersignature;
        return world.post("/v1/agent/report", world.site_token(), body).json();
    };
    report(0, nullptr);
    const Json answer = report(0, nullptr);
    CHECK(answer.at("orders").at("start").at(0).at("job") == world.job);
    const auto head = decode_signed_head(answer.at("head").get<std::string>());
    REQUIRE(head);
    const Countersignature made = countersign(head->head, "site-a", world.site_key, world.clock.now_ms());
    Json offered = {{"size", head->head.size},
                    {"hint", to_hex(made.hint)},
                    {"time_s", made.time_s},
                    {"signature", to_base64(std::span(made.signature))}};
    const Json next = report(head->head.size, offered);
    CHECK(next.contains("orders"));
    const auto heads = world.coordinator->heads();
    CHECK(std::any_of(heads.begin(), heads.end(), [](const SignedHead& one) {
        return one.countersignatures.size() == 1 && one.countersignatures[0].site == "site-a";
    }));
    // One that is wrong is passed over, and the report is taken.
    offered["signature"] = "AAAA";
    CHECK(report(0, offered).contains("orders"));
    offered["size"] = -1;
    CHECK(report(0, offered).contains("orders"));
}

}  // namespace
}  // namespace euromesh::federation

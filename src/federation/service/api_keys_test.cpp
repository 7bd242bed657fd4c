// Keys that are replaced over HTTP: the signatures are the proof, and the old key is good for nothing more.
#include "federation/service/agent.hpp"
#include "federation/service/api_for_test.hpp"
#include "federation/service/memory_batch_for_test.hpp"
#include "federation/service/site_door.hpp"

namespace euromesh::federation {
namespace {

KeyEvent rotation(const SigningKey& from, const SigningKey& to, const SigningKey& signer) {
    KeyEvent event;
    event.name = "site-a";
    event.key = from.public_key();
    event.successor = to.public_key();
    sign_key_event("federation.example", event, "site-a", signer);
    return event;
}

struct KeyWorld : ApiWorld {
    int introduced_by(const SigningKey& owner) {
        const SiteId id = SiteId::parse("site-a", "site").value();
        return post(
                   "/v1/agent/introduce", "",
                   make_introduction("federation.example", id, agent_key.public_key(), owner, clock.now_ms()))
            .status;
    }
    int reported(const std::string& assertion) {
        return post("/v1/agent/report", assertion,
                    {{"report", to_json(SiteReport{"x", -1, {}})}, {"witnessed", 0}})
            .status;
    }
    SigningKey next = SigningKey::generate();
};

TEST_CASE("a site's key is replaced by the word of the old one; a stolen old key is refused from then on") {
    KeyWorld world;
    CHECK(world.reported(world.site_token()) == 200);
    const std::string before = world.site_token();
    const SigningKey thief = SigningKey::generate();
    CHECK(world.post("/v1/keys", "", to_json(rotation(world.site_key, thief, thief))).status == 403);
    const Json change = to_json(rotation(world.site_key, world.next, world.site_key));
    REQUIRE(world.post("/v1/keys", "", change).status == 200);
    // What the old key introduced is forgotten, and it introduces nobody more.
    CHECK(world.reported(before) == 401);
    CHECK(world.introduced_by(world.site_key) == 401);
    CHECK(world.introduced_by(world.next) == 200);
    const SiteId id = SiteId::parse("site-a", "site").value();
    CHECK(world.reported(make_site_assertion(world.agent_key, id, world.coordinator_url, os::fill_random,
                                             world.clock.now_ms())) == 200);
    CHECK(world.post("/v1/keys", "", change).status == 200);
    CHECK(world.post("/v1/keys", "", to_json(rotation(world.site_key, thief, world.site_key))).status == 403);
    CHECK(world.post("/v1/keys", "", to_json(rotation(world.next, world.site_key, world.next))).status ==
          409);
    CHECK(world.get("/v1/federation").json()["key_changes"].size() == 1);
}

TEST_CASE("an agent goes on when the key of its site is replaced while it runs") {
    KeyWorld world;
    ServiceFolder folder;
    MemoryBatch batch;
    SigningKey in_file = world.site_key;
    AgentConfig config;
    config.site = SiteId::parse("site-a", "site").value();
    config.origin = "federation.example";
    config.coordinator = world.coordinator_url;
    config.coordinator_key = world.key.public_key();
    config.folder = folder.path();
    config.document = small_site();
    config.read_key = [&in_file]() -> Result<SigningKey> { return in_file; };
    const CoordinatorCall call = [&world](const std::string& path, const Json& body,
                                          const std::string& bearer) -> Result<Json> {
        const ApiReply reply = world.post(path, bearer, body);
        if (reply.status == 200) return reply.json();
        return fail(reply.status == 401 ? Code::refused : Code::unavailable, "status {}", reply.status);
    };
    auto agent = Agent::open(config, world.site_key, batch, call, world.clock, world.logger);
    REQUIRE(agent);
    REQUIRE(agent->turn());
    REQUIRE(
        world.post("/v1/keys", "", to_json(rotation(world.site_key, world.next, world.site_key))).status ==
        200);
    CHECK_FALSE(agent->turn());
    in_file = world.next;
    CHECK(agent->turn());
    CHECK(agent->turn());
}

TEST_CASE("what is no change of a key is told so") {
    KeyWorld world;
    for (const Json& bad :
         {Json::object(), Json{{"role", "king"}}, Json{{"role", "site"}, {"name", "site-a"}}})
        CHECK(world.post("/v1/keys", "", bad).status == 400);
}

TEST_CASE("a coordinator whose key was replaced signs no head with the old one") {
    KeyWorld world;
    KeyEvent event;
    event.role = KeyRole::coordinator;
    event.name = "federation.example";
    event.key = world.key.public_key();
    event.successor = world.next.public_key();
    sign_key_event(event.name, event, event.name, world.key);
    REQUIRE(world.post("/v1/keys", "", to_json(event)).status == 200);
    const std::uint64_t changed_at = world.coordinator->durable();
    must_ask(*world.coordinator, Actor{"i|new", "", {}, {}, ""}, SeeAccount{});
    for (const SignedHead& head : world.coordinator->heads()) CHECK(head.head.size < changed_at);
}

TEST_CASE("problems lead to their pages") {
    KeyWorld world;
    const std::string type = world.get("/nowhere").json()["type"];
    const ApiReply page = world.get(type);
    CHECK(page.status == 200);
    CHECK(page.head.find("text/markdown") != std::string::npos);
    CHECK(page.text.find("# no-such-path") == 0);
    CHECK(world.get("/problems").text.find("(" + type + ")") != std::string::npos);
    CHECK(world.get("/problems/none-of-these").status == 404);
}

}  // namespace
}  // namespace euromesh::federation

#include "base/os/certificate.hpp"
#include "federation/service/api_for_test.hpp"

namespace euromesh::federation {
namespace {

struct RunWorld : ApiWorld {
    RunWorld() {
        contract::JobSpec spec = small_job("reef");
        spec.executable.clear();
        spec.arguments.clear();
        spec.template_name = "train";
        spec.files = {{"run.toml", "[run]\n"}};
        job = must_ask(*coordinator, person("ada"), Submit{spec, "", ""}).at("job");
    }
    // As an agent does it; the first order that comes.
    Json order() {
        Json found;
        const bool came = eventually([&] {
            const Json body = {{"report", {{"journal", "x"}, {"orders_seen", -1}, {"claims", Json::array()}}},
                               {"witnessed", 0}};
            const Json answer = post("/v1/agent/report", site_token(), body).json();
            const Json orders = answer.value("orders", Json::object());
            const Json start = orders.value("start", Json::array());
            if (!start.empty()) found = start.front();
            return !found.is_null();
        });
        REQUIRE(came);
        return found;
    }
    std::string job;
};

TEST_CASE("an order for a run names its sites and their ways, and its key is certified for that claim only") {
    RunWorld world;
    const Json order = world.order();
    CHECK(order["spec"]["template"] == "train");
    CHECK(order["ways"][0]["site"] == "site-a");
    const os::KeyPair pair = os::make_key_pair();
    const Json asked = {{"claim", order["claim"]}, {"public_key", pair.public_key}};
    const ApiReply reply = world.post("/v1/agent/certificate", world.site_token(), asked);
    REQUIRE(reply.status == 200);
    const auto facts = os::inspect_certificate(reply.json().at("authority").get<std::string>(),
                                               reply.json().at("certificate").get<std::string>(), pair.key);
    REQUIRE(facts);
    CHECK(facts->signed_by_authority);
    CHECK(facts->subject.organisation == world.job);
    const ApiReply authority = world.get("/v1/runs/authority", world.token("ada"));
    REQUIRE(authority.status == 200);
    CHECK(os::verify_certificate(authority.json().at("authority").get<std::string>(),
                                 reply.json().at("certificate").get<std::string>(),
                                 std::chrono::seconds(world.clock.now_ms() / 1000)));
    CHECK(authority.text.find("PRIVATE") == std::string::npos);
    world.admit(*world.coordinator, "site-b");
    CHECK(world.post("/v1/agent/certificate", world.site_token("site-b"), asked).status == 403);
    CHECK(world
              .post("/v1/agent/certificate", world.site_token(),
                    {{"claim", "c999-0"}, {"public_key", pair.public_key}})
              .status == 403);
    CHECK(world.post("/v1/agent/certificate", world.token("ada"), asked).status == 401);
}

TEST_CASE("how far a run is comes from the sites' reports, and only members see it") {
    RunWorld world;
    const Json order = world.order();
    const Json claim = {{"claim", order["claim"]},
                        {"state", "running"},
                        {"started_ms", 5},
                        {"run", {{"address", "node:4000"}, {"rounds", 3}, {"rounds_all", 8}}}};
    const Json body = {{"report", {{"journal", "x"}, {"orders_seen", -1}, {"claims", Json::array({claim})}}},
                       {"witnessed", 0}};
    REQUIRE(world.post("/v1/agent/report", world.site_token(), body).status == 200);
    const ApiReply reply = world.get("/v1/jobs/" + world.job + "/run", world.token("ada"));
    REQUIRE(reply.status == 200);
    const Json site = reply.json().at("sites").at(0);
    CHECK(site["state"] == "running");
    CHECK(site["run"]["rounds"] == 3);
    CHECK_FALSE(site["run"].contains("address"));
    CHECK(world.get("/v1/jobs/" + world.job + "/run", world.token("bo")).status == 404);
    Json wrong = body;
    wrong["report"]["claims"][0]["run"]["rounds"] = -1;
    const ApiReply refused = world.post("/v1/agent/report", world.site_token(), wrong);
    CHECK(refused.status == 400);
    CHECK(refused.text.find("/claims/0/run") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

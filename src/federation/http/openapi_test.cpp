#include "federation/http/openapi.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

void nothing(HttpCall&, const Responder&) {}

Api small_api() {
    Api api;
    api.title = "Test";
    api.version = "1.2.3";
    REQUIRE(api.schemas.add("Job", {{"type", "object"}}));
    Route submit;
    submit.method = HttpMethod::post;
    submit.pattern = "/v1/projects/{project}/jobs";
    submit.id = "submit_job";
    submit.summary = "Submits a job.";
    submit.tag = "jobs";
    submit.scope = "compute.create";
    submit.body_limit = 1000;
    submit.request_schema = submit.response_schema = "Job";
    submit.success_status = 202;
    submit.idempotency = Idempotency::required;
    submit.query = {{"dry_run", "Only says what would be.", {{"type", "boolean"}}, false}};
    submit.problems = {409};
    submit.handler = nothing;
    Route events;
    events.pattern = "/v1/events";
    events.id = "follow";
    events.summary = "Events.";
    events.response_type = "text/event-stream";
    events.handler = nothing;
    api.routes = {submit, events};
    return api;
}

// Every $ref of the document leads somewhere in it.
void check_references(const Json& document, const Json& node) {
    if (node.is_object() && node.contains("$ref")) {
        const std::string target = node["$ref"].get<std::string>();
        REQUIRE(target.starts_with("#/"));
        CHECK_MESSAGE(document.contains(Json::json_pointer(target.substr(1))), target);
    }
    for (const Json& child : node) {
        if (child.is_structured()) check_references(document, child);
    }
}

TEST_CASE("the document has what each route says") {
    const Json document = openapi_document(small_api(), "https://issuer.example");
    CHECK(document["openapi"] == "3.1.0");
    CHECK(document["info"]["version"] == "1.2.3");
    const Json& submit = document["paths"]["/v1/projects/{project}/jobs"]["post"];
    CHECK(submit["operationId"] == "submit_job");
    CHECK(submit["parameters"].size() == 3);
    CHECK(submit["parameters"][0]["name"] == "project");
    CHECK(submit["parameters"][2]["required"] == true);
    CHECK(submit["requestBody"]["content"]["application/json"]["schema"]["$ref"] ==
          "#/components/schemas/Job");
    CHECK(submit["responses"].contains("202"));
    CHECK(submit["responses"].contains("409"));
    CHECK(submit["security"][0]["bearer"][0] == "compute.create");
    CHECK(document["paths"]["/v1/events"]["get"]["security"].empty());
    CHECK(
        document["paths"]["/v1/events"]["get"]["responses"]["200"]["content"].contains("text/event-stream"));
    CHECK(document["components"]["securitySchemes"]["bearer"]["openIdConnectUrl"] ==
          "https://issuer.example/.well-known/openid-configuration");
}

TEST_CASE("every route has problem responses, and every reference leads somewhere") {
    const Json document = openapi_document(small_api(), "");
    for (const auto& path : document["paths"].items()) {
        for (const auto& method : path.value().items()) {
            for (const char* const status : {"400", "405", "408", "413", "429", "431", "500", "503"}) {
                CHECK_MESSAGE(method.value()["responses"].contains(status), path.key(), " ", method.key(),
                              " ", status);
            }
        }
    }
    const Json& submit = document["paths"]["/v1/projects/{project}/jobs"]["post"];
    for (const char* const status : {"401", "403", "404", "413", "415"})
        CHECK(submit["responses"].contains(status));
    check_references(document, document);
}

TEST_CASE("a problem is what the document says it is") {
    const Json document = openapi_document(small_api(), "");
    SchemaSet set;
    REQUIRE(set.add("Problem", document["components"]["schemas"]["Problem"]));
    Problem problem = simple_problem(400, "invalid-body", "wrong");
    problem.faults = {{"/name", "must be text"}};
    problem.members = {{"rule", "civilian-use"}};
    CHECK(set.faults_of("Problem", parse_json(problem_text(problem, "r")).value()).empty());
    CHECK(set.faults_of("Problem", Json{{"type", "x"}}).size() == 4);
}

TEST_CASE("the document shows the route that serves it") {
    Api api = small_api();
    add_openapi_route(api, "");
    REQUIRE(api.check());
    CHECK(api.routes.back().pattern == "/openapi.json");
    CHECK(openapi_document(api, "")["paths"].contains("/openapi.json"));
}

}  // namespace
}  // namespace euromesh::federation

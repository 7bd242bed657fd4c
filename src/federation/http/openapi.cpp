#include "federation/http/openapi.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace euromesh::federation {
namespace {

Json reference(std::string_view kind, std::string_view name) {
    return {{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

Json path_parameters(const Route& route) {
    Json list = Json::array();
    for (std::size_t at = route.pattern.find('{'); at != std::string::npos;
         at = route.pattern.find('{', at + 1)) {
        const std::size_t end = route.pattern.find('}', at);
        list.push_back({{"name", route.pattern.substr(at + 1, end - at - 1)},
                        {"in", "path"},
                        {"required", true},
                        {"schema", {{"type", "string"}, {"minLength", 1}}}});
    }
    return list;
}

Json parameters_of(const Route& route) {
    Json list = path_parameters(route);
    for (const QueryParameter& one : route.query) {
        list.push_back({{"name", one.name},
                        {"in", "query"},
                        {"description", one.description},
                        {"required", one.required},
                        {"schema", one.schema}});
    }
    if (route.idempotency != Idempotency::none) {
        list.push_back(
            {{"name", "Idempotency-Key"},
             {"in", "header"},
             {"description", "The same key with the same body does it once; 1 to 255 visible characters."},
             {"required", route.idempotency == Idempotency::required},
             {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}}});
    }
    if (route.has_events()) {
        list.push_back({{"name", "Last-Event-ID"},
                        {"in", "header"},
                        {"description", "Goes on after this event."},
                        {"required", false},
                        {"schema", {{"type", "string"}}}});
    }
    return list;
}

// What the server itself may answer for a route, and what the route adds.
std::set<int> problem_statuses(const Route& route) {
    std::set<int> all = {400, 405, 408, 429, 431, 500, 503};
    if (!route.is_public()) all.insert({401, 403});
    all.insert(413);
    if (!route.request_schema.empty()) all.insert(415);
    if (route.pattern.find('{') != std::string::npos) all.insert(404);
    all.insert(route.problems.begin(), route.problems.end());
    return all;
}

Json content_of(const Route& route) {
    Json media = Json::object();
    if (!route.response_schema.empty()) media["schema"] = reference("schemas", route.response_schema);
    return {{route.response_type, media}};
}

Json responses_of(const Route& route) {
    Json success = {{"description", route.summary},
                    {"headers", {{"X-Request-Id", reference("headers", "RequestId")}}}};
    if (route.success_status != 204) success["content"] = content_of(route);
    Json responses = {{std::to_string(route.success_status), success}};
    for (const int status : problem_statuses(route)) {
        responses[std::to_string(status)] = reference("responses", "Problem" + std::to_string(status));
    }
    return responses;
}

Json operation_of(const Route& route) {
    Json operation = {{"operationId", route.id}, {"summary", route.summary}};
    if (!route.tag.empty()) operation["tags"] = {route.tag};
    operation["parameters"] = parameters_of(route);
    if (route.body_limit > 0) {
        Json media = Json::object();
        if (!route.request_schema.empty()) media["schema"] = reference("schemas", route.request_schema);
        const char* const type =
            route.request_schema.empty() ? "application/octet-stream" : "application/json";
        operation["requestBody"] = {{"required", !route.request_schema.empty()},
                                    {"description", fmt::format("At most {} bytes.", route.body_limit)},
                                    {"content", {{type, media}}}};
    }
    operation["responses"] = responses_of(route);
    operation["security"] = Json::array();
    if (!route.is_public()) operation["security"].push_back({{"bearer", Json::array({route.scope})}});
    return operation;
}

Json problem_schema() {
    const Json text = {{"type", "string"}};
    return {{"type", "object"},
            {"required", {"type", "title", "status", "detail", "request_id"}},
            {"additionalProperties", true},
            {"properties",
             {{"type", text},
              {"title", text},
              {"status", {{"type", "integer"}}},
              {"detail", text},
              {"request_id", text},
              {"errors",
               {{"type", "array"},
                {"items",
                 {{"type", "object"},
                  {"required", {"pointer", "detail"}},
                  {"properties", {{"pointer", text}, {"detail", text}}}}}}}}}};
}

Json problem_responses(const std::vector<Route>& routes) {
    std::set<int> statuses;
    for (const Route& route : routes) statuses.merge(problem_statuses(route));
    Json responses = Json::object();
    for (const int status : statuses) {
        responses["Problem" + std::to_string(status)] = {
            {"description", title_of(status)},
            {"headers", {{"X-Request-Id", reference("headers", "RequestId")}}},
            {"content", {{"application/problem+json", {{"schema", reference("schemas", "Problem")}}}}}};
    }
    return responses;
}

Json components_of(const Api& api, const std::string& issuer) {
    Json schemas = Json::object();
    for (const auto& [name, schema] : api.schemas.all()) schemas[name] = schema;
    schemas["Problem"] = problem_schema();
    Json bearer = {{"type", "http"}, {"scheme", "bearer"}};
    if (!issuer.empty()) {
        bearer = {{"type", "openIdConnect"},
                  {"openIdConnectUrl", issuer + "/.well-known/openid-configuration"}};
    }
    const Json request_id = {{"description", "Names the request in our log."},
                             {"schema", {{"type", "string"}}}};
    return {{"schemas", schemas},
            {"responses", problem_responses(api.routes)},
            {"headers", {{"RequestId", request_id}}},
            {"securitySchemes", {{"bearer", bearer}}}};
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

}  // namespace

Json openapi_document(const Api& api, const std::string& issuer) {
    Json paths = Json::object();
    for (const Route& route : api.routes)
        paths[route.pattern][lower(text_of(route.method))] = operation_of(route);
    Json info = {{"title", api.title}, {"version", api.version}};
    if (!api.description.empty()) info["description"] = api.description;
    return {
        {"openapi", "3.1.0"}, {"info", info}, {"paths", paths}, {"components", components_of(api, issuer)}};
}

void add_openapi_route(Api& api, const std::string& issuer) {
    Route route;
    route.pattern = "/openapi.json";
    route.id = "show_openapi";
    route.summary = "This document.";
    api.routes.push_back(std::move(route));
    const auto text = std::make_shared<const std::string>(openapi_document(api, issuer).dump());
    api.routes.back().handler = [text](HttpCall&, const Responder& responder) {
        responder.answer(text_answer(*text, "application/json"));
    };
}

}  // namespace euromesh::federation

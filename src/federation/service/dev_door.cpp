#include "federation/service/dev_door.hpp"

#include "federation/identity/issuer_fetcher.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t form_most_bytes = 64u << 10;

std::string query_text(const HttpCall& call) {
    std::string text;
    for (const auto& [name, value] : call.query) {
        if (!text.empty()) text += '&';
        text += percent_encoded(name) + '=' + percent_encoded(value);
    }
    return text;
}

}  // namespace

HttpAnswer DevDoor::handle(const HttpCall& call) {
    DevRequest request;
    request.method = text_of(call.method);
    request.host = call.header("host").value_or("");
    request.path = call.path;
    request.query = query_text(call);
    request.body = call.body;
    request.authorization = call.header("authorization").value_or("");
    const std::lock_guard lock(mutex_);
    DevAnswer answer = issuer_->handle(request, wall_ms(clock_));
    HttpAnswer made = text_answer(std::move(answer.body), std::move(answer.content_type), answer.status);
    made.headers.emplace_back("Cache-Control", "no-store");
    if (!answer.location.empty()) made.headers.emplace_back("Location", std::move(answer.location));
    return made;
}

void DevDoor::add(Api& api, HttpMethod method, const std::string& path, const std::string& id) {
    Route route;
    route.method = method;
    route.pattern = path;
    route.id = id;
    route.summary = "development issuer";
    route.tag = "issuer";
    route.body_limit = method == HttpMethod::post ? form_most_bytes : 0;
    route.handler = [this](HttpCall& call, const Responder& responder) { responder.answer(handle(call)); };
    api.routes.push_back(std::move(route));
}

Api DevDoor::api() {
    Api api;
    api.title = "Development issuer";
    api.version = "1";
    api.description = "For trying things on this machine.";
    add(api, HttpMethod::get, "/.well-known/openid-configuration", "discovery");
    add(api, HttpMethod::get, "/jwks", "keys");
    add(api, HttpMethod::get, "/authorize", "authorize");
    add(api, HttpMethod::post, "/authorize", "authorizeChosen");
    add(api, HttpMethod::get, "/device", "device");
    add(api, HttpMethod::post, "/device", "deviceChosen");
    add(api, HttpMethod::post, "/device_authorization", "deviceStart");
    add(api, HttpMethod::post, "/token", "token");
    add(api, HttpMethod::get, "/userinfo", "userInfo");
    add(api, HttpMethod::post, "/revoke", "revoke");
    add(api, HttpMethod::get, "/end", "end");
    return api;
}

}  // namespace euromesh::federation

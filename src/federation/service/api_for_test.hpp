// The whole API on a port of its own, over a real coordinator; people with real tokens.
#pragma once

#include "base/os/entropy.hpp"
#include "federation/http/client_for_test.hpp"
#include "federation/identity/issuer_document.hpp"
#include "federation/identity/jws.hpp"
#include "federation/service/api.hpp"
#include "federation/service/coordinator_for_test.hpp"

namespace euromesh::federation {

inline constexpr const char* test_audience = "urn:coordinator";
inline constexpr const char* all_scopes =
    "compute.read compute.create compute.cancel allocation.apply allocation.review federation.admin";

struct ApiReply {
    int status = 0;
    std::string head;
    std::string text;
    Json json() const { return parse_json(text).value_or(Json()); }
    std::string problem() const {
        const std::string type = json().value("type", "");
        return type.substr(type.rfind('/') + 1);
    }
};

struct ApiCall {
    std::string method = "GET";
    std::string path;
    std::string token{};
    std::string body{};
    std::string headers{};  // each with its line end
};

struct ApiWorld : CoordinatorWorld {
    explicit ApiWorld(Nanoseconds patience = std::chrono::seconds(10)) : outputs(clock, patience) {
        coordinator = founded();
        hub = std::make_unique<EventHub>(*coordinator);
        fetch_keys();
        context.emplace(
            ApiContext{*coordinator, *issuers, door, *hub, outputs, "0.0", test_issuer, "cli", "test"});
        auto api = make_api(*context);
        if (!api) FAIL(api.error().message);
        HttpOptions http;
        http.threads = 1;
        http.limits.rate = {.per_second = 1e6, .burst = 1e6};
        auto started =
            HttpServer::start(http, std::move(*api), make_authenticate(*context), clock, logger, metrics);
        if (!started) FAIL(started.error().message);
        server = std::move(*started);
    }
    ~ApiWorld() {
        server.reset();
        hub->stop();
        coordinator.reset();
    }

    void fetch_keys() {
        const std::string url = test_issuer;
        for (int round = 0; round < 2; ++round) {
            for (const IssuerFetch& fetch : issuers->due(clock.now_ms())) {
                const std::string document =
                    Json{{"issuer", url}, {"jwks_uri", url + "/keys"}, {"token_endpoint", url + "/token"}}
                        .dump();
                const bool is_keys = fetch.what == IssuerFetch::What::keys;
                REQUIRE(issuers->answer(
                    fetch, is_keys ? KeySet({issuer_key.public_key()}).document().dump() : document,
                    clock.now_ms()));
            }
        }
    }
    Json claims(const std::string& subject, const std::string& scopes = all_scopes) const {
        const std::int64_t now_s = clock.now_ms() / 1000;
        return {{"iss", test_issuer}, {"aud", test_audience}, {"sub", subject},   {"name", subject},
                {"scope", scopes},    {"exp", now_s + 3600},  {"nbf", now_s - 1}, {"iat", now_s}};
    }
    std::string token(const std::string& subject, const std::string& scopes = all_scopes) const {
        return make_jws(issuer_key, "at+jwt", claims(subject, scopes));
    }
    // Introduces a token key of the site, as an agent does.
    std::string site_token(const std::string& site = "site-a") {
        const SiteId id = SiteId::parse(site, "site").value();
        const Json introduction =
            make_introduction("federation.example", id, agent_key.public_key(), site_key, clock.now_ms());
        REQUIRE(door.introduce("federation.example", introduction, to_hex(site_key.public_key()),
                               clock.now_ms()));
        return make_site_assertion(agent_key, id, coordinator_url, os::fill_random, clock.now_ms());
    }

    std::string request(const ApiCall& call) const {
        std::string text = call.method + " " + call.path + " HTTP/1.1\r\nHost: test\r\n" + call.headers;
        if (!call.token.empty()) text += "Authorization: Bearer " + call.token + "\r\n";
        if (!call.body.empty())
            text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", call.body.size());
        return text + "\r\n" + call.body;
    }
    ApiReply ask(const ApiCall& call) const {
        TestClient client(server->port());
        const std::string answer = client.ask(request(call));
        return {status_in(answer), answer.substr(0, answer.find("\r\n\r\n")), body_in(answer)};
    }
    ApiReply get(const std::string& path, const std::string& with = {}) const {
        return ask({"GET", path, with, "", ""});
    }
    ApiReply post(const std::string& path, const std::string& with, const Json& body,
                  const std::string& headers = {}) const {
        return ask({"POST", path, with, body.dump(), headers});
    }

    const std::string coordinator_url = "https://coordinator.example";
    TokenKey issuer_key = TokenKey::generate(TokenAlgorithm::es256);
    TokenKey agent_key = TokenKey::generate(TokenAlgorithm::es256);
    std::unique_ptr<TrustedIssuers> issuers =
        TrustedIssuers::make({{test_issuer, test_audience, "cli", {}}}).value();
    SiteDoor door{coordinator_url};
    OutputDesk outputs;
    MetricRegistry metrics;
    std::unique_ptr<Coordinator> coordinator;
    std::unique_ptr<EventHub> hub;
    std::optional<ApiContext> context;
    std::unique_ptr<HttpServer> server;
};

}  // namespace euromesh::federation

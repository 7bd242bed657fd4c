#include "federation/service/dev_door.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"
#include "base/os/system_clock.hpp"
#include "federation/http/client_for_test.hpp"
#include "federation/http/server.hpp"
#include "federation/identity/issuer_fetcher.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

// The port is known only when it listens: the issuer behind it is named after a first listener's port.
std::uint16_t free_port() {
    const auto listener = os::Socket::listen(os::Endpoint{"127.0.0.1", 0}, {});
    REQUIRE(listener);
    return listener->local_port();
}

struct DoorWorld {
    os::SystemClock clock;
    Logger logger{clock, LogFormat::json_lines, LogLevel::error, [](std::string_view) {}};
    MetricRegistry metrics;
    const std::uint16_t port = free_port();
    const std::string url = fmt::format("http://127.0.0.1:{}", port);
    std::unique_ptr<DevDoor> door = std::make_unique<DevDoor>(issuer(), clock);
    std::unique_ptr<HttpServer> server = serve();

    std::unique_ptr<DevIssuer> issuer() const {
        DevIssuerConfig config;
        config.issuer = url;
        config.audience = "urn:coordinator";
        config.users = {{"ada", "Ada", "", {}, {Scope::compute_read}}};
        config.services = {{"pipeline", "a-secret-of-16-bytes", {Scope::compute_create}}};
        return DevIssuer::make(config, "127.0.0.1", TokenKey::generate(TokenAlgorithm::es256),
                               os::fill_random)
            .value();
    }
    std::unique_ptr<HttpServer> serve() {
        HttpOptions options;
        options.listen = {"127.0.0.1", port};
        options.threads = 1;
        auto started = HttpServer::start(options, door->api(), nullptr, clock, logger, metrics);
        if (!started) FAIL(started.error().message);
        return std::move(*started);
    }
    std::string ask(const std::string& method, const std::string& path, const std::string& host,
                    const std::string& form = {}) const {
        TestClient client(port);
        std::string text = method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n";
        if (!form.empty())
            text += fmt::format("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                                form.size());
        return client.ask(text + "\r\n" + form);
    }
    std::string host() const { return fmt::format("127.0.0.1:{}", port); }
};

TEST_CASE("the coordinator gets its keys from it, and a pipeline a token that they check") {
    DoorWorld world;
    auto issuers = TrustedIssuers::make({{world.url, "urn:coordinator", "euromesh-cli", {}}}).value();
    IssuerFetcher fetcher;
    for (int round = 0; round < 2; ++round) CHECK(fetcher.refresh(*issuers, world.clock).empty());
    REQUIRE(issuers->has_all_keys());
    const std::string answer = world.ask("POST", "/token", world.host(),
                                         to_form({{"grant_type", "client_credentials"},
                                                  {"client_id", "pipeline"},
                                                  {"client_secret", "a-secret-of-16-bytes"},
                                                  {"scope", "compute.create"}}));
    REQUIRE(status_in(answer) == 200);
    const std::string token = parse_json(body_in(answer))->at("access_token");
    const auto who = issuers->verify(token, wall_ms(world.clock));
    REQUIRE(who);
    CHECK((*who)->scopes == ScopeSet{Scope::compute_create});
}

TEST_CASE("the query reaches the issuer as it was written, and redirects come back") {
    DoorWorld world;
    const std::string page = world.ask(
        "GET",
        "/authorize?client_id=euromesh-cli&response_type=code&state=a%26b&code_challenge_method=S256"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scope=openid%20compute.read"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A4567%2Fback",
        world.host());
    REQUIRE(status_in(page) == 200);
    constexpr std::string_view mark = "name=\"ticket\" value=\"";
    const std::string ticket = page.substr(page.find(mark) + mark.size(), 22);
    const std::string back =
        world.ask("POST", "/authorize", world.host(), to_form({{"ticket", ticket}, {"user", "ada"}}));
    CHECK(status_in(back) == 303);
    CHECK(back.find("Location: http://127.0.0.1:4567/back?") != std::string::npos);
    CHECK(back.find("state=a%26b") != std::string::npos);
}

TEST_CASE("it answers under its own name only, and what it does not have is not there") {
    DoorWorld world;
    const std::string path = "/.well-known/openid-configuration";
    CHECK(status_in(world.ask("GET", path, world.host())) == 200);
    CHECK(status_in(world.ask("GET", path, "evil.example")) >= 400);
    CHECK(status_in(world.ask("GET", "/admin", world.host())) == 404);
    CHECK(status_in(world.ask("POST", "/token", world.host(), "rubbish")) == 401);
    CHECK(status_in(world.ask("POST", "/token", world.host(), std::string(100'000, 'a'))) == 413);
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/identity/dev_config.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("only addresses of this machine may be listened on") {
    for (const char* host : {"127.0.0.1", "::1", "localhost", "127.0.0.53"}) CHECK(check_dev_listen(host));
    for (const char* host : {"0.0.0.0", "::", "", "10.0.0.1", "example.eu", "*", "127.0.0.1.example.eu"}) {
        CHECK_FALSE(check_dev_listen(host));
    }
    CHECK(check_dev_listen("0.0.0.0").error().code == Code::refused);
}

template <class Change>
Status checked(const Change& change) {
    DevIssuerConfig made;
    made.issuer = "http://127.0.0.1:8701/dev";
    made.audience = "urn:coordinator";
    made.users = {{"ada", "", "", {}, {}}, {"bo", "", "", {}, {}}};
    made.services = {{"pipeline", "a-secret-of-16-bytes", {}}};
    change(made);
    return check(made);
}

TEST_CASE("a configuration that could not be safe is refused") {
    CHECK(checked([](DevIssuerConfig&) {}));
    CHECK_FALSE(checked([](DevIssuerConfig& c) { c.issuer = "https://issuer.example"; }));
    CHECK_FALSE(checked([](DevIssuerConfig& c) { c.issuer = "http://127.0.0.1:1/"; }));
    CHECK_FALSE(checked([](DevIssuerConfig& c) { c.users.clear(); }));
    CHECK_FALSE(checked([](DevIssuerConfig& c) { c.users[1].id = "ada"; }));
    CHECK_FALSE(checked([](DevIssuerConfig& c) { c.services[0].id = "ada"; }));
    CHECK_FALSE(checked([](DevIssuerConfig& c) { c.audience = c.client; }));
    const Status secret = checked([](DevIssuerConfig& c) { c.services[0].secret = "short"; });
    REQUIRE_FALSE(secret);
    CHECK(secret.error().message.find("short") == std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

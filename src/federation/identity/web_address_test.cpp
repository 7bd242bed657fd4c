#include "federation/identity/web_address.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("URLs are taken apart") {
    const auto plain = parse_web_address("https://issuer.example/realms/a?x=1");
    REQUIRE(plain);
    CHECK(plain->is_tls);
    CHECK(plain->host == "issuer.example");
    CHECK(plain->port == 443);
    CHECK(plain->path == "/realms/a?x=1");
    const auto v6 = parse_web_address("http://[::1]:8080");
    REQUIRE(v6);
    CHECK(v6->host == "::1");
    CHECK(v6->port == 8080);
    CHECK(v6->path == "/");
    CHECK(parse_web_address("http://h?x=1")->path == "/?x=1");
}

TEST_CASE("other forms are refused") {
    for (const char* wrong :
         {"", "issuer.example", "ftp://x/", "https://", "https:///x", "https://user@host/", "https://host:0/",
          "https://host:70000/", "https://host:8a/", "https://host/#x", "https://ho st/", "https://[::1",
          "https://[::1]x/", "https://host\\@other/", "https://h\xc3\xb6st/", "HTTPS://x/"}) {
        CHECK_MESSAGE(!parse_web_address(wrong), wrong);
    }
    CHECK_FALSE(parse_web_address("https://h/" + std::string(3000, 'x')));
}

TEST_CASE("plain HTTP only to this machine") {
    for (const char* good : {"https://x.example/", "http://127.0.0.1:1/", "http://127.8.9.1/",
                             "http://[::1]/", "http://localhost:99/x"}) {
        CHECK_MESSAGE(check_endpoint(good, "endpoint"), good);
    }
    for (const char* wrong : {"http://x.example/", "http://127.0.0.1.example/", "http://127.evil/",
                              "http://localhost.example/", "http://10.0.0.1/", "http://0.0.0.0/"}) {
        CHECK_MESSAGE(!check_endpoint(wrong, "endpoint"), wrong);
    }
    CHECK(check_endpoint("http://x.example/", "token endpoint")
              .error()
              .message.starts_with("token endpoint: "));
}

TEST_CASE("forms come back, and odd ones are refused") {
    const FormFields fields{{"code", "a b+c&d=e%\xc3\xa9"}, {"empty", ""}, {"x", "y"}};
    CHECK(parse_form(to_form(fields)) == fields);
    CHECK(parse_form("a=1+2&&b").value() == FormFields{{"a", "1 2"}, {"b", ""}});
    CHECK_FALSE(parse_form("a=1&a=2"));
    CHECK_FALSE(parse_form("a=%4"));
    CHECK_FALSE(parse_form("a=%zz"));
    CHECK_FALSE(parse_form(std::string(70000, 'a')));
    std::string many;
    for (int i = 0; i < 70; ++i) many += "f" + std::to_string(i) + "=1&";
    CHECK_FALSE(parse_form(many));
}

}  // namespace
}  // namespace euromesh::federation

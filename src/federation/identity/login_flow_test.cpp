#include "federation/identity/login_flow.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"
#include "federation/identity/dev_issuer.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {
namespace {

const std::string issuer_url = "http://127.0.0.1:8701";
const std::string redirect = "http://127.0.0.1:4567/back";
using Answer = std::pair<int, std::string>;

// The development issuer at the other end of every call.
struct Fixture {
    Fixture() {
        DevIssuerConfig config;
        config.issuer = issuer_url;
        config.audience = "urn:coordinator";
        config.users = {{"ada", "Ada", "", {}, {Scope::compute_read}}};
        config.services = {{"pipeline", "a-secret-of-16-bytes", {Scope::compute_create}}};
        issuer =
            DevIssuer::make(config, "127.0.0.1", TokenKey::generate(TokenAlgorithm::es256), os::fill_random)
                .value();
        client.issuer =
            parse_issuer_document(get("/.well-known/openid-configuration").body, issuer_url).value();
        client.client = "euromesh-cli";
        client.scope = "openid offline_access compute.read";
    }
    DevAnswer get(const std::string& path_and_query) {
        const std::size_t at = std::min(path_and_query.find('?'), path_and_query.size());
        const std::string query = at < path_and_query.size() ? path_and_query.substr(at + 1) : "";
        return issuer->handle({"GET", "127.0.0.1:8701", path_and_query.substr(0, at), query, "", ""}, now_ms);
    }
    Answer post(const FormCall& call) {
        REQUIRE(call.url.starts_with(issuer_url));
        const DevAnswer answer = issuer->handle(
            {"POST", "127.0.0.1:8701", call.url.substr(issuer_url.size()), "", call.form, ""}, now_ms);
        return {answer.status, answer.status == 303 ? answer.location : answer.body};
    }
    static std::string ticket_in(const std::string& page) {
        constexpr std::string_view mark = "name=\"ticket\" value=\"";
        return page.substr(page.find(mark) + mark.size(), 22);
    }
    KeySet keys() { return KeySet::parse(get("/jwks").body).value(); }
    // The person's part: what comes back to the redirect.
    std::string consent(const std::string& url) {
        const std::string page = get(url.substr(issuer_url.size())).body;
        const Answer back =
            post({issuer_url + "/authorize", to_form({{"ticket", ticket_in(page)}, {"user", "ada"}})});
        CHECK(back.first == 303);
        return back.second.substr(redirect.size() + 1);
    }
    void confirm(const std::string& code, const char* name, const char* value) {
        const std::string page = get("/device").body;
        CHECK(post({issuer_url + "/device",
                    to_form({{"ticket", ticket_in(page)}, {"user_code", code}, {name, value}})})
                  .first == 200);
    }
    std::unique_ptr<DevIssuer> issuer;
    LoginClient client;
    std::int64_t now_ms = 1'700'000'000'000;
};

TEST_CASE("authorisation code: the whole way, then a refresh") {
    Fixture f;
    const auto login = CodeLogin::make(f.client, redirect, os::fill_random);
    REQUIRE(login);
    const auto call = login->redirected(f.consent(login->url()));
    REQUIRE(call);
    const Answer answer = f.post(*call);
    const auto set = login->exchanged(answer.first, answer.second, f.keys(), f.now_ms);
    REQUIRE(set);
    CHECK(set->expires_ms == f.now_ms + 600'000);
    const auto again = f.post(refresh_call(f.client, set->refresh_token));
    const auto next = parse_token_answer(again.first, again.second, f.now_ms);
    REQUIRE(next);
    CHECK(next->access_token != set->access_token);
}

TEST_CASE("a redirect or an ID token of another log-in is refused") {
    Fixture f;
    const auto one = CodeLogin::make(f.client, redirect, os::fill_random).value();
    const auto other = CodeLogin::make(f.client, redirect, os::fill_random).value();
    const std::string query = f.consent(one.url());
    CHECK_FALSE(other.redirected(query));
    FormFields fields = parse_form(query).value();
    const auto changed = [&](const char* name, const char* value) {
        FormFields wrong = fields;
        wrong[name] = value;
        return one.redirected(to_form(wrong)).has_value();
    };
    CHECK_FALSE(changed("iss", "https://other.example"));
    CHECK_FALSE(changed("error", "access_denied"));
    CHECK_FALSE(changed("code", ""));
    CHECK_FALSE(changed("state", ""));
    CHECK_FALSE(one.redirected("state=%"));
    const Answer answer = f.post(one.redirected(query).value());
    CHECK(one.exchanged(answer.first, answer.second, f.keys(), f.now_ms));
    const auto wrong = other.exchanged(answer.first, answer.second, f.keys(), f.now_ms);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("nonce") != std::string::npos);
    CHECK_FALSE(one.exchanged(answer.first, answer.second, KeySet(), f.now_ms));
}

TEST_CASE("device flow: pending, slow down, confirmed") {
    Fixture f;
    auto login = DeviceLogin::make(f.client).value();
    const Answer begun = f.post(login.start());
    REQUIRE(login.started(begun.first, begun.second, f.now_ms));
    CHECK(login.prompt().user_code.size() == 9);
    CHECK(login.prompt().url == issuer_url + "/device");
    CHECK(login.next_poll_ms() == f.now_ms + 5000);
    f.now_ms = login.next_poll_ms();
    CHECK_FALSE(login.polled(f.post(login.poll()), f.now_ms).value());
    f.now_ms += 1000;
    CHECK_FALSE(login.polled(f.post(login.poll()), f.now_ms).value());  // the issuer says slow_down
    CHECK(login.next_poll_ms() == f.now_ms + 10'000);
    f.now_ms = login.next_poll_ms();
    CHECK_FALSE(login.polled(fail(Code::unavailable, "cut"), f.now_ms).value());
    CHECK(login.next_poll_ms() == f.now_ms + 20'000);
    f.confirm(login.prompt().user_code, "user", "ada");
    f.now_ms = login.next_poll_ms();
    const auto set = login.polled(f.post(login.poll()), f.now_ms);
    REQUIRE(set);
    REQUIRE(*set);
    CHECK(check_id_token((*set)->id_token, f.keys(), f.client, "", f.now_ms)->subject == "ada");
    CHECK(login.polled(f.post(login.poll()), f.now_ms).error().code == Code::refused);
}

TEST_CASE("device flow: refused, too late, and answers that are none") {
    Fixture f;
    auto denied = DeviceLogin::make(f.client).value();
    Answer begun = f.post(denied.start());
    REQUIRE(denied.started(begun.first, begun.second, f.now_ms));
    f.confirm(denied.prompt().user_code, "deny", "1");
    CHECK(denied.polled(f.post(denied.poll()), f.now_ms).error().message == "token endpoint: access_denied");
    auto late = DeviceLogin::make(f.client).value();
    begun = f.post(late.start());
    REQUIRE(late.started(begun.first, begun.second, f.now_ms));
    CHECK(late.polled(fail(Code::unavailable, "x"), f.now_ms + 600'000).error().code == Code::refused);
    CHECK_FALSE(late.started(400, R"({"error":"invalid_client"})", 0));
    CHECK_FALSE(late.started(200, R"({"device_code":"d"})", 0));
    CHECK_FALSE(
        late.started(200, R"({"device_code":"d","user_code":"U","verification_uri":"http://x.example"})", 0));
    CHECK_FALSE(late.started(
        200, "{\"device_code\":\"d\",\"user_code\":\"\x1b[2J\",\"verification_uri\":\"https://x\"}", 0));
}

TEST_CASE("pipelines, and issuers that offer less") {
    Fixture f;
    CHECK_FALSE(service_call(f.client));
    LoginClient pipeline = f.client;
    pipeline.client = "pipeline";
    pipeline.secret = "a-secret-of-16-bytes";
    pipeline.scope = "compute.create";
    const Answer answer = f.post(service_call(pipeline).value());
    const auto set = parse_token_answer(answer.first, answer.second, f.now_ms);
    REQUIRE(set);
    CHECK(set->scope == "compute.create");
    f.client.issuer.device_url.clear();
    f.client.issuer.authorization_url.clear();
    CHECK_FALSE(DeviceLogin::make(f.client));
    CHECK_FALSE(CodeLogin::make(f.client, redirect, os::fill_random));
}

}  // namespace
}  // namespace euromesh::federation

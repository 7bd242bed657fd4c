#include "federation/identity/login.hpp"

#include <doctest/doctest.h>

#include "base/os/entropy.hpp"
#include "base/os/file_lock.hpp"
#include "base/os/thread.hpp"
#include "federation/identity/oidc_server_for_test.hpp"

namespace euromesh::federation {
namespace {

struct Fixture {
    explicit Fixture(const char* name, Nanoseconds step = std::chrono::milliseconds(500))
        : folder(name), clock(step) {}
    LoginQuestion question() const {
        return {oidc_server().url(), "euromesh-cli", "", "openid offline_access compute.read",
                "urn:coordinator"};
    }
    Result<StoredLogin> by_device() {
        return login.by_device(question(), [](const DevicePrompt& prompt) {
            CHECK(prompt.complete_url.find(prompt.user_code) != std::string::npos);
            CHECK(oidc_server().visit(prompt.complete_url).starts_with("200 "));
        });
    }
    FolderForTest folder;
    HastyClock clock;
    IssuerFetcher fetcher;
    Login login{fetcher, clock, os::fill_random, folder.path() / "config"};
};

TEST_CASE("log in by another device, keep it, renew it when it is old, log out") {
    Fixture f("login-device");
    CHECK(f.login.stored().error().code == Code::not_found);
    CHECK(f.login.fresh().error().code == Code::not_found);
    const auto made = f.by_device();
    REQUIRE(made);
    CHECK(made->subject == "ada");
    CHECK(made->name == "Person ada");
    CHECK(f.login.fresh()->tokens.access_token == made->tokens.access_token);
    StoredLogin old = *made;
    old.tokens.expires_ms = wall_ms(f.clock) + 30'000;
    REQUIRE(write_login(f.folder.path() / "config" / "login.json", old));
    const auto renewed = f.login.fresh();
    REQUIRE(renewed);
    CHECK(renewed->tokens.access_token != made->tokens.access_token);
    CHECK(renewed->tokens.refresh_token != made->tokens.refresh_token);
    CHECK(f.login.stored()->tokens.access_token == renewed->tokens.access_token);
    REQUIRE(f.login.logout());
    CHECK(f.login.stored().error().code == Code::not_found);
    CHECK(f.login.logout());
    // The issuer has heard of it.
    StoredLogin gone = *renewed;
    gone.tokens.expires_ms = 0;
    REQUIRE(write_login(f.folder.path() / "config" / "login.json", gone));
    CHECK(f.login.fresh().error().code == Code::refused);
}

TEST_CASE("log in by a browser on this machine") {
    Fixture f("login-browser");
    std::string end;
    os::Thread browser;
    const auto made = f.login.by_browser(f.question(), [&](const std::string& url) {
        browser = os::Thread([&end, url] { end = oidc_server().visit(url); });
    });
    if (browser.joinable()) browser.join();
    REQUIRE_MESSAGE(made, end);
    CHECK(made->subject == "ada");
    CHECK(end == "200 You can close this page and go back to the terminal.");
}

TEST_CASE("a pipeline logs in by its secret, which is kept nowhere") {
    Fixture f("login-secret");
    LoginQuestion question = f.question();
    question.client = "pipeline";
    question.secret = "a-secret-of-16-bytes";
    question.scope = "compute.create";
    const auto made = f.login.by_secret(question);
    REQUIRE(made);
    CHECK(made->subject == "pipeline");
    const std::string file = os::read_file(f.folder.path() / "config" / "login.json", 1u << 20).value();
    CHECK(file.find("a-secret-of-16-bytes") == std::string::npos);
    question.secret = "another-of-16-bytes!";
    CHECK(f.login.by_secret(question).error().code == Code::refused);
}

TEST_CASE("a person who refuses ends the log-in") {
    Fixture f("login-denied");
    const auto denied = f.login.by_device(f.question(), [](const DevicePrompt& prompt) {
        CHECK_FALSE(oidc_server().visit(prompt.complete_url, "", true).empty());
    });
    REQUIRE_FALSE(denied);
    CHECK(denied.error().code == Code::refused);
    CHECK(f.login.stored().error().code == Code::not_found);
}

TEST_CASE("a stop ends the waiting, and two renewals wait for each other") {
    Fixture f("login-stop", std::chrono::seconds(5));
    std::stop_source stop;
    const auto stopped = f.login.by_device(
        f.question(), [&](const DevicePrompt&) { stop.request_stop(); }, stop.get_token());
    CHECK(stopped.error().code == Code::cancelled);
    StoredLogin old{
        oidc_server().url(), "euromesh-cli", "", "ada", "", {"access", "refresh", "", "openid", 0}};
    REQUIRE(write_login(f.folder.path() / "config" / "login.json", old));
    LoginQuestion nobody = f.question();
    nobody.scope = "compute.read";
    CHECK(f.login.by_device(nobody, {}).error().code == Code::bad_input);
    const auto lock = os::FileLock::take(f.folder.path() / "config" / "login.lock");
    REQUIRE(lock);
    CHECK(f.login.fresh().error().code == Code::unavailable);
}

}  // namespace
}  // namespace euromesh::federation

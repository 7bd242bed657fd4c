// The program's log-in as a person or a pipeline calls it, at a real issuer.
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "base/os/file.hpp"
#include "base/os/process.hpp"
#include "federation/identity/oidc_server_for_test.hpp"

namespace euromesh::apps {
namespace {

using federation::FolderForTest;
using federation::oidc_server;

struct Run {
    int status = -1;
    std::string out, err;
};

struct Fixture {
    explicit Fixture(const char* name) : folder(name) {}
    // `on_url` is called once the program shows where to log in.
    Run run(std::vector<std::string> arguments, const std::function<void(const std::string&)>& on_url = {}) {
        std::vector<std::string> all{"/usr/bin/env", "EUROMESH_CONFIG=" + (folder.path() / "config").string(),
                                     EUROMESH_PROGRAM};
        all.insert(all.end(), arguments.begin(), arguments.end());
        os::Children children;
        const os::Path errors = folder.path() / "errors";
        REQUIRE(children.start(all, errors));
        Run result;
        bool is_shown = false;
        for (int i = 0; result.status < 0 && i < 600; ++i) {
            for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(50))) {
                if (event.exit_status) result.status = *event.exit_status;
                result.out += event.exit_status ? "" : event.line + "\n";
            }
            result.err = os::read_file(errors, 1u << 20).value_or("");
            const std::size_t at = result.err.find("http://");
            if (!on_url || is_shown || at == std::string::npos || !result.err.ends_with('\n')) continue;
            is_shown = true;
            on_url(result.err.substr(at, result.err.find('\n', at) - at));
        }
        return result;
    }
    FolderForTest folder;
};

TEST_CASE("a person logs in by a browser, sees who they are, and logs out; no token is shown") {
    Fixture f("login-app");
    CHECK(f.run({"login", "--show"}).status == 3);
    CHECK(f.run({"login"}).status == 2);
    const Run in = f.run({"login", "--issuer", oidc_server().url(), "--audience", "urn:coordinator"},
                         [](const std::string& url) { CHECK(oidc_server().visit(url).starts_with("200 ")); });
    REQUIRE_MESSAGE(in.status == 0, in.err);
    CHECK(in.out.starts_with("Logged in as Person ada (ada at http://127.0.0.1:"));
    const std::string kept = os::read_file(f.folder.path() / "config" / "login.json", 1u << 20).value();
    const std::string token = parse_json(kept).value()["access_token"].get<std::string>();
    CHECK((in.out + in.err).find(token) == std::string::npos);
    const Json shown = parse_json(f.run({"login", "--show", "--json"}).out).value();
    CHECK(shown["subject"] == "ada");
    CHECK(shown["renews"] == true);
    CHECK(f.run({"logout"}).status == 0);
    CHECK(f.run({"login", "--show"}).status == 3);
}

TEST_CASE("a pipeline logs in by a secret from a file") {
    Fixture f("login-pipeline");
    const os::Path secret = f.folder.path() / "secret";
    REQUIRE(os::write_secret_atomically(secret, "a-secret-of-16-bytes\n"));
    std::vector<std::string> call{"login",          "--issuer",      oidc_server().url(), "--client",
                                  "pipeline",       "--audience",    "urn:coordinator",   "--scope",
                                  "compute.create", "--secret-file", secret.string()};
    const Run in = f.run(call);
    REQUIRE_MESSAGE(in.status == 0, in.err);
    CHECK(in.out.find("May: compute.create\n") != std::string::npos);
    REQUIRE(os::write_secret_atomically(secret, "wrong-secret-of-16-bytes"));
    const Run wrong = f.run(call);
    CHECK(wrong.status == 5);
    CHECK(wrong.err.find("invalid_client") != std::string::npos);
    CHECK(wrong.err.find("wrong-secret") == std::string::npos);
}

}  // namespace
}  // namespace euromesh::apps

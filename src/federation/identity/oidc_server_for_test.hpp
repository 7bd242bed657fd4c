// A real OpenID Connect issuer (tests/oidc) and a person at a browser, for the tests of identity.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/os/http_client.hpp"
#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"
#include "federation/identity/folder_for_test.hpp"
#include "federation/identity/web_address.hpp"

namespace euromesh::federation {

class OidcServer {
  public:
    OidcServer() : folder_("oidc") {
        REQUIRE_MESSAGE(std::filesystem::exists("tests/oidc/node_modules"),
                        "the issuer is not installed: npm --prefix tests/oidc ci");
        REQUIRE(children_.start({"/usr/bin/env", "node", "tests/oidc/server.js"}, folder_.path() / "errors"));
        for (int i = 0; url_.empty() && i < 200; ++i) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(100))) {
                REQUIRE_MESSAGE(!event.exit_status, "the issuer ended");
                if (event.line.starts_with("port ")) take(event.line.substr(5));
            }
        }
        REQUIRE(!url_.empty());
    }
    const std::string& url() const { return url_; }
    void rotate() const { CHECK(control("/rotate") == "done"); }
    // Where the person ends up: an address that starts with `stop`, or a page's status and text. Safe in any
    // thread.
    std::string visit(const std::string& url, const std::string& stop = "", bool deny = false) const {
        FormFields query{{"url", url}, {"stop", stop}};
        if (deny) query["deny"] = "1";
        return control("/visit?" + to_form(query));
    }

  private:
    void take(const std::string& ports) {
        const std::size_t space = ports.find(' ');
        url_ = "http://127.0.0.1:" + ports.substr(0, space);
        control_ = "http://127.0.0.1:" + ports.substr(space + 1);
    }
    std::string control(const std::string& path) const {
        os::HttpClient client;
        const auto answer = os::ask_text(client, {"GET", control_ + path}, 1u << 20);
        return answer ? answer->body : answer.error().message;
    }
    FolderForTest folder_;
    os::Children children_;
    std::string url_, control_;
};

// One for all cases of a file: it takes a second to start.
inline const OidcServer& oidc_server() {
    static const OidcServer server;
    return server;
}

// The real time, but every look at it is so much later: waits of seconds end at once.
class HastyClock final : public Clock {
  public:
    explicit HastyClock(Nanoseconds step) : step_(step) {}
    Nanoseconds monotonic() const override { return real_.monotonic() + hurry(); }
    Nanoseconds wall() const override { return real_.wall() + hurry(); }

  private:
    Nanoseconds hurry() const { return hurry_ += step_; }
    os::SystemClock real_;
    Nanoseconds step_;
    mutable Nanoseconds hurry_{0};
};

}  // namespace euromesh::federation

#include "federation/identity/redirect_listener.hpp"

#include <doctest/doctest.h>

#include "base/os/http_client.hpp"
#include "base/os/system_clock.hpp"
#include "base/os/thread.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("it waits for its own path, and answers other visitors") {
    const os::SystemClock clock;
    auto listener = RedirectListener::open().value();
    const std::string url = listener.url();
    int other = 0, own = 0;
    os::Thread browser([&] {
        os::HttpClient client;
        other = os::ask_text(client, {"GET", url.substr(0, url.size() - 5) + "/favicon.ico"}, 1000)->status;
        own = os::ask_text(client, {"GET", url + "?code=a%20b&state=x"}, 1000)->status;
    });
    const auto query = listener.wait(clock, std::chrono::seconds(20));
    browser.join();
    REQUIRE(query);
    CHECK(*query == "code=a%20b&state=x");
    CHECK(other == 404);
    CHECK(own == 200);
}

TEST_CASE("nobody comes, or the person stops") {
    const os::SystemClock clock;
    auto listener = RedirectListener::open().value();
    CHECK(listener.wait(clock, std::chrono::milliseconds(1)).error().code == Code::refused);
    std::stop_source stop;
    stop.request_stop();
    CHECK(listener.wait(clock, std::chrono::seconds(20), stop.get_token()).error().code == Code::cancelled);
}

}  // namespace
}  // namespace euromesh::federation

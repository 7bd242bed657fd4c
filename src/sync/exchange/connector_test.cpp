#include "sync/exchange/connector.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "sync/exchange/dead_door_for_test.hpp"
#include "sync/exchange/proxies_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

const os::SystemClock test_clock;

// Sends one byte through the stream and hears it at the listener.
void check_reaches(os::Socket& stream, os::Socket& listener) {
    const Nanoseconds deadline = test_clock.monotonic() + std::chrono::seconds(10);
    REQUIRE(wait_for(listener, false, test_clock, deadline, {}).value());
    os::Socket accepted = std::move(*listener.accept({}).value());
    Dialogue here(stream, test_clock, std::chrono::seconds(10), {}, "here");
    Dialogue there(accepted, test_clock, std::chrono::seconds(10), {}, "there");
    REQUIRE(here.send_message("ping"));
    CHECK(there.receive_message(10).value() == "ping");
    REQUIRE(there.send_message("pong"));
    CHECK(here.receive_message(10).value() == "pong");
}

struct Door {
    os::Socket listener = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    os::Endpoint endpoint() const { return {"127.0.0.1", listener.local_port()}; }
    os::Endpoint named(const std::string& host) const { return {host, listener.local_port()}; }
};

ConnectorOptions by(const std::string& text) {
    ConnectorOptions options;
    options.via = parse_connector(text).value();
    return options;
}

class LoginFile {
  public:
    explicit LoginFile(std::string_view text)
        : path_(std::filesystem::temp_directory_path() /
                ("euromesh_connector_" + std::to_string(::getpid()))) {
        REQUIRE(os::write_secret_atomically(path_, text));
    }
    ~LoginFile() { std::filesystem::remove(path_); }
    const os::Path& path() const { return path_; }

  private:
    os::Path path_;
};

}  // namespace

TEST_CASE("connectors are read and written in one form") {
    for (const char* text :
         {"plain", "socks5://proxy.example:1080", "http://[::1]:3128?login=/etc/proxy login",
          "command: ssh -W {host}:{port} gateway", "command: nc -X '5 6' \"it's\" ''"}) {
        CAPTURE(text);
        const Connector read = parse_connector(text).value();
        CHECK(parse_connector(read.text()).value() == read);
    }
    CHECK(parse_connector("http://p:3128/").value().text() == "http://p:3128");
    const Connector both = parse_connector("command: a \"b'c\"'\"'").value();
    CHECK(both.command == std::vector<std::string>{"a", "b'c\""});
    CHECK(parse_connector(both.text()).value() == both);
    CHECK(parse_connector("command:ssh  -W\t{host}:{port} 'my gateway'").value().command ==
          std::vector<std::string>{"ssh", "-W", "{host}:{port}", "my gateway"});
    CHECK(parse_connector("socks5://p:1?login=/x").value().login == "/x");
}

TEST_CASE("a connector that cannot be read says what would be right, and no password") {
    for (const char* text : {"", "direct", "socks5://", "socks5://host", "socks5://host:x", "http://host:0",
                             "http://h:1?login=", "command:", "command: '' x", "command: a 'b", "https://h:1",
                             "socks5://user:secret@host:1080", "ftp://user:secret@host:1080"}) {
        CAPTURE(text);
        const auto read = parse_connector(text);
        REQUIRE(!read);
        CHECK(read.error().code == Code::bad_input);
        CHECK(read.error().message.starts_with("connector"));
        CHECK(read.error().message.find("secret") == std::string::npos);
    }
    CHECK(parse_connector("http://me:secret@p:1").error().message.find("?login=FILE") != std::string::npos);
}

TEST_CASE("plain: over a name whose first address is dead, in at most 250 ms") {
    Door door;
    const DeadDoor dead;
    ConnectorOptions options;
    options.resolver = [&](const os::Endpoint& asked, os::Family,
                           const std::stop_token&) -> Result<std::vector<os::Address>> {
        CHECK(asked.host == "two.example");
        return std::vector{dead.address(), os::look_up(door.endpoint(), os::Family::any).value().front()};
    };
    Dialler dialler(options, test_clock);
    const Nanoseconds begin = test_clock.monotonic();
    auto stream = dialler.dial(door.named("two.example"), {});
    CHECK(test_clock.monotonic() - begin < std::chrono::milliseconds(250));
    REQUIRE(stream);
    check_reaches(*stream, door.listener);
}

TEST_CASE("plain: the family is kept to") {
    Door door;
    ConnectorOptions options;
    options.family = os::Family::ipv4;
    auto stream = Dialler(options, test_clock).dial(door.named("localhost"), {});
    REQUIRE(stream);
    CHECK(stream->peer_host() == "127.0.0.1");
    options.family = os::Family::ipv6;
    CHECK(Dialler(options, test_clock).dial(door.endpoint(), {}).error().code == Code::not_found);
}

TEST_CASE("through a proxy, by a name that only the proxy knows") {
    for (const bool with_login : {false, true}) {
        const LoginFile login("me:secret\n");
        const std::string suffix = with_login ? "?login=" + login.path().string() : "";
        ProxyForTest socks(ProxyForTest::Kind::socks5, with_login ? "me" : "", "secret");
        ProxyForTest http(ProxyForTest::Kind::http, with_login ? "me" : "", "secret");
        for (const std::string& text :
             {"socks5://" + socks.endpoint().text() + suffix, "http://" + http.endpoint().text() + suffix}) {
            CAPTURE(text);
            Door door;
            Dialler dialler(by(text), test_clock);
            auto stream = dialler.dial(door.named("only-the-proxy.knows"), {});
            REQUIRE(stream);
            check_reaches(*stream, door.listener);
            CHECK(dialler.text(door.endpoint()) == door.endpoint().text() + " by " + text);
        }
        CHECK(socks.served() + http.served() == 2);
    }
}

TEST_CASE("a wrong login, an unreachable endpoint and a dead proxy are told") {
    const LoginFile login("me:wrong\n");
    ProxyForTest socks(ProxyForTest::Kind::socks5, "me", "secret");
    ProxyForTest http(ProxyForTest::Kind::http);
    const std::string file = "?login=" + login.path().string();
    const Door door;
    const auto wrong =
        Dialler(by("socks5://" + socks.endpoint().text() + file), test_clock).dial(door.endpoint(), {});
    CHECK(wrong.error().code == Code::refused);
    CHECK(wrong.error().message.find("does not accept the login") != std::string::npos);
    CHECK(wrong.error().message.find("wrong") == std::string::npos);

    const os::Endpoint closed = Door().endpoint();
    const auto beyond = Dialler(by("http://" + http.endpoint().text()), test_clock).dial(closed, {});
    CHECK(beyond.error().code == Code::unavailable);
    CHECK(beyond.error().message.find(closed.text()) != std::string::npos);

    const auto dead = Dialler(by("http://" + closed.text()), test_clock).dial(door.endpoint(), {});
    CHECK(dead.error().code == Code::unavailable);
    CHECK(dead.error().message.find("connecting to " + closed.text()) != std::string::npos);
}

TEST_CASE("a command's standard input and output are the stream") {
    Door door;
    Dialler dialler(by("command: bash -c 'exec 3<>/dev/tcp/{host}/{port}; cat <&3 & cat >&3; wait'"),
                    test_clock);
    auto stream = dialler.dial(door.endpoint(), {});
    REQUIRE(stream);
    check_reaches(*stream, door.listener);
    CHECK(dialler.complaint().empty());
}

TEST_CASE("a command that fails is told with its last words, also when it fails later") {
    const os::Endpoint endpoint{"127.0.0.1", 9};
    const auto at_once =
        Dialler(by("command: sh -c 'echo no route to {host} >&2; exit 3'"), test_clock).dial(endpoint, {});
    CHECK(at_once.error().code == Code::refused);
    CHECK(at_once.error().message == "command 'sh' ended with status 3: no route to 127.0.0.1");

    Dialler later(by("command: sh -c 'sleep 0.15; echo denied >&2; exit 255'"), test_clock);
    auto stream = later.dial(endpoint, {});
    REQUIRE(stream);
    const Nanoseconds deadline = test_clock.monotonic() + std::chrono::seconds(10);
    REQUIRE(wait_for(*stream, false, test_clock, deadline, {}).value());
    while (later.complaint().empty()) REQUIRE(test_clock.monotonic() < deadline);
    const auto told = later.dial(endpoint, {});
    CHECK(told.error().message == "command 'sh' ended with status 255: denied");
    CHECK(later.dial(endpoint, {}));

    const auto missing = Dialler(by("command: no-such-program-here"), test_clock).dial(endpoint, {});
    CHECK(missing.error().code == Code::not_found);
}

TEST_CASE("a host that a command would read as an option is not given to it") {
    const auto refused =
        Dialler(by("command: ssh -W {host}:{port} g"), test_clock).dial({"-oProxyCommand=x", 1}, {});
    CHECK(refused.error().code == Code::bad_input);
}

TEST_CASE("a stop ends a dial within its next look") {
    const DeadDoor dead;
    std::stop_source stop;
    DirectWay way(
        {"::1", 1},
        [&] {
            ConnectorOptions options;
            options.resolver = [&](const os::Endpoint&, os::Family,
                                   const std::stop_token&) -> Result<std::vector<os::Address>> {
                stop.request_stop();
                return std::vector{dead.address()};
            };
            return options;
        }(),
        test_clock);
    const Nanoseconds begin = test_clock.monotonic();
    CHECK(way.connect(stop.get_token()).error().code == Code::cancelled);
    CHECK(test_clock.monotonic() - begin < std::chrono::seconds(1));
    CHECK(way.text() == "[::1]:1");
}

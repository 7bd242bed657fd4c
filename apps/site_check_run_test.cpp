// `euromesh site check` as a user calls it: against a counterpart, closed ports, small limits, wrong keys.
#include <csignal>
#include <cstdlib>

#include "apps/site_check_peer.hpp"
#include "apps/test_run.hpp"
#include "base/os/system_clock.hpp"
#include "sync/exchange/dialogue.hpp"
#include "sync/exchange/hub_for_test.hpp"
#include "sync/exchange/proxies_for_test.hpp"
#include "sync/exchange/s3_store_for_test.hpp"

namespace euromesh::apps {
namespace {

const os::SystemClock the_clock;
constexpr Nanoseconds long_enough = std::chrono::seconds(20);

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// `euromesh site check --listen` as a process.
class ListenerForTest {
  public:
    explicit ListenerForTest(const TestRun& run) {
        const auto started = children_.start(
            run.command({"site", "check", "--listen", "127.0.0.1:0", "--minutes", "1"}), run.file("log"));
        REQUIRE(started);
        const std::string line = next_line();
        REQUIRE(line.starts_with("listening on port "));
        target_ = "127.0.0.1:" + line.substr(18);
    }
    const std::string& target() const { return target_; }
    os::Endpoint endpoint() const { return os::parse_endpoint(target_).value(); }
    std::string end() {
        children_.send_signal(0, SIGTERM);
        return next_line();
    }

  private:
    std::string next_line() {
        const Nanoseconds until = the_clock.monotonic() + long_enough;
        while (the_clock.monotonic() < until) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(50)))
                if (!event.exit_status) return event.line;
        }
        return "(no line)";
    }
    os::Children children_;
    std::string target_;
};

Json one(const Called& called, std::string_view name) {
    const Json document = parse_json(called.out).value();
    for (const Json& check : document["checks"]) {
        if (check["name"] == std::string(name)) return check;
    }
    FAIL("no check " << std::string(name) << " in " << called.out);
    return {};
}

// A port on which nobody listens: it was free a moment ago.
std::string closed_port() {
    const os::Socket socket = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    return "127.0.0.1:" + std::to_string(socket.local_port());
}

// As a shell would call it, with limits.
Called call_after(const TestRun& run, const std::string& first, std::vector<std::string> arguments) {
    std::vector<std::string> command{"/bin/sh", "-c", first + " exec \"$@\"", "sh"};
    for (std::string& word : run.command(std::move(arguments))) command.push_back(std::move(word));
    os::Children children;
    REQUIRE(children.start(command, run.file("stderr.txt")));
    Called called;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(1000))) {
            if (event.exit_status)
                called.status = *event.exit_status;
            else
                called.out += event.line + "\n";
        }
    }
    return called;
}

}  // namespace

TEST_CASE("against a counterpart: connection, clock, rates both ways; as JSON and as a table") {
    const TestRun run;
    ListenerForTest listener(run);
    const Called called =
        run.call({"site", "check", "--to", listener.target(), "--seconds", "0.05", "--json"});
    CAPTURE(called.out);
    CHECK(called.status == 0);
    CHECK(called.err.empty());
    CHECK(one(called, listener.target() + ": connection")["outcome"] == "ok");
    CHECK(one(called, listener.target() + ": clock")["outcome"] == "ok");
    for (const char* way : {": sending", ": receiving"}) {
        const Json rate = one(called, listener.target() + way);
        CHECK(rate["outcome"] != "problem");
        CHECK(contains(rate["measured"].get<std::string>(), "4 streams"));
    }
    CHECK(parse_json(called.out).value()["problems"] == 0);
    // 5 times, and 1 + 4 connections each way
    CHECK(listener.end() == "answered 15 requests");
}

TEST_CASE("a closed port is a problem with its remedy, the table is there, and the status says so") {
    const TestRun run;
    const std::string target = closed_port();
    const Called called = run.call({"site", "check", "--to", target, "--to", target});
    CHECK(called.status == exit_status(Code::unavailable));
    CHECK(called.error_lines() == 1);
    CHECK(contains(called.err, "2 problems, the first: " + target + ": connection"));
    CHECK(contains(called.out, "problem      ways     " + target));
    CHECK(contains(called.out, "-> the host answers but nobody listens on this port"));
    CHECK(contains(called.out, "own name"));
    CHECK(contains(called.out, "CPU time"));
}

TEST_CASE("something else that listens is reached, not measured, and sent nothing") {
    const TestRun run;
    os::Socket listener = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    const std::string target = "127.0.0.1:" + std::to_string(listener.local_port());
    const Called called = run.call({"site", "check", "--to", target, "--json"});
    CHECK(called.status == 0);
    CHECK(one(called, target + ": rates, clock")["outcome"] == "not checked");
    for (std::size_t guests = 0;; ++guests) {
        auto guest = listener.accept({}).value();
        if (!guest) {
            CHECK(guests >= 1);
            break;
        }
        std::byte bytes[16];
        CHECK(!guest->receive(bytes));
    }
}

TEST_CASE("through a proxy the counterpart is measured as well; a proxy that is gone is a problem") {
    const TestRun run;
    ListenerForTest listener(run);
    const sync::ProxyForTest proxy(sync::ProxyForTest::Kind::socks5);
    const Called called = run.call({"site", "check", "--to", listener.target(), "--via",
                                    "socks5://" + proxy.endpoint().text(), "--seconds", "0.02", "--json"});
    CAPTURE(called.out);
    CHECK(called.status == 0);
    CHECK(one(called, listener.target() + ": via")["outcome"] == "ok");
    CHECK(one(called, listener.target() + ": clock")["outcome"] == "ok");
    CHECK(proxy.served() >= 10);
    const Called gone = run.call(
        {"site", "check", "--to", listener.target(), "--via", "socks5://" + closed_port(), "--json"});
    CHECK(gone.status == exit_status(Code::unavailable));
    CHECK(one(gone, listener.target() + ": via")["outcome"] == "problem");
}

TEST_CASE("a command as the way out: what answers through it is measured; one that ends is a problem") {
    const TestRun run;
    ListenerForTest listener(run);
    const os::Endpoint end = listener.endpoint();
    const std::string bash = "command: bash -c 'exec 3<>/dev/tcp/{host}/{port}; cat <&3 & cat >&3; wait'";
    const Called works =
        run.call({"site", "check", "--to", end.text(), "--via", bash, "--seconds", "0.05", "--json"});
    CAPTURE(works.out);
    CHECK(works.status == 0);
    CHECK(one(works, end.text() + ": via")["outcome"] == "ok");
    CHECK(one(works, end.text() + ": clock")["outcome"] == "ok");
    const Called ended = run.call({"site", "check", "--to", end.text(), "--via", "command: false", "--json"});
    CHECK(ended.status == exit_status(Code::refused));
}

TEST_CASE("a command that stays silent may lead anywhere") {
    const TestRun run;
    const std::string target = closed_port();
    const Called silent = run.call({"site", "check", "--to", target, "--via", "command: sleep 30", "--json"});
    CHECK(silent.status == 0);
    CHECK(one(silent, target + ": via")["outcome"] == "not checked");
}

TEST_CASE("a name whose first family is dead: the remedy names the other") {
    const TestRun run;
    const auto addresses = os::look_up({"localhost", 1}, os::Family::any).value();
    if (addresses.front().family() == addresses.back().family()) return;
    const bool six_first = addresses.front().family() == os::Family::ipv6;
    // Only where the resolver's second family leads.
    const os::Socket listener = os::Socket::listen({six_first ? "127.0.0.1" : "::1", 0}, {}).value();
    const std::string target = "localhost:" + std::to_string(listener.local_port());
    const Called called = run.call({"site", "check", "--to", target, "--json"});
    CAPTURE(called.out);
    CHECK(called.status == 0);
    CHECK(one(called, target + ": connection")["outcome"] == "ok");
    const std::string remedy = one(called, target + ": family")["remedy"];
    CHECK(contains(remedy, six_first ? "family = \"ipv4\"" : "family = \"ipv6\""));
}

TEST_CASE("a bucket: works, and keys that are missing or wrong are problems and never shown") {
    const TestRun run;
    const sync::S3Server server;
    run.write("run.toml", TestRun::run_file(2) + "[exchange]\nencrypted = false\nkind = 'object-store'\n" +
                              "store = '" + server.location() + "'\n");
    const auto check = [&](const std::string& key) {
        const std::string set = key.empty()
                                    ? "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; HOME=/no/such "
                                      "AWS_SHARED_CREDENTIALS_FILE=; export HOME;"
                                    : "export AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=" + key + ";";
        return call_after(run, set,
                          {"site", "check", run.file("run.toml").string(), "--site", "a", "--json"});
    };
    const Called good = check("S3RVER");
    CAPTURE(good.out);
    CHECK(good.status == 0);
    CHECK(one(good, "store")["outcome"] == "ok");
    const Called wrong = check("hunter2-hunter2");
    CHECK(wrong.status == exit_status(Code::refused));
    CHECK(one(wrong, "store")["outcome"] == "problem");
    CHECK(!contains(wrong.out, "hunter2"));
    const Called none = check("");
    CHECK(one(none, "store")["code"] == "not_found");
}

TEST_CASE("a node that kills after some CPU seconds: the relay's remedy") {
    const TestRun run;
    const Called called = call_after(run, "ulimit -t 300; ulimit -Sn 200;", {"site", "check", "--json"});
    CHECK(called.status == 0);
    const Json cpu = one(called, "CPU time");
    CHECK(cpu["outcome"] == "warning");
    CHECK(contains(cpu["remedy"].get<std::string>(), "within 300 s: relay --cpu-seconds 300"));
    CHECK(contains(one(called, "open files")["measured"].get<std::string>(), "200 (hard"));
}

TEST_CASE("spools: one that works, one that is missing, and one where nobody may write") {
    const TestRun run;
    std::filesystem::create_directory(run.file("spool"));
    const Called good = run.call({"site", "check", "--spool", run.file("spool").string(), "--json"});
    CHECK(good.status == 0);
    CHECK(one(good, "spool: files")["outcome"] == "ok");
    CHECK(one(good, "spool: shared")["outcome"] == "not checked");
    CHECK(std::filesystem::is_empty(run.file("spool")));
    const Called missing = run.call({"site", "check", "--spool", run.file("none").string()});
    CHECK(missing.status == exit_status(Code::not_found));
    CHECK(contains(missing.out, "mkdir -p"));
    // A write beyond the limit fails as on a full disk does; the signal is ignored to get the error.
    const Called full = call_after(run, "trap '' XFSZ; ulimit -f 8;",
                                   {"site", "check", "--spool", run.file("spool").string(), "--json"});
    CHECK(full.status != 0);
    CHECK(one(full, "spool")["outcome"] == "problem");
    CHECK(std::filesystem::is_empty(run.file("spool")));
    CHECK(one(run.call({"site", "check", "--spool", "/proc", "--json"}), "spool")["outcome"] == "problem");
}

TEST_CASE("a temporary folder that is not there") {
    const TestRun run;
    const Called called = call_after(run, "TMPDIR=/no/such export TMPDIR;", {"site", "check", "--json"});
    CHECK(one(called, "temporary folder")["outcome"] == "warning");
}

TEST_CASE("the checks of a run file: keys, files, peers, hub, own port") {
    const TestRun run;
    const std::string own = "127.0.0.1:0", peer = closed_port();
    std::string text = TestRun::run_file(3);
    const auto add = [&](const std::string& site, const std::string& line) {
        text.insert(text.find("language = 'L" + site), line + "\n");
    };
    add("a", "address = '" + peer + "'");
    add("b", "address = '" + own + "'");
    add("c", "exchange = 'hub'");
    text += "[exchange]\nhub = '" + closed_port() + "'\n";
    run.write("run.toml", text);
    const std::string file = run.file("run.toml").string();

    // An option that may be given again does not swallow the run file.
    const Called keyless =
        run.call({"site", "check", "--spool", run.file("").string(), file, "--site", "b", "--json"});
    CHECK(one(keyless, "keys")["code"] == "not_found");
    REQUIRE(run.call({"pki", "init", file}).status == 0);
    const Called called = run.call({"site", "check", file, "--site", "b", "--json"});
    CAPTURE(called.out);
    CHECK(called.status == exit_status(Code::unavailable));
    CHECK(one(called, "keys")["outcome"] == "ok");
    CHECK(one(called, "text")["outcome"] == "ok");
    CHECK(one(called, "peer a: connection")["outcome"] == "warning");
    const Json first = one(run.call({"site", "check", file, "--site", "a", "--json"}), "own port");
    CHECK(first["outcome"] == "ok");
    CHECK(one(called, "hub: connection")["outcome"] == "problem");

    std::filesystem::permissions(run.run_folder() / "pki" / "c.key", std::filesystem::perms(0644));
    std::filesystem::remove(run.file("c.txt"));
    const Called third = run.call({"site", "check", file, "--site", "c", "--json"});
    CHECK(one(third, "key's owner")["outcome"] == "problem");
    CHECK(one(third, "text")["code"] == "not_found");
    CHECK(third.status == exit_status(Code::refused));
}

TEST_CASE("own port: taken by another process") {
    const TestRun run;
    const os::Socket taken = os::Socket::listen({"127.0.0.1", 0}, {}).value();
    const std::string own = "127.0.0.1:" + std::to_string(taken.local_port());
    run.write("run.toml", run.changed("language = 'La'", "address = '" + own + "'\nlanguage = 'La'", 2) +
                              "[exchange]\nencrypted = false\n");
    const Called called = run.call({"site", "check", run.file("run.toml").string(), "--site", "a", "--json"});
    CHECK(called.status == exit_status(Code::conflict));
    CHECK(one(called, "own port")["code"] == "conflict");
}

TEST_CASE("a hub that is there is known by its greeting") {
    const TestRun run;
    const sync::SitesForTest sites(2);
    sync::HubConfig config;
    config.authorities = {sites.authority.certificate};
    const sync::HubForTest hub(std::move(config));
    run.write("run.toml",
              TestRun::run_file(2) + "[exchange]\nkind = 'hub'\nhub = '" + hub.endpoint().text() + "'\n");
    const Called called = run.call({"site", "check", run.file("run.toml").string(), "--site", "b", "--json"});
    CHECK(one(called, "hub: connection")["outcome"] == "ok");
    CHECK(one(called, "hub: greeting")["outcome"] == "ok");
}

TEST_CASE("a counterpart bounds what it takes from anybody") {
    auto counterpart = Counterpart::open({"127.0.0.1", 0}, the_clock).value();
    const auto refuses = [&](const std::string& bytes) {
        os::Socket guest = os::Socket::connect({"127.0.0.1", counterpart.port()}, {}).value();
        const Nanoseconds until = the_clock.monotonic() + long_enough;
        bool sent = false;
        while (the_clock.monotonic() < until) {
            counterpart.poll(std::chrono::milliseconds(1));
            const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
            if (!sent) sent = guest.send({&piece, 1}).value_or(0) == bytes.size();
            std::byte room[64];
            if (!guest.receive(room)) return true;
        }
        return false;
    };
    using namespace std::string_literals;
    CHECK(refuses("\xff\xff\xff\xff what"s));
    CHECK(refuses("\x04\0\0\0what"s));
    CHECK(refuses("\x0a\0\0\0take 99999"s));
    CHECK(refuses("\x06\0\0\0give 0"s));
    CHECK(refuses("\x06\0\0\0take x"s));
    CHECK(refuses("GET / HTTP/1.1\r\n\r\n"s));
}

TEST_CASE("wrong calls are told in one line") {
    const TestRun run;
    const auto check = [&](const std::vector<std::string>& arguments, int status, std::string_view part) {
        const Called called = run.call(arguments);
        CAPTURE(called.err);
        CHECK(called.status == status);
        CHECK(called.error_lines() == 1);
        CHECK(contains(called.err, part));
    };
    const std::string file = run.file("run.toml").string();
    check({"site", "check", file}, 2, "--site NAME");
    check({"site", "check", file, "--site", "z"}, 3, "z");
    check({"site", "check", "--site", "a"}, 2, "run file");
    check({"site", "check", "--to", "nowhere"}, 2, "write host:port");
    check({"site", "check", "--via", "carrier pigeon"}, 2, "connector");
    check({"site", "check", "--listen", "nowhere"}, 2, "write host:port");
}

}  // namespace euromesh::apps

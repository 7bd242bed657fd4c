#include "federation/http/server.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/os/certificate.hpp"
#include "base/os/folder.hpp"
#include "base/os/process.hpp"
#include "base/os/thread.hpp"
#include "federation/http/client_for_test.hpp"
#include "federation/http/openapi.hpp"

namespace euromesh::federation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A handler's calls that are answered later, from another thread.
class Later {
  public:
    void keep(const Responder& responder) {
        const std::lock_guard lock(mutex_);
        kept_.push_back(responder);
        changed_.notify_all();
    }
    Responder take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !kept_.empty(); });
        const Responder one = kept_.front();
        kept_.erase(kept_.begin());
        return one;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Responder> kept_;
};

class Streams {
  public:
    void keep(std::shared_ptr<EventStream> stream) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(stream));
        changed_.notify_all();
    }
    std::vector<std::shared_ptr<EventStream>> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return all_.size() >= count; });
        return all_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::shared_ptr<EventStream>> all_;
};

Route simple_route(HttpMethod method, std::string pattern, std::string id, Handler handler) {
    Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.id = id;
    route.summary = "Test: " + id + ".";
    route.handler = std::move(handler);
    return route;
}

struct Bench {
    os::SystemClock clock{};
    std::mutex mutex{};
    std::string log{};
    Logger logger{clock, LogFormat::json_lines, LogLevel::info, [this](std::string_view line) {
                      const std::lock_guard lock(mutex);
                      log += line;
                  }};
    MetricRegistry metrics{};
    Later later{};
    Streams streams{};
    HttpOptions options{};
    std::unique_ptr<HttpServer> server{};

    Bench() {
        options.limits.rate = {};
        options.limits.header_bytes = 4096;
    }

    Api api() {
        Api api;
        api.title = "Test";
        api.version = "1";
        REQUIRE(api.schemas.add("Job", Json{{"type", "object"},
                                            {"required", {"name"}},
                                            {"properties", {{"name", {{"type", "string"}}}}}}));
        api.routes.push_back(
            simple_route(HttpMethod::get, "/hello/{name}", "hello", [](HttpCall& call, const Responder& to) {
                to.answer(json_answer({{"hello", call.parameter("name")}}));
            }));
        api.routes.push_back(simple_route(HttpMethod::get, "/later", "later",
                                          [this](HttpCall&, const Responder& to) { later.keep(to); }));
        api.routes.push_back(
            simple_route(HttpMethod::get, "/forget", "forget", [](HttpCall&, const Responder&) {}));
        api.routes.push_back(
            simple_route(HttpMethod::put, "/echo", "echo", [](HttpCall& call, const Responder& to) {
                to.answer(text_answer(std::move(call.body), "application/octet-stream"));
            }));
        api.routes.back().body_limit = 1u << 20;
        api.routes.push_back(
            simple_route(HttpMethod::post, "/jobs", "submit", [](HttpCall& call, const Responder& to) {
                to.answer(json_answer({{"got", call.json}, {"who", call.principal_name}}, 202));
            }));
        api.routes.back().body_limit = 1000;
        api.routes.back().request_schema = "Job";
        api.routes.back().scope = "compute.create";
        api.routes.push_back(
            simple_route(HttpMethod::get, "/events", "events", [this](HttpCall& call, const Responder& to) {
                const auto stream = to.open_events();
                stream->send(make_event("", "hello", "after " + call.last_event_id.value_or("none")));
                streams.keep(stream);
            }));
        api.routes.back().response_type = "text/event-stream";
        api.routes.push_back(metrics_route(metrics, ""));
        add_openapi_route(api, "");
        return api;
    }

    void start() {
        auto started = HttpServer::start(
            options, api(),
            [](HttpCall& call, const Route&) -> std::optional<Problem> {
                if (call.header("authorization") != "Bearer secret") return not_authenticated("no token");
                call.principal_name = "alice";
                return std::nullopt;
            },
            clock, logger, metrics);
        REQUIRE_MESSAGE(started, started.error().message);
        server = std::move(*started);
    }

    TestClient client() { return TestClient(server->port()); }
    // Waits until a count has come to be; what happens on the server's threads is not at once.
    void await(const std::string& line) {
        while (metrics.text().find("\n" + line + "\n") == std::string::npos) std::this_thread::yield();
    }
    std::string logged() {
        const std::lock_guard lock(mutex);
        return log;
    }
};

const std::string get_hello = "GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_CASE("requests are answered on one connection, one after another") {
    Bench bench;
    bench.start();
    TestClient client = bench.client();
    for (int i = 0; i < 3; ++i) {
        const std::string answer = client.ask(get_hello);
        CHECK(status_in(answer) == 200);
        CHECK(body_in(answer) == R"({"hello":"x"})");
        CHECK(answer.find("X-Request-Id: ") != std::string::npos);
    }
    client.send("HEAD /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string head = client.answer(true);
    CHECK(head.find("Content-Length: 13\r\n") != std::string::npos);
    CHECK(body_in(head).empty());
    CHECK(status_in(client.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")) == 404);
    CHECK(status_in(client.ask("OPTIONS /jobs HTTP/1.1\r\nHost: a\r\n\r\n")) == 204);
    CHECK(client.ask("GET /hello/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
              .find("Connection: close") != std::string::npos);
    CHECK(client.rest().empty());
    CHECK(client.is_over());
}

TEST_CASE("pipelined requests are answered in order, those after an end are not") {
    Bench bench;
    bench.start();
    TestClient client = bench.client();
    std::string all;
    for (int i = 0; i < 50; ++i) all += "GET /hello/n" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(all);
    for (int i = 0; i < 50; ++i)
        CHECK(body_in(client.answer()) == "{\"hello\":\"n" + std::to_string(i) + "\"}");
    client.send("GET /hello/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get_hello);
    CHECK(body_in(client.answer()) == R"({"hello":"last"})");
    CHECK(client.rest().empty());
}

TEST_CASE("bodies come whole, with a length, in chunks, after a 100, and in small pieces") {
    Bench bench;
    bench.start();
    TestClient client = bench.client();
    const std::string big(300000, 'x');
    const std::string start = "PUT /echo HTTP/1.1\r\nHost: a\r\n";
    CHECK(body_in(client.ask(start + "Content-Length: 300000\r\n\r\n" + big)) == big);
    CHECK(body_in(client.ask(start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) ==
          "abcde");
    CHECK(status_in(client.ask(start + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")) == 100);
    CHECK(body_in(client.ask("abc")) == "abc");
    for (const char c : start + "Content-Length: 2\r\n\r\nhi") client.send(std::string(1, c));
    CHECK(body_in(client.answer()) == "hi");
    CHECK(body_in(client.ask(start + "\r\n")).empty());
    CHECK(status_in(client.ask(get_hello)) == 200);
}

TEST_CASE("a body is refused before it is read: by size, by caller, by schema") {
    Bench bench;
    bench.start();
    {
        TestClient client = bench.client();
        CHECK(status_in(client.ask("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: "
                                   "100-continue\r\n\r\n")) == 413);
        CHECK(client.rest().empty());
    }
    {
        // The client sends on although it was refused, and still gets its answer.
        TestClient client = bench.client();
        client.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
        client.send(std::string(200000, 'x'));
        CHECK(status_in(client.answer()) == 413);
    }
    TestClient client = bench.client();
    const std::string post = "POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    CHECK(status_in(client.ask(post + "Content-Length: 2\r\n\r\n{}")) == 401);
    const std::string known = post + "Authorization: Bearer secret\r\n";
    const std::string wrong = client.ask(known + "Content-Length: 10\r\n\r\n{\"name\":1}");
    CHECK(status_in(wrong) == 400);
    CHECK(parse_json(body_in(wrong)).value()["errors"][0]["pointer"] == "/name");
    CHECK(status_in(client.ask(known + "Content-Length: 12\r\n\r\n{\"name\":\"\xff\"}")) == 400);
    CHECK(body_in(client.ask(known + "Content-Length: 12\r\n\r\n{\"name\":\"a\"}")) ==
          R"({"got":{"name":"a"},"who":"alice"})");
    CHECK(bench.logged().find("secret") == std::string::npos);
    CHECK(bench.logged().find("\"who\":\"alice\"") != std::string::npos);
}

TEST_CASE("smuggled and broken requests end the connection with a problem") {
    Bench bench;
    bench.start();
    const std::string post = "POST /jobs HTTP/1.1\r\nHost: a\r\n";
    const std::string cases[] = {
        post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get_hello,
        post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + get_hello,
        post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc" + get_hello,
        "GET /hello/x HTTP/1.1\nHost: a\n\n\r\n\r\n",
        "GET /hello/x HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01",
        "GET /hello/x HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'a')};
    for (const std::string& bytes : cases) {
        TestClient client = bench.client();
        client.send(bytes);
        const std::string all = client.rest();
        CHECK(status_in(all) >= 400);
        CHECK(all.find("application/problem+json") != std::string::npos);
        CHECK(all.find("HTTP/1.1 200") == std::string::npos);
    }
    CHECK(status_in(bench.client().ask(get_hello)) == 200);
}

TEST_CASE("answers may come later and from another thread; a forgotten call gets a 500") {
    Bench bench;
    bench.start();
    TestClient client = bench.client();
    client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n" + get_hello);
    bench.later.take().answer(json_answer({{"late", true}}));
    CHECK(body_in(client.answer()) == R"({"late":true})");
    CHECK(body_in(client.answer()) == R"({"hello":"x"})");
    CHECK(status_in(client.ask("GET /forget HTTP/1.1\r\nHost: a\r\n\r\n")) == 500);
    {
        TestClient gone = bench.client();
        gone.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
        const Responder responder = bench.later.take();
        gone.socket() = os::Socket();
        responder.answer({});
    }
    TestClient last = bench.client();
    last.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    const Responder responder = bench.later.take();
    bench.server.reset();
    responder.answer({});
}

TEST_CASE("whoever is too slow is ended: heads, bodies, answers, idle connections") {
    Bench bench;
    bench.options.limits.read_header = milliseconds(150);
    bench.options.limits.read_body = milliseconds(150);
    bench.options.limits.idle = milliseconds(150);
    bench.options.limits.answer = milliseconds(150);
    bench.start();
    TestClient silent = bench.client(), slow = bench.client(), body = bench.client(), idle = bench.client();
    TestClient waits = bench.client();
    slow.send("GET / HT");
    body.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    CHECK(status_in(idle.ask(get_hello)) == 200);
    waits.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(silent.rest().empty());
    CHECK(status_in(slow.rest()) == 408);
    CHECK(status_in(body.rest()) == 408);
    CHECK(idle.rest().empty());
    CHECK(status_in(waits.answer()) == 503);
    bench.later.take().answer(json_answer({{"too", "late"}}));
    CHECK(waits.rest().empty());
}

TEST_CASE("many slow clients do not keep others waiting") {
    Bench bench;
    bench.start();
    std::vector<std::unique_ptr<TestClient>> slow;
    for (int i = 0; i < 100; ++i) {
        slow.push_back(std::make_unique<TestClient>(bench.server->port()));
        slow.back()->send("POST /jobs HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    }
    CHECK(status_in(bench.client().ask(get_hello)) == 200);
}

TEST_CASE("a thousand connections are served, and one more than allowed is not") {
    os::raise_open_file_limit();
    Bench bench;
    bench.options.limits.connections = 1000;
    bench.start();
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 1000; ++i) clients.push_back(std::make_unique<TestClient>(bench.server->port()));
    for (const auto& client : clients) client->send(get_hello);
    int good = 0;
    for (const auto& client : clients) good += status_in(client->answer()) == 200 ? 1 : 0;
    CHECK(good == 1000);
    CHECK(bench.client().rest().empty());
    CHECK(bench.metrics.text().find("http_connections 1000\n") != std::string::npos);
    clients.clear();
    bench.await("http_connections 0");
    CHECK(status_in(bench.client().ask(get_hello)) == 200);
}

TEST_CASE("one address has so many connections and no more") {
    Bench bench;
    bench.options.limits.connections_of_address = 2;
    bench.start();
    TestClient first = bench.client();
    CHECK(status_in(first.ask(get_hello)) == 200);
    {
        TestClient second = bench.client();
        CHECK(status_in(second.ask(get_hello)) == 200);
        CHECK(bench.client().rest().empty());
    }
    bench.await("http_connections 1");
    CHECK(status_in(bench.client().ask(get_hello)) == 200);
}

TEST_CASE("events reach those who listen, and say after which one to go on") {
    Bench bench;
    bench.options.limits.heartbeat = milliseconds(100);
    bench.start();
    TestClient client = bench.client();
    client.send("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n");
    CHECK(client.sees("data: after 41\n\n"));
    CHECK(client.received().find("Content-Type: text/event-stream") != std::string::npos);
    const auto stream = bench.streams.wait_for(1)[0];
    CHECK(stream->send(make_event("42", "job", "{}")));
    CHECK(client.sees("id: 42\nevent: job\ndata: {}\n\n"));
    CHECK(client.sees(": still here\n\n"));
    stream->send(make_event("43", "", "last"));
    stream->finish();
    CHECK(client.rest().ends_with("id: 43\ndata: last\n\n"));
    bench.await("http_event_streams 0");
}

TEST_CASE("who listens and leaves is noticed; who does not read is dropped with a reason") {
    Bench bench;
    bench.options.limits.event_buffer_bytes = 100000;
    bench.start();
    std::atomic<int> left{0};
    {
        TestClient client = bench.client();
        client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.sees("after none"));
        bench.streams.wait_for(1)[0]->on_end(
            [&](StreamEnd end) { left = end == StreamEnd::client_left ? 1 : 2; });
    }
    while (left == 0) std::this_thread::yield();
    CHECK(left == 1);
    TestClient lazy = bench.client();
    lazy.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto stream = bench.streams.wait_for(2)[1];
    const EventBytes big = make_event("", "", std::string(50000, 'x'));
    while (stream->send(big)) std::this_thread::yield();
    CHECK(stream->end() == StreamEnd::too_slow);
    bench.await("http_closed_connections_total{reason=\"slow event reader\"} 1");
    bench.await("http_event_streams 0");
}

TEST_CASE("five hundred streams at once get every event, and one above the limit is refused") {
    os::raise_open_file_limit();
    Bench bench;
    bench.options.limits.event_streams = 500;
    bench.start();
    std::vector<std::unique_ptr<TestClient>> clients;
    for (std::size_t i = 0; i < 500; ++i) {
        clients.push_back(std::make_unique<TestClient>(bench.server->port()));
        clients.back()->send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    const auto streams = bench.streams.wait_for(500);
    for (const auto& client : clients) CHECK(client->sees("after none"));
    CHECK(status_in(bench.client().ask("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")) == 503);
    for (int n = 0; n < 20; ++n) {
        const EventBytes event = make_event(std::to_string(n), "", "to all");
        for (const auto& stream : streams) stream->send(event);
    }
    int complete = 0;
    for (const auto& client : clients) complete += client->sees("id: 19\ndata: to all\n\n") ? 1 : 0;
    CHECK(complete == 500);
    bench.server->stop(seconds(10));
    for (const auto& client : clients) client->rest();
}

TEST_CASE("a stop lets running requests end, ends streams and idle connections, and takes no more") {
    Bench bench;
    bench.start();
    TestClient idle = bench.client(), runs = bench.client(), listens = bench.client();
    CHECK(status_in(idle.ask(get_hello)) == 200);
    listens.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(listens.sees("after none"));
    runs.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    const Responder responder = bench.later.take();
    os::Thread stops([&] { bench.server->stop(seconds(30)); });
    CHECK(idle.rest().empty());
    listens.rest();
    responder.answer(json_answer({{"done", true}}));
    const std::string answer = runs.rest();
    CHECK(body_in(answer) == R"({"done":true})");
    CHECK(answer.find("Connection: close") != std::string::npos);
    stops.join();
    CHECK(bench.streams.wait_for(1)[0]->end() == StreamEnd::server_stops);
    CHECK_FALSE(bench.client().sees("HTTP"));
}

TEST_CASE("a stop does not wait for ever") {
    Bench bench;
    bench.start();
    TestClient runs = bench.client();
    runs.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    const Responder responder = bench.later.take();
    bench.server->stop(milliseconds(50));
    CHECK(runs.rest().empty());
    responder.answer({});
}

TEST_CASE("every route of the document is there, and no other") {
    Bench bench;
    bench.start();
    TestClient client = bench.client();
    const Json document =
        parse_json(body_in(client.ask("GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"))).value();
    std::size_t operations = 0;
    for (const auto& [path, methods] : document["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            ++operations;
            CHECK(operation["responses"].size() > 5);
            std::string target = path;
            if (const std::size_t at = target.find('{'); at != std::string::npos)
                target = target.substr(0, at) + "x";
            const std::string allow = client.ask("OPTIONS " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
            std::string upper = method;
            for (char& c : upper) c = static_cast<char>(std::toupper(c));
            CHECK(allow.find(upper) != std::string::npos);
        }
    }
    CHECK(operations == bench.server->api().routes.size());
}

TEST_CASE("metrics count what was answered") {
    Bench bench;
    bench.start();
    TestClient client = bench.client();
    for (int i = 0; i < 3; ++i) client.ask(get_hello);
    client.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string text = client.ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(text.find("Content-Type: application/openmetrics-text") != std::string::npos);
    CHECK(text.find("http_requests_total{route=\"hello\",status=\"2xx\"} 3\n") != std::string::npos);
    CHECK(text.find("http_requests_total{route=\"none\",status=\"4xx\"} 1\n") != std::string::npos);
    CHECK(text.find("http_requests_in_flight 1\n") != std::string::npos);
    CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("too many requests are told when to come again") {
    Bench bench;
    bench.options.limits.rate = {.per_second = 0.01, .burst = 5};
    bench.start();
    TestClient client = bench.client();
    for (int i = 0; i < 5; ++i) CHECK(status_in(client.ask(get_hello)) == 200);
    const std::string refused = client.ask(get_hello);
    CHECK(status_in(refused) == 429);
    CHECK(refused.find("Retry-After: ") != std::string::npos);
}

TEST_CASE("without a certificate it listens on loopback only, or behind a proxy that is named") {
    Bench bench;
    const auto start = [&](HttpOptions options) {
        return HttpServer::start(std::move(options), bench.api(), {}, bench.clock, bench.logger,
                                 bench.metrics);
    };
    HttpOptions open;
    open.listen = {"0.0.0.0", 0};
    CHECK(start(open).error().code == Code::refused);
    open.proxy = "here";
    CHECK(start(open).error().code == Code::bad_input);
    open.proxy = "192.0.2.7";
    const auto behind = start(open);
    REQUIRE(behind);
    CHECK(TestClient((*behind)->port()).rest().empty());
    HttpOptions taken;
    taken.listen.port = (*behind)->port();
    CHECK(start(taken).error().code == Code::conflict);
    taken.threads = 0;
    CHECK(start(taken).error().code == Code::bad_input);
}

// A folder with a certificate that is removed in the end.
struct CertificateFolder {
    os::Path path =
        std::filesystem::temp_directory_path() / ("em_http_test_" + std::to_string(os::own_process_id()));
    os::Issued authority{};
    CertificateFolder() {
        REQUIRE(os::make_folders(path));
        renew();
    }
    ~CertificateFolder() { std::filesystem::remove_all(path); }
    void renew() {
        const auto now = std::chrono::duration_cast<seconds>(os::SystemClock().wall());
        const os::Validity validity_{now - seconds(3600), now + seconds(3600)};
        authority = os::make_authority({"test authority", "test"}, validity_).value();
        const os::Issued own = os::issue_certificate(authority, {"localhost", "test"}, validity_).value();
        REQUIRE(os::write_file_atomically(path / "server.pem", own.certificate));
        REQUIRE(os::write_secret_atomically(path / "server.key", own.key));
        client_ = os::issue_certificate(authority, {"client", "test"}, validity_).value();
    }
    os::TlsContext trust(const Clock& clock) const {
        auto context = os::TlsContext::make({authority.certificate, client_.certificate, client_.key}, clock);
        REQUIRE(context);
        return std::move(*context);
    }
    os::Issued client_{};
};

TEST_CASE("over TLS all is the same, and a new certificate is taken without a stop") {
    Bench bench;
    CertificateFolder folder;
    bench.options.tls = TlsFiles{folder.path / "server.pem", folder.path / "server.key"};
    bench.options.limits.read_header = milliseconds(300);
    bench.start();
    const os::TlsContext old_trust = folder.trust(bench.clock);
    TestClient client(bench.server->port(), &old_trust);
    for (int i = 0; i < 3; ++i) CHECK(body_in(client.ask(get_hello)) == R"({"hello":"x"})");
    const std::string big(300000, 'x');
    CHECK(body_in(client.ask("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + big)) ==
          big);
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.sees("after none"));
    bench.streams.wait_for(1)[0]->finish();
    client.rest();

    folder.renew();
    CHECK(TestClient(bench.server->port(), &old_trust).ask(get_hello).size() > 10);
    REQUIRE(bench.server->reload_certificate());
    CHECK(TestClient(bench.server->port(), &old_trust).is_over());
    const os::TlsContext new_trust = folder.trust(bench.clock);
    CHECK(status_in(TestClient(bench.server->port(), &new_trust).ask(get_hello)) == 200);
    REQUIRE(os::write_file_atomically(folder.path / "server.pem", "nonsense"));
    CHECK(bench.server->reload_certificate().error().message.find("server.pem") != std::string::npos);
    CHECK(status_in(TestClient(bench.server->port(), &new_trust).ask(get_hello)) == 200);
    // Plain HTTP to the TLS port, and one that says nothing.
    CHECK(status_in(bench.client().ask(get_hello)) == 0);
    bench.server->stop(seconds(10));
}

}  // namespace
}  // namespace euromesh::federation

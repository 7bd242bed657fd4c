#include "federation/http/connection.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace euromesh::federation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The other side of a line, in memory: bytes come when the test says so, and are taken when it says so.
class MemoryStream final : public ByteStream {
  public:
    void handshake(std::shared_ptr<StreamUser> user) override { handshaking = std::move(user); }
    void read(std::span<char> room, std::shared_ptr<StreamUser> user) override {
        REQUIRE_FALSE(reader);
        room_ = room;
        reader = std::move(user);
    }
    void write(std::string_view bytes, std::shared_ptr<StreamUser> user) override {
        REQUIRE_FALSE(writer);
        pending = bytes;
        writer = std::move(user);
    }
    void end_sending() override { has_ended_sending = true; }
    void close() override { is_closed = true; }
    void cut() override { is_closed = is_cut = true; }
    const std::string& peer() const override { return peer_; }

    void come(std::string_view bytes) {
        REQUIRE(reader);
        REQUIRE(bytes.size() <= room_.size());
        std::memcpy(room_.data(), bytes.data(), bytes.size());
        std::exchange(reader, nullptr)->on_read(bytes.size());
    }
    void end() { std::exchange(reader, nullptr)->on_read(0); }
    // Takes at most so many of the bytes that are being written.
    void take(std::size_t most = 1u << 20) {
        while (writer && most > 0 && !is_closed) {
            const std::size_t size = std::min(most, pending.size());
            taken.append(pending.substr(0, size));
            most -= size;
            std::exchange(writer, nullptr)->on_written(size);
        }
    }
    std::string all() {
        take();
        return std::exchange(taken, "");
    }

    std::shared_ptr<StreamUser> handshaking, reader, writer;
    std::string_view pending{};
    std::string taken{};
    bool has_ended_sending = false, is_closed = false, is_cut = false;

  private:
    std::span<char> room_{};
    std::string peer_ = "192.0.2.1";
};

struct Desk {
    ManualClock clock{};
    MetricRegistry registry{};
    std::vector<Responder> waiting{};
    std::vector<std::shared_ptr<EventStream>> streams{};
    Api api = make_api();
    HttpLimits limits{};
    Dispatcher dispatcher{api, {}, {}, false, clock, "i"};
    ServerMetrics metrics{registry, api.routes};
    std::shared_ptr<IoLoop> loop = std::make_shared<IoLoop>();
    std::shared_ptr<MemoryStream> line = std::make_shared<MemoryStream>();
    std::shared_ptr<Connection> connection{};
    int closed = 0;

    Desk() { connect(); }
    ~Desk() {
        if (!line->is_closed) connection->cut();
        CHECK(metrics.in_flight.value() == 0);
        CHECK(metrics.event_streams.value() == 0);
        CHECK(closed == 1);
        line->reader = line->writer = nullptr;
    }

    Api make_api() {
        Api made;
        const auto add = [&](HttpMethod method, std::string pattern, Handler handler) -> Route& {
            Route route;
            route.method = method;
            route.id = pattern.substr(1);
            route.pattern = std::move(pattern);
            route.handler = std::move(handler);
            return made.routes.emplace_back(std::move(route));
        };
        add(HttpMethod::get, "/now",
            [](HttpCall&, const Responder& to) { to.answer(text_answer("now", "text/plain")); });
        add(HttpMethod::get, "/later", [this](HttpCall&, const Responder& to) { waiting.push_back(to); });
        add(HttpMethod::get, "/quick", [this](HttpCall&, const Responder& to) {
            waiting.push_back(to);
        }).answer_limit = milliseconds(10);
        add(HttpMethod::get, "/events",
            [this](HttpCall&, const Responder& to) { streams.push_back(to.open_events()); });
        add(HttpMethod::put, "/echo", [](HttpCall& call, const Responder& to) {
            to.answer(text_answer(call.body, "text/plain"));
        }).body_limit = 1000;
        REQUIRE(made.check());
        return made;
    }

    void connect() {
        connection = std::make_shared<Connection>(ConnectionHost{dispatcher, metrics, limits, clock, nullptr},
                                                  loop, line, [this](Connection*) { ++closed; });
        connection->start();
        std::exchange(line->handshaking, nullptr)->on_handshake(true);
    }

    std::string ask(std::string_view bytes) {
        line->come(bytes);
        loop->drain();
        return line->all();
    }
    void pass(Nanoseconds time) {
        clock.advance(time);
        connection->tick();
        loop->drain();
    }
};

std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST_CASE("an answer goes out in as many pieces as the line takes, and the next request waits for it") {
    Desk desk;
    desk.line->come(get("/now") + get("/now"));
    desk.loop->drain();
    CHECK_FALSE(desk.line->reader);
    desk.line->take(1);
    desk.line->take(10);
    CHECK(desk.line->taken == "HTTP/1.1 20");
    desk.loop->drain();
    const std::string rest = desk.line->all();
    CHECK(rest.find("now") != std::string::npos);
    desk.loop->drain();
    CHECK(desk.line->all().ends_with("\r\n\r\nnow"));
    CHECK(desk.line->reader);
}

TEST_CASE("a head has its time from its first byte, however often another one comes") {
    Desk desk;
    CHECK(desk.ask(get("/now")).starts_with("HTTP/1.1 200"));
    desk.pass(desk.limits.idle - seconds(1));
    desk.line->come("G");
    desk.pass(desk.limits.read_header - seconds(1));
    desk.line->come("E");
    CHECK_FALSE(desk.line->is_closed);
    desk.pass(seconds(1));
    CHECK(desk.line->all().starts_with("HTTP/1.1 408"));
    CHECK(desk.line->has_ended_sending);
}

TEST_CASE("a connection that has said nothing, or nothing more, is closed without a word") {
    {
        Desk desk;
        desk.pass(desk.limits.read_header);
        CHECK(desk.line->is_closed);
        CHECK(desk.line->all().empty());
    }
    Desk desk;
    CHECK(desk.ask(get("/now")).starts_with("HTTP/1.1 200"));
    desk.pass(desk.limits.idle);
    CHECK(desk.line->is_closed);
}

TEST_CASE("a body has its time, too; a client that does not read is cut off") {
    {
        Desk desk;
        desk.line->come("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
        desk.pass(desk.limits.read_body - seconds(1));
        desk.line->come("b");
        desk.pass(seconds(1));
        CHECK(desk.line->all().starts_with("HTTP/1.1 408"));
    }
    Desk desk;
    desk.line->come(get("/now"));
    desk.loop->drain();
    desk.pass(desk.limits.write - seconds(1));
    desk.line->take(5);
    desk.pass(desk.limits.write - seconds(1));
    CHECK_FALSE(desk.line->is_closed);
    desk.pass(seconds(1));
    CHECK(desk.line->is_cut);
}

TEST_CASE("an answer that comes too late is dropped, and does not answer the next request") {
    Desk desk;
    desk.ask(get("/quick"));
    desk.pass(milliseconds(10));
    CHECK(desk.line->all().starts_with("HTTP/1.1 503"));
    desk.line->come(get("/later"));
    desk.waiting[0].answer(text_answer("for the first", "text/plain"));
    desk.loop->drain();
    CHECK(desk.line->all().empty());
    desk.waiting[1].answer(text_answer("for the second", "text/plain"));
    desk.loop->drain();
    CHECK(desk.line->all().ends_with("for the second"));
}

TEST_CASE("a client that waits for a 100 gets it before it sends") {
    Desk desk;
    const std::string head =
        "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    CHECK(desk.ask(head) == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(desk.ask("abc").ends_with("\r\n\r\nabc"));
    CHECK(desk.ask(head + "abc").find("100 Continue") == std::string::npos);
}

TEST_CASE("a small body of a refused request is read over, a large one ends the connection") {
    Desk desk;
    CHECK(desk.ask("PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
              .starts_with("HTTP/1.1 404"));
    CHECK(desk.ask(get("/now")).starts_with("HTTP/1.1 200"));
    CHECK(desk.ask("PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\nabc")
              .find("Connection: close") != std::string::npos);
    CHECK(desk.line->has_ended_sending);
    desk.line->come("abcdef");
    CHECK_FALSE(desk.line->is_closed);
    desk.line->end();
    CHECK(desk.line->is_closed);
}

TEST_CASE("an end of the client during a request is the end") {
    Desk desk;
    desk.line->come("GET / HT");
    desk.line->end();
    CHECK(desk.line->is_closed);
    CHECK(desk.line->all().empty());
}

TEST_CASE("a quiet stream beats at its time only, and ends with what was sent before its end") {
    Desk desk;
    CHECK(desk.ask(get("/events")).find("text/event-stream") != std::string::npos);
    desk.pass(desk.limits.heartbeat - seconds(1));
    CHECK(desk.line->all().empty());
    desk.pass(seconds(1));
    CHECK(desk.line->all() == *make_heartbeat());
    desk.pass(seconds(1));
    CHECK(desk.line->all().empty());
    desk.streams[0]->send(make_event("1", "", "x"));
    desk.streams[0]->finish();
    desk.loop->drain();
    CHECK(desk.line->all() == "id: 1\ndata: x\n\n");
    CHECK(desk.line->is_closed);
}

TEST_CASE("a stream whose client takes nothing is cut, by its buffer or by its time") {
    {
        Desk desk;
        desk.ask(get("/events"));
        while (desk.streams[0]->send(make_event("", "", std::string(10000, 'x')))) desk.loop->drain();
        desk.loop->drain();
        CHECK(desk.line->is_cut);
    }
    Desk desk;
    desk.ask(get("/events"));
    desk.streams[0]->send(make_event("", "", "x"));
    desk.loop->drain();
    desk.pass(desk.limits.write);
    CHECK(desk.line->is_cut);
    CHECK(desk.streams[0]->end() == StreamEnd::too_slow);
    CHECK(desk.metrics.dropped_slow.value() == 1);
}

TEST_CASE("a stop waits for the running request and says that the connection ends") {
    Desk desk;
    desk.ask(get("/later") + get("/now"));
    desk.connection->begin_stop();
    CHECK_FALSE(desk.line->is_closed);
    desk.waiting[0].answer(text_answer("done", "text/plain"));
    desk.loop->drain();
    const std::string answer = desk.line->all();
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(answer.ends_with("done"));
    CHECK(desk.line->has_ended_sending);
    desk.pass(seconds(1));
    CHECK(desk.line->is_closed);
}

TEST_CASE("a stop ends a stream, and answers after the end are dropped") {
    Desk desk;
    desk.ask(get("/events"));
    desk.connection->begin_stop();
    desk.loop->drain();
    CHECK(desk.line->is_closed);
    CHECK(desk.streams[0]->end() == StreamEnd::server_stops);
    CHECK_FALSE(desk.streams[0]->send(make_event("", "", "x")));
}

}  // namespace
}  // namespace euromesh::federation

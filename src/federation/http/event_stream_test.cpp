#include "federation/http/event_stream.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/os/thread.hpp"

namespace euromesh::federation {
namespace {

EventBytes bytes_of(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

TEST_CASE("an event is lines of id, type and data") {
    CHECK(*make_event("7", "job", "{}") == "id: 7\nevent: job\ndata: {}\n\n");
    CHECK(*make_event("", "", "x") == "data: x\n\n");
    CHECK(*make_event("", "", "") == "data: \n\n");
    CHECK(make_heartbeat()->front() == ':');
}

TEST_CASE("line breaks in data stay data, in names they are left out") {
    CHECK(*make_event("", "", "a\nb\r\nc\rd\n") == "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    CHECK(*make_event("1\nevent: x", "a\rdata: y", "z") == "id: 1event: x\nevent: adata: y\ndata: z\n\n");
}

TEST_CASE("what is sent is taken in order, joined up to a size, and wakes once") {
    int wakes = 0;
    EventStream stream(100, [&] { ++wakes; });
    for (const char* const text : {"aaaa", "bbbb", "cccc"}) CHECK(stream.send(bytes_of(text)));
    CHECK(wakes == 1);
    CHECK(stream.take(8) == "aaaabbbb");
    CHECK(stream.take(1) == "cccc");
    CHECK(stream.send(bytes_of("d")));
    CHECK(wakes == 1);
    CHECK(stream.take(8) == "d");
    CHECK(stream.take(8).empty());
    CHECK(stream.send(bytes_of("e")));
    CHECK(wakes == 2);
    CHECK(stream.sent_events() == 5);
}

TEST_CASE("several at once: as many as fit, and nobody is dropped for the rest") {
    int wakes = 0;
    EventStream stream(100, [&] { ++wakes; });
    std::vector<EventBytes> events;
    for (int i = 0; i < 5; ++i) events.push_back(std::make_shared<const std::string>(std::string(30, 'a')));
    CHECK(stream.send_some(events) == 3);
    CHECK(stream.send_some(std::span(events).subspan(3)) == 0);
    CHECK(stream.end() == StreamEnd::open);
    CHECK(wakes == 1);
    CHECK(stream.take(1000).size() == 90);
    CHECK(stream.take(1000).empty());
    CHECK(stream.send_some(std::span(events).subspan(3)) == 2);
    CHECK(wakes == 2);
    CHECK(stream.sent_events() == 5);
    const std::vector<EventBytes> huge{std::make_shared<const std::string>(std::string(101, 'a'))};
    CHECK(stream.send_some(huge) == 0);
    CHECK(stream.end() == StreamEnd::too_slow);
    CHECK(stream.send_some(events) == 0);
}

TEST_CASE("who does not take is dropped, and told so once") {
    std::vector<StreamEnd> ends;
    EventStream stream(10, [] {});
    stream.on_end([&](StreamEnd end) { ends.push_back(end); });
    CHECK(stream.send(bytes_of("12345")));
    CHECK(stream.send(bytes_of("12345")));
    CHECK_FALSE(stream.send(bytes_of("1")));
    CHECK(stream.end() == StreamEnd::too_slow);
    CHECK_FALSE(stream.send(bytes_of("")));
    stream.close(StreamEnd::client_left);
    CHECK(ends == std::vector{StreamEnd::too_slow});
    CHECK(stream.take(100).empty());
    stream.on_end([&](StreamEnd end) { ends.push_back(end); });
    CHECK(ends.size() == 2);
}

TEST_CASE("a finished stream still gives what waited") {
    EventStream stream(10, [] {});
    stream.send(bytes_of("last"));
    stream.finish();
    CHECK_FALSE(stream.send(bytes_of("later")));
    CHECK(stream.take(100) == "last");
    CHECK(name_of(stream.end()) == "finished");
}

TEST_CASE("senders of several threads lose nothing") {
    EventStream stream(1u << 20, [] {});
    {
        std::vector<os::Thread> senders;
        for (int s = 0; s < 4; ++s) {
            senders.emplace_back([&] {
                for (int i = 0; i < 500; ++i) stream.send(bytes_of("x"));
            });
        }
    }
    CHECK(stream.take(1u << 20).size() == 2000);
}

}  // namespace
}  // namespace euromesh::federation

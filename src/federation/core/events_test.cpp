#include "federation/core/events.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

std::string error_of(const char* text) {
    const auto event = decode_event(text);
    return event ? "" : event.error().message;
}

TEST_CASE("an event is one line, and comes back from it byte for byte") {
    JobSubmitted submitted;
    submitted.job = "j3";
    submitted.account = "https://issuer|\"a\"";
    submitted.project = "p";
    submitted.spec = contract::parse_job_spec(R"({"executable":"x","attributes":{"duration":5}})").value();
    submitted.digest = contract::digest_of(submitted.spec);
    for (const EventData& data : {EventData(submitted), EventData(ClaimLost{"c1-0", "gone\n"}),
                                  EventData(RecordsPruned{5, 6}), EventData(AllocationClawedBack{"a1", 5, 1}),
                                  EventData(JobDecided{}), EventData(FederationFounded{})}) {
        const Event event = make_event(3, 1000, "alice", data);
        CHECK(event.text.find('\n') == std::string::npos);
        const auto again = decode_event(event.text);
        REQUIRE_MESSAGE(again, again.error().message);
        CHECK(make_event(again->seq, again->time_ms, again->by, again->data).text == event.text);
        CHECK(again->data.index() == data.index());
    }
    CHECK(make_event(7, 9, "s", ClaimLost{"c1-0", ""}).text ==
          R"({"v":1,"seq":7,"time":9,"type":"claim.lost","by":"s","data":{"claim":"c1-0"}})");
}

TEST_CASE("what this program does not understand is refused and named") {
    CHECK(error_of(R"({"v":2,"seq":7})").find("not of version 1") != std::string::npos);
    CHECK(error_of(R"({"v":1,"seq":7,"time":9,"type":"claim.sold","by":"s","data":{}})") ==
          "event 7: event 7 is of the type 'claim.sold', which this program does not know: use a newer one");
    CHECK(error_of(R"({"v":1,"seq":7,"time":9,"type":"claim.lost","by":"s","data":{"claim":"c","x":1}})") ==
          "event 7: claim.lost/x: is unknown or not in its place");
    CHECK(error_of(R"({"v":1,"time":9,"seq":7,"type":"claim.lost","by":"s","data":{}})") ==
          "event/seq: is missing or not in its place");
}

}  // namespace
}  // namespace euromesh::federation

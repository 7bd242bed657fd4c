#include "federation/ledger/key_book.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr const char* origin = TestLedger::origin;

TEST_CASE("founding and admission say whose keys are in force, from their own entry on") {
    const TestLedger ledger;
    CHECK(ledger.keys.origin() == origin);
    CHECK(*ledger.keys.current(KeyRole::coordinator, origin) == test_key(1).public_key());
    CHECK(*ledger.keys.current(KeyRole::board, "board-b") == test_key(3).public_key());
    CHECK(*ledger.keys.find(KeyRole::site, "b", 3) == test_key(11).public_key());
    CHECK(ledger.keys.find(KeyRole::site, "b", 2) == nullptr);
    CHECK(ledger.keys.find(KeyRole::site, "d", 4) == nullptr);
    CHECK(ledger.keys.find(KeyRole::coordinator, origin, 0) == nullptr);
}

TEST_CASE("a rotation ends the one key and begins the other; old heads keep the old one") {
    TestLedger ledger;
    const SignedHead before = ledger.head();
    ledger.add(TestLedger::by_owner(KeyRole::coordinator, origin, 1, 4));
    ledger.add(TestLedger::by_owner(KeyRole::site, "c", 12, 13));
    CHECK(check_head(before, ledger.keys, {.needed = 3}).has_value());
    CHECK(check_head(ledger.head(2, 4), ledger.keys, {.needed = 2}).has_value());
    CHECK(check_head(ledger.head(2, 1), ledger.keys, {})
              .error()
              .message.find("not signed by the coordinator") != std::string::npos);
    CHECK(check_head(ledger.head(3, 4), ledger.keys, {}).error().message.find("of 'c' does not hold") !=
          std::string::npos);
}

TEST_CASE("the board replaces a key that was lost, with as many signatures as it needs") {
    TestLedger ledger;
    KeyEvent event = TestLedger::change(KeyRole::coordinator, origin, 1, 4);
    event.by_board = true;
    sign_key_event(origin, event, "board-a", test_key(2));
    CHECK(ledger.keys.check(event).error().message.find("1 signatures, 2 are needed") != std::string::npos);
    sign_key_event(origin, event, "board-a", test_key(2));
    CHECK_FALSE(ledger.keys.check(event).has_value());
    event.signatures.pop_back();
    sign_key_event(origin, event, "board-b", test_key(3));
    ledger.add(event);
    CHECK(*ledger.keys.current(KeyRole::coordinator, origin) == test_key(4).public_key());
}

TEST_CASE("a change that is not signed by who may decide it is refused") {
    const TestLedger ledger;
    const auto code = [&](const KeyEvent& event) { return ledger.keys.check(event).error().code; };
    KeyEvent foreign = TestLedger::change(KeyRole::site, "a", 10, 14);
    CHECK(code(foreign) == Code::refused);
    sign_key_event(origin, foreign, "a", test_key(11));
    CHECK(code(foreign) == Code::refused);
    KeyEvent elsewhere = TestLedger::change(KeyRole::site, "a", 10, 14);
    sign_key_event("other.example", elsewhere, "a", test_key(10));
    CHECK(code(elsewhere) == Code::refused);
    KeyEvent other = TestLedger::by_owner(KeyRole::site, "a", 10, 14);
    other.successor = test_key(15).public_key();
    CHECK(code(other) == Code::refused);
    CHECK(code(TestLedger::by_owner(KeyRole::site, "a", 11, 14)) == Code::not_found);
    CHECK(code(TestLedger::by_owner(KeyRole::site, "a", 10, 11)) == Code::conflict);
    CHECK(code(TestLedger::by_owner(KeyRole::coordinator, origin, 1, 0)) == Code::refused);
    CHECK(ledger.keys.check(TestLedger::by_owner(KeyRole::site, "a", 10, 14)).has_value());
}

TEST_CASE("a revoked key no longer countersigns, and an old statement is not played again") {
    TestLedger ledger;
    const KeyEvent rotation = TestLedger::by_owner(KeyRole::site, "a", 10, 14);
    ledger.add(rotation);
    ledger.add(TestLedger::by_owner(KeyRole::site, "a", 14, 10 + 5));
    CHECK(ledger.keys.check(rotation).error().code == Code::not_found);
    ledger.add(TestLedger::by_owner(KeyRole::site, "b", 11, 0));
    CHECK(ledger.keys.current(KeyRole::site, "b") == nullptr);
    ledger.add("site.admitted", {{"site", {{"id", "b"}, {"public_key", TestLedger::hex(16)}}}});
    CHECK(*ledger.keys.current(KeyRole::site, "b") == test_key(16).public_key());
}

TEST_CASE("too few countersignatures, or of sites that do not count, are not enough") {
    TestLedger ledger;
    CHECK(check_head(ledger.head(1), ledger.keys, {.needed = 1}).has_value());
    CHECK(check_head(ledger.head(1), ledger.keys, {.needed = 2}).error().code == Code::refused);
    CHECK(check_head(ledger.head(2), ledger.keys, {.needed = 2, .sites = {"b", "c"}}).error().code ==
          Code::refused);
    CHECK(check_head(ledger.head(3), ledger.keys, {.needed = 2, .sites = {"b", "c"}}).has_value());
    // d with the key of c: one signature under two names.
    ledger.add("site.admitted", {{"site", {{"id", "d"}, {"public_key", TestLedger::hex(12)}}}});
    SignedHead head = ledger.head(3);
    add_countersignature(head, countersign(head.head, "d", test_key(12), head.head.time_ms));
    CHECK(check_head(head, ledger.keys, {.needed = 3}).has_value());
    CHECK_FALSE(check_head(head, ledger.keys, {.needed = 4}).has_value());
}

TEST_CASE("entries that name keys are read strictly; others are passed over") {
    TestLedger ledger;
    CHECK(ledger.keys.apply("no JSON at all", 4).has_value());
    CHECK(ledger.keys.apply(R"({"v":1,"seq":4,"time":1,"type":"job.submitted","by":"x","data":3})", 4)
              .has_value());
    for (const char* data : {"3", "{}", R"({"site":{"id":"e"}})", R"({"site":{"id":"E","public_key":"00"}})",
                             R"({"site":{"id":"e","public_key":"00"}})"}) {
        const std::string entry =
            fmt::format(R"({{"v":1,"seq":4,"time":1,"type":"site.admitted","by":"x","data":{}}})", data);
        CAPTURE(entry);
        CHECK(ledger.keys.apply(entry, 4).error().code == Code::corrupted);
    }
    CHECK(ledger.keys.apply(ledger.entries[0], 4).error().message.find("entry 4 (federation.founded)") == 0);
    CHECK(ledger.keys.current(KeyRole::site, "e") == nullptr);
}

TEST_CASE("a key event is read as it was written") {
    for (const KeyEvent& event : {TestLedger::by_owner(KeyRole::site, "a", 10, 14),
                                  TestLedger::by_owner(KeyRole::board, "board-a", 2, 0)})
        CHECK(key_event_from(event_type(event.change), to_json(event)).value() == event);
    Json data = to_json(TestLedger::by_owner(KeyRole::site, "a", 10, 14));
    data["signed_by"] = "nobody";
    CHECK(key_event_from("key.rotated", data).error().message.find("owner or board") != std::string::npos);
    CHECK_FALSE(key_event_from("key.made", data).has_value());
}

}  // namespace
}  // namespace euromesh::federation

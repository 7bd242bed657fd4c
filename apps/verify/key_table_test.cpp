#include "apps/verify/key_table.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {
namespace {

using federation::KeyEvent;
using federation::KeyRole;
using federation::test_key;
using federation::TestLedger;

KeyTable table_of(const TestLedger& ledger) {
    KeyTable table;
    for (const std::string& entry : ledger.entries) {
        const Json json = parse_json(entry).value();
        REQUIRE(table.apply(json["type"].get<std::string>(), json["data"]));
    }
    return table;
}

Status tried(KeyTable table, const KeyEvent& event) {
    return table.apply(event_type(event.change), to_json(event));
}

TEST_CASE("the table follows founding, admission, rotation and revocation as the ledger's own does") {
    TestLedger ledger;
    ledger.add(TestLedger::by_owner(KeyRole::site, "a", 10, 14));
    ledger.add(TestLedger::by_owner(KeyRole::site, "b", 11, 0));
    KeyEvent by_board = TestLedger::change(KeyRole::coordinator, TestLedger::origin, 1, 4);
    by_board.by_board = true;
    sign_key_event(TestLedger::origin, by_board, "board-a", test_key(2));
    sign_key_event(TestLedger::origin, by_board, "board-b", test_key(3));
    ledger.add(by_board);
    const KeyTable table = table_of(ledger);
    CHECK(table.origin() == TestLedger::origin);
    CHECK(*table.coordinator() == test_key(4).public_key());
    CHECK(*table.site("a") == test_key(14).public_key());
    CHECK(table.site("b") == nullptr);
    CHECK(*table.site("c") == test_key(12).public_key());
}

TEST_CASE("what the ledger's own table refuses is refused") {
    const TestLedger ledger;
    const KeyTable table = table_of(ledger);
    KeyEvent one = TestLedger::change(KeyRole::coordinator, TestLedger::origin, 1, 4);
    CHECK_FALSE(tried(table, one).has_value());
    one.by_board = true;
    sign_key_event(TestLedger::origin, one, "board-a", test_key(2));
    CHECK(tried(table, one).error().message == "a key change has 1 signatures, 2 are needed");
    sign_key_event(TestLedger::origin, one, "nobody", test_key(3));
    CHECK(tried(table, one).error().message == "'nobody' holds no board key");
    KeyEvent wrong = TestLedger::change(KeyRole::site, "a", 10, 14);
    sign_key_event("other.example", wrong, "a", test_key(10));
    CHECK(tried(table, wrong).error().message.find("does not hold") != std::string::npos);
    for (const KeyEvent& event :
         {TestLedger::by_owner(KeyRole::site, "a", 11, 14), TestLedger::by_owner(KeyRole::site, "a", 10, 11),
          TestLedger::by_owner(KeyRole::coordinator, TestLedger::origin, 1, 0)}) {
        CHECK_FALSE(tried(table, event).has_value());
        CHECK_FALSE(ledger.keys.check(event).has_value());
    }
    KeyTable again = table;
    CHECK_FALSE(again.apply("federation.founded", parse_json(ledger.entries[0]).value()["data"]).has_value());
    CHECK_FALSE(again.apply("site.admitted", Json::object()).has_value());
    CHECK_FALSE(again.apply("key.rotated", Json::array()).has_value());
    CHECK(KeyTable().coordinator() == nullptr);
}

TEST_CASE("known keys are read from lines that carry their own check") {
    const std::string text = "# ours\n\n" + federation::coordinator_key_line("f", test_key(1).public_key()) +
                             "\n" + federation::site_key_line("a", test_key(10).public_key()) + "\n";
    const auto known = read_known_keys(text);
    REQUIRE(known);
    CHECK(known->coordinators.contains(test_key(1).public_key()));
    CHECK(known->sites.at("a").contains(test_key(10).public_key()));
    std::string wrong = text;
    wrong[wrong.size() - 10] = wrong[wrong.size() - 10] == 'A' ? 'B' : 'A';
    CHECK(read_known_keys(wrong).error().message.find("keys, line 4") == 0);
    CHECK_FALSE(read_known_keys("a\n").has_value());
    CHECK_FALSE(read_known_keys("a+00000000+" + std::string(44, 'A') + "\n").has_value());
    CHECK(read_known_keys("")->coordinators.empty());
}

}  // namespace
}  // namespace euromesh::verify

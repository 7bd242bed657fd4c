#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "federation/core/core_for_test.hpp"
#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::federation {
namespace {

// Coordinator 1, board 2 and 3 (both needed), site "se" with key 10.
struct Keyed {
    Core core;
    KeyBook book;  // of the same entries
    std::uint64_t entries = 0;

    Keyed() {
        Found found;
        found.federation.name = "test";
        found.federation.coordinator_key = hex(1);
        found.federation.administrators = {"i|admin"};
        found.federation.governance = {"members", {{"one", hex(2)}, {"two", hex(3)}}, 2, 2, 1000};
        found.federation.rules = {{"test.rules", rules_for_test}};
        REQUIRE(run(found));
        REQUIRE(run(AdmitSite{"se", hex(10), "SE", "op", "ju", {}}));
    }
    static std::string hex(std::uint8_t key) { return to_hex(test_key(key).public_key()); }
    static KeyEvent owned(KeyRole role, const std::string& name, std::uint8_t from, std::uint8_t to) {
        KeyEvent event = TestLedger::change(role, name, from, to);
        sign_key_event("test", event, name, test_key(from));
        return event;
    }
    static KeyEvent by_board(KeyRole role, const std::string& name, std::uint8_t from, std::uint8_t to) {
        KeyEvent event = TestLedger::change(role, name, from, to);
        event.by_board = true;
        sign_key_event("test", event, "one", test_key(2));
        sign_key_event("test", event, "two", test_key(3));
        return event;
    }
    // What the core takes, the ledger's book of keys takes, too.
    Result<Outcome> run(Ask ask) {
        const Actor admin{"i|admin", "", {}, {}, ""};
        auto outcome = core.execute({admin, std::move(ask)}, 1'000'000'000'000);
        if (outcome)
            for (const Event& event : outcome->events) REQUIRE(book.apply(event.text, entries++));
        return outcome;
    }
    std::string error(const KeyEvent& event) {
        const auto outcome = run(ChangeKey{event});
        return outcome ? "" : outcome.error().message;
    }
    std::string key(std::string_view role, const std::string& name) const {
        const std::string* found = core.tables().key_in_force(role, name);
        return found == nullptr ? "none" : *found;
    }
};

TEST_CASE("the owner's old key names its successor; the old one is good for nothing more") {
    Keyed keyed;
    CHECK(keyed.error(Keyed::owned(KeyRole::site, "se", 10, 20)).empty());
    CHECK(keyed.key("site", "se") == Keyed::hex(20));
    CHECK(keyed.error(Keyed::owned(KeyRole::site, "se", 10, 21)).find("not in force") != std::string::npos);
    CHECK(keyed.error(Keyed::owned(KeyRole::site, "se", 20, 10)).find("used before") != std::string::npos);
    CHECK(keyed.error(Keyed::owned(KeyRole::site, "se", 20, 2)).find("used before") != std::string::npos);
    CHECK(keyed.error(Keyed::owned(KeyRole::coordinator, "test", 1, 22)).empty());
    CHECK(keyed.error(Keyed::owned(KeyRole::board, "one", 2, 23)).empty());
    CHECK(keyed.core.tables().federation().governance.keys.at("one") == Keyed::hex(23));
    CHECK(*keyed.book.current(KeyRole::coordinator, "test") == test_key(22).public_key());
}

TEST_CASE("a change that is sent again changes nothing more") {
    Keyed keyed;
    const KeyEvent change = Keyed::owned(KeyRole::site, "se", 10, 20);
    REQUIRE(keyed.error(change).empty());
    const auto again = keyed.run(ChangeKey{change});
    REQUIRE(again);
    CHECK(again->events.empty());
    CHECK(again->answer["key"] == Keyed::hex(20));
}

TEST_CASE("a stolen successor, another's signature and half a board change nothing") {
    Keyed keyed;
    KeyEvent thief = TestLedger::change(KeyRole::site, "se", 10, 20);
    sign_key_event("test", thief, "se", test_key(20));
    CHECK(keyed.error(thief).find("does not hold") != std::string::npos);
    KeyEvent elsewhere = TestLedger::change(KeyRole::site, "se", 10, 20);
    sign_key_event("other", elsewhere, "se", test_key(10));
    CHECK(keyed.error(elsewhere).find("does not hold") != std::string::npos);
    KeyEvent bare = TestLedger::change(KeyRole::site, "se", 10, 20);
    CHECK(keyed.error(bare).find("0 of 1") != std::string::npos);
    KeyEvent half = TestLedger::change(KeyRole::site, "se", 10, 20);
    half.by_board = true;
    sign_key_event("test", half, "one", test_key(2));
    sign_key_event("test", half, "one", test_key(2));
    CHECK(keyed.error(half).find("1 of 2") != std::string::npos);
    CHECK(keyed.error(Keyed::owned(KeyRole::site, "no", 10, 20)).find("not in force") != std::string::npos);
    CHECK(keyed.key("site", "se") == Keyed::hex(10));
}

TEST_CASE("the board replaces and ends what its owner has lost, but neither the coordinator's nor itself") {
    Keyed keyed;
    CHECK(keyed.error(Keyed::by_board(KeyRole::site, "se", 10, 20)).empty());
    CHECK(keyed.error(Keyed::by_board(KeyRole::site, "se", 20, 0)).empty());
    CHECK(keyed.key("site", "se") == "none");
    CHECK(keyed.error(Keyed::by_board(KeyRole::coordinator, "test", 1, 0)).find("never without") !=
          std::string::npos);
    CHECK(keyed.error(Keyed::by_board(KeyRole::board, "two", 3, 0)).find("too few") != std::string::npos);
    CHECK(keyed.error(Keyed::by_board(KeyRole::coordinator, "test", 1, 30)).empty());
}

TEST_CASE("changes of keys are in the snapshot") {
    Keyed keyed;
    REQUIRE(keyed.error(Keyed::owned(KeyRole::site, "se", 10, 20)).empty());
    const auto restored = Core::restore(keyed.core.snapshot());
    REQUIRE(restored);
    CHECK(restored->digest() == keyed.core.digest());
    CHECK(restored->tables().federation().key_changes.size() == 1);
}

}  // namespace
}  // namespace euromesh::federation

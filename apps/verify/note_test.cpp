#include "apps/verify/note.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {
namespace {

using federation::test_key;
using federation::TestLedger;

std::string some_note() {
    return encode(TestLedger().head(2));
}

TEST_CASE("a head of the ledger is read with all that it says, and its signatures hold") {
    const TestLedger ledger;
    const auto note = read_note(some_note());
    REQUIRE(note);
    CHECK(note->origin == TestLedger::origin);
    CHECK(note->size == 4);
    CHECK(note->root == ledger.tree.root());
    CHECK(note->time_ms == TestLedger::time_of(4));
    CHECK(log_signature_holds(*note, test_key(1).public_key()));
    CHECK_FALSE(log_signature_holds(*note, test_key(2).public_key()));
    REQUIRE(note->sites.size() == 2);
    CHECK(note->sites[1].name == "b");
    CHECK(note->sites[1].time_s == TestLedger::time_of(4) / 1000 + 2);
    CHECK(countersignature_holds(*note, note->sites[1], test_key(11).public_key()));
    CHECK_FALSE(countersignature_holds(*note, note->sites[1], test_key(10).public_key()));
}

TEST_CASE("any byte that is changed breaks form, a signature or a hint") {
    const std::string good = some_note();
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        const auto note = read_note(bad);
        CHECK_FALSE((note && log_signature_holds(*note, test_key(1).public_key()) &&
                     note->sites.size() == 2 &&
                     countersignature_holds(*note, note->sites[0], test_key(10).public_key()) &&
                     countersignature_holds(*note, note->sites[1], test_key(11).public_key())));
    }
}

TEST_CASE("what is wrong is named with its line") {
    const auto said = [](std::string_view from, std::string_view to) {
        std::string text = some_note();
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        const auto note = read_note(text.replace(at, from.size(), to));
        REQUIRE_FALSE(note);
        return note.error().message;
    };
    CHECK(said("test.example\n", "\n") == "line 1 of the head: the name of a federation is expected");
    CHECK(said("\n4\n", "\n04\n").find("line 2") == 0);
    CHECK(said("time_ms", "time").find("line 4") == 0);
    CHECK(said("\n\n", "\nx\n").find("line 5") == 0);
    CHECK(said(" test.example ", " best.example ").find("line 6") == 0);
    CHECK(said(" b ", " a ").find("line 8") == 0);
    CHECK_FALSE(read_note("").has_value());
    CHECK_FALSE(read_note(some_note() + "\n").has_value());
    CHECK_FALSE(read_note(std::string(note_max_bytes + 1, '\n')).has_value());
}

TEST_CASE("names of sites are ids") {
    for (const char* good : {"a", "0", "a.b_c-d"}) CHECK(is_name(good));
    for (const char* bad : {"", ".a", "A", "a b", "a+b"}) CHECK_FALSE(is_name(bad));
    CHECK_FALSE(is_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace euromesh::verify

#include "federation/ledger/witness.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t now_ms = 1763733700000;

WitnessMemory joined() {
    return first_memory(TestLedger::origin, test_key(1).public_key());
}

Result<WitnessStep> ask(const WitnessMemory& memory, const TestLedger& ledger) {
    const auto proof = ledger.tree.consistency_proof(memory.last.size, ledger.tree.size());
    REQUIRE(proof);
    return witness(memory, ledger.head(0), *proof, "a", test_key(10), now_ms);
}

TEST_CASE("a site follows a ledger that grows, and its countersignatures hold") {
    TestLedger ledger;
    WitnessMemory memory = joined();
    for (int i = 0; i < 20; ++i) {
        ledger.add_jobs(static_cast<std::size_t>(i % 4));
        auto step = ask(memory, ledger);
        REQUIRE(step);
        SignedHead head = ledger.head(0);
        add_countersignature(head, step->countersignature);
        CHECK(check_head(head, ledger.keys, {.needed = 1, .sites = {"a"}}).has_value());
        CHECK(step->memory.last == head.head);
        memory = step->memory;
    }
}

TEST_CASE("a ledger that was rewritten is a conflict, with any proof") {
    TestLedger honest, other;
    honest.add_jobs(3);
    other.add("job.submitted", {{"job", "another"}});
    other.add_jobs(2);
    const WitnessMemory memory = ask(joined(), honest)->memory;
    CHECK(ask(memory, other).error().code == Code::conflict);
    honest.add_jobs(4), other.add_jobs(4);
    CHECK(ask(memory, other).error().code == Code::conflict);
    const Proof honest_proof = honest.tree.consistency_proof(7, 11).value();
    CHECK(witness(memory, other.head(0), honest_proof, "a", test_key(10), now_ms).error().code ==
          Code::conflict);
    CHECK(witness(memory, other.head(0), {}, "a", test_key(10), now_ms).error().code == Code::conflict);
    CHECK(ask(memory, honest).has_value());
}

TEST_CASE("a ledger that shrinks, another coordinator and another federation are refused") {
    TestLedger ledger;
    const SignedHead small = ledger.head(0);
    ledger.add_jobs(2);
    const WitnessMemory memory = ask(joined(), ledger)->memory;
    const auto code = [&](const WitnessMemory& from, const SignedHead& head) {
        return witness(from, head, {}, "a", test_key(10), now_ms).error().code;
    };
    CHECK(code(memory, small) == Code::refused);
    TreeHead later = small.head;
    later.time_ms = memory.last.time_ms + 1;
    CHECK(code(memory, sign_head(later, test_key(1))) == Code::refused);
    CHECK(code(joined(), ledger.head(0, 2)) == Code::refused);
    CHECK(code(first_memory("other.example", test_key(1).public_key()), small) == Code::refused);
    SignedHead earlier = sign_head({TestLedger::origin, 6, ledger.tree.root(), 5}, test_key(1));
    CHECK(code(memory, earlier) == Code::refused);
    earlier.head.time_ms = memory.last.time_ms;
    CHECK(code(memory, earlier) == Code::refused);
}

TEST_CASE("a site follows a rotation that the old key signed, and no other") {
    const WitnessMemory memory = joined();
    const KeyEvent rotation = TestLedger::by_owner(KeyRole::coordinator, TestLedger::origin, 1, 4);
    const auto next = follow_rotation(memory, rotation);
    REQUIRE(next);
    CHECK(next->coordinator == test_key(4).public_key());
    CHECK(next->last == memory.last);
    CHECK_FALSE(follow_rotation(*next, rotation).has_value());
    KeyEvent by_board = TestLedger::change(KeyRole::coordinator, TestLedger::origin, 1, 4);
    by_board.by_board = true;
    sign_key_event(TestLedger::origin, by_board, "board-a", test_key(2));
    CHECK(follow_rotation(memory, by_board).error().code == Code::refused);
    KeyEvent changed = rotation;
    changed.successor = test_key(5).public_key();
    CHECK(follow_rotation(memory, changed).error().code == Code::refused);
    CHECK_FALSE(follow_rotation(memory, TestLedger::by_owner(KeyRole::site, "a", 10, 14)).has_value());
}

TEST_CASE("memory is read as it was written, and nothing else is") {
    TestLedger ledger;
    for (const WitnessMemory& memory : {joined(), ask(joined(), ledger)->memory})
        CHECK(decode_witness_memory(encode(memory)).value() == memory);
    std::string text = encode(joined());
    CHECK_FALSE(decode_witness_memory("").has_value());
    CHECK_FALSE(decode_witness_memory("{}").has_value());
    CHECK_FALSE(decode_witness_memory(std::string(5000, ' ')).has_value());
    text.replace(text.find("\"size\":0"), 8, "\"size\":-1");
    CHECK(decode_witness_memory(text).error().message.find("negative") != std::string::npos);
}

}  // namespace
}  // namespace euromesh::federation

#include "apps/verify/compare.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {
namespace {

using federation::exported;
using federation::TestLedger;

Source source_of(const std::string& text) {
    return [&text, at = std::size_t{0}](std::span<char> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(out.size(), text.size() - at);
        std::copy_n(text.data() + at, count, out.begin());
        at += count;
        return count;
    };
}

Comparison compared(const std::string& a, const std::string& b) {
    const auto found = compare(source_of(a), source_of(b));
    REQUIRE(found);
    return *found;
}

TEST_CASE("a rewritten entry is named, though its hash was rewritten with it") {
    TestLedger ledger;
    const std::string good = exported(ledger, 3, 5);
    const std::string& entry = ledger.entries[6];
    std::string other = entry;
    other.replace(other.find("\"gpus\":8"), 8, "\"gpus\":9");
    std::string bad = good;
    const auto swap = [&bad](const std::string& from, const std::string& to) {
        bad.replace(bad.find(from), from.size(), to);
    };
    swap(entry, other);
    swap(to_hex(federation::leaf_hash(entry)), to_hex(federation::leaf_hash(other)));
    const Comparison found = compared(bad, good);
    REQUIRE(found.first);
    CHECK(found.first->what == "entry 6 is not the same");
    CHECK(found.same == 6);
    CHECK(bad.compare(found.first->place.offset, other.size(), other) == 0);
    CHECK(good.compare(found.first->against.offset, entry.size(), entry) == 0);
}

TEST_CASE("the same entries under other heads are the same; a beginning is no difference, but is told") {
    TestLedger one, two;
    const std::string few = exported(one, 2, 3), many = exported(two, 3, 3, 0);
    const Comparison found = compared(few, many);
    CHECK_FALSE(found.first);
    CHECK(found.same == 7);
    CHECK(found.against_is_longer);
    CHECK(compared(many, few).is_longer);
    CHECK_FALSE(compared(few, few).is_longer);
}

TEST_CASE("other federations part at once, and what is no export is named") {
    TestLedger ledger;
    const std::string text = exported(ledger, 1, 0);
    const std::string other = "euromesh-ledger/1 other.example\nend 0 0\n";
    CHECK(compared(text, other).first->what == "they are of 'test.example' and of 'other.example'");
    const std::string cut = text.substr(0, text.size() / 2);
    const auto found = compare(source_of(text), source_of(cut));
    REQUIRE_FALSE(found);
    CHECK(found.error().message.find("the second export, line ") == 0);
}

}  // namespace
}  // namespace euromesh::verify

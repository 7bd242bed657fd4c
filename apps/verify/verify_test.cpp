// Whole exports, and everything that can be done to them.
#include "apps/verify/verify.hpp"

#include <doctest/doctest.h>

#include "apps/verify/text.hpp"
#include "base/base64.hpp"
#include "base/random.hpp"
#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {
namespace {

using federation::exported;
using federation::KeyEvent;
using federation::KeyRole;
using federation::test_key;
using federation::TestLedger;

Source source_of(const std::string& text) {
    return [&text, at = std::size_t{0}](std::span<char> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(out.size(), text.size() - at);
        std::copy_n(text.data() + at, count, out.begin());
        at += count;
        return count;
    };
}

struct Extra {
    std::uint64_t needs = 3;
    std::optional<KnownKeys> known{};
    std::vector<Note> trusted{};
};

Findings check(const std::string& text, Extra extra = {}) {
    auto findings = verify({source_of(text), extra.needs, extra.known, extra.trusted});
    REQUIRE(findings);
    return *std::move(findings);
}

// What the first difference says; empty when the export holds.
std::string difference(const std::string& text, Extra extra = {}) {
    const Findings findings = check(text, std::move(extra));
    return findings.first ? findings.first->what : "";
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

// From "entry N" or "head N" to the line before the next block.
struct Part {
    std::size_t begin;
    std::size_t end;
};
Part part_of(const std::string& text, const std::string& words) {
    const std::size_t begin = text.find("\n" + words + " ") + 1;
    REQUIRE(begin != 0);
    const auto fields = split(std::string_view(text).substr(begin, text.find('\n', begin) - begin), ' ', 5);
    const auto size = number_in(fields[2]);
    REQUIRE(size);
    return {begin, text.find('\n', begin) + 1 + static_cast<std::size_t>(*size) + 1};
}
std::string cut_out(const std::string& text, const Part& part) {
    return text.substr(part.begin, part.end - part.begin);
}

// The place is in the file, and its line is the one that the byte stands in.
void check_place(const std::string& text, const Place& place) {
    REQUIRE(place.offset <= text.size());
    const auto lines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place.offset), '\n');
    CHECK(place.line == static_cast<std::uint64_t>(lines) + 1);
}

KnownKeys known_of(std::uint8_t coordinator,
                   std::initializer_list<std::pair<const char*, std::uint8_t>> sites) {
    KnownKeys known;
    known.coordinators.insert(test_key(coordinator).public_key());
    for (const auto& [name, number] : sites) known.sites[name].insert(test_key(number).public_key());
    return known;
}

Note note_of(const federation::SignedHead& head) {
    const auto note = read_note(encode(head));
    REQUIRE(note);
    return *note;
}

TEST_CASE("what the ledger exports holds") {
    TestLedger ledger;
    const std::string text = exported(ledger, 5, 7);
    const Findings findings = check(text, {.known = known_of(1, {{"a", 10}, {"b", 11}, {"c", 12}})});
    CHECK_FALSE(findings.first.has_value());
    CHECK(findings.entries == 4 + 4 * 7);
    CHECK(findings.heads == 5);
    CHECK(findings.bytes == text.size());
    CHECK(findings.last_head->sites.size() == 3);
}

TEST_CASE("any single byte that is changed is found, and the place named is not behind it") {
    TestLedger ledger;
    const std::string good = exported(ledger, 2, 2);
    REQUIRE(difference(good).empty());
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 1 << at % 8);
        const Findings findings = check(bad);
        CAPTURE(at);
        REQUIRE(findings.first.has_value());
        check_place(bad, findings.first->place);
    }
}

TEST_CASE("a changed byte of an entry names exactly this entry") {
    TestLedger ledger;
    const std::string good = exported(ledger, 4, 10);
    for (std::size_t entry = 0; entry < ledger.entries.size(); ++entry) {
        const std::size_t begin = good.find(ledger.entries[entry]);
        for (const std::size_t in :
             {std::size_t{0}, ledger.entries[entry].size() / 2, ledger.entries[entry].size() - 1}) {
            std::string bad = good;
            bad[begin + in] = static_cast<char>(bad[begin + in] ^ 4);
            const Findings findings = check(bad);
            REQUIRE(findings.first.has_value());
            CHECK(findings.first->place.entry == entry);
            CHECK(findings.first->place.offset == begin);
            CHECK(contains(findings.first->what, "its bytes were changed"));
        }
        std::string bad = good;
        char& digit = bad[begin - 2];
        digit = digit == 'a' ? 'b' : 'a';
        CHECK(contains(difference(bad), fmt::format("entry {}: the hash beside it was changed", entry)));
    }
}

TEST_CASE("changed bytes of a large export are found in a sample of places") {
    TestLedger ledger;
    const std::string good = exported(ledger, 4, 500);
    Random random(11);
    for (int i = 0; i < 25; ++i) {
        std::string bad = good;
        const std::size_t at = random.below(bad.size());
        bad[at] = static_cast<char>(bad[at] ^ 1 << random.below(8));
        CAPTURE(at);
        CHECK_FALSE(difference(bad).empty());
    }
}

TEST_CASE("a dropped, repeated or swapped entry is found at its place") {
    TestLedger ledger;
    const std::string good = exported(ledger, 3, 5);
    for (int entry = 0; entry < 13; ++entry) {
        const Part part = part_of(good, "entry " + std::to_string(entry));
        std::string dropped = good;
        dropped.erase(part.begin, part.end - part.begin);
        CHECK(check(dropped).first->place.entry == static_cast<std::uint64_t>(entry));
        std::string repeated = good;
        repeated.insert(part.end, cut_out(good, part));
        CHECK(check(repeated).first->place.entry == static_cast<std::uint64_t>(entry) + 1);
        check_place(repeated, check(repeated).first->place);
    }
    const Part one = part_of(good, "entry 5"), two = part_of(good, "entry 6");
    std::string swapped = good;
    swapped.replace(one.begin, two.end - one.begin, cut_out(good, two) + cut_out(good, one));
    CHECK(contains(difference(swapped), "entry 5, not 6, is expected"));
    CHECK(check(swapped).first->place.offset == one.begin);
}

// The hash beside an entry is of no help against somebody who changes both.
TEST_CASE("an entry that is rewritten with its hash is found between the heads around it") {
    TestLedger ledger;
    const std::string good = exported(ledger, 3, 5);
    const std::string& entry = ledger.entries[6];
    const std::string other = replaced(entry, "\"gpus\":8", "\"gpus\":9");
    std::string bad = replaced(good, entry, other);
    bad = replaced(bad, to_hex(federation::leaf_hash(entry)), to_hex(federation::leaf_hash(other)));
    CHECK(difference(bad) ==
          "one of the entries 4 to 8 is not what was signed: the head of 9 entries has another root");
    CHECK(check(bad).first->place.entry == 4);
    check_place(bad, check(bad).first->place);
}

TEST_CASE("a file that is cut anywhere is found") {
    TestLedger ledger;
    const std::string good = exported(ledger, 2, 2);
    for (std::size_t size = 0; size < good.size(); ++size) {
        const std::string cut = good.substr(0, size);
        CHECK_FALSE(difference(cut).empty());
    }
    const std::string longer = good + "x";
    CHECK(contains(difference(longer), "nothing after the last line"));
}

// An export of these entries, in this order, with whatever heads.
std::string forged(const std::vector<std::string>& entries, std::uint8_t coordinator,
                   const federation::SignedHead& like) {
    federation::MerkleTree tree;
    std::string text;
    federation::LedgerExporter exporter(TestLedger::origin,
                                        [&](std::string_view piece) { return text += piece, Status{}; });
    for (const std::string& entry : entries) {
        tree.append_entry(entry);
        REQUIRE(exporter.entry(entry));
    }
    federation::SignedHead head = federation::sign_head(
        {TestLedger::origin, tree.size(), tree.root(), like.head.time_ms}, test_key(coordinator));
    head.countersignatures = like.countersignatures;
    REQUIRE(exporter.head(head));
    REQUIRE(exporter.end());
    return text;
}

TEST_CASE("a coordinator alone cannot rewrite: the sites' countersignatures no longer hold") {
    TestLedger ledger;
    ledger.add_jobs(5);
    std::vector<std::string> entries = ledger.entries;
    entries[6] = replaced(entries[6], "\"gpus\":8", "\"gpus\":9");
    const std::string text = forged(entries, 1, ledger.head());
    CHECK(contains(difference(text), "head of 9 entries: the countersignature of 'a' does not hold"));
    federation::SignedHead bare = ledger.head(0);
    const std::string alone = forged(entries, 1, bare);
    CHECK(contains(difference(alone), "countersignatures of 0 sites, 3 are needed"));
    CHECK(difference(alone, {.needs = 0}).empty());
}

TEST_CASE("entries that are no canonical JSON or out of sequence are found though they are signed") {
    const auto said = [](const std::string& entry) {
        TestLedger ledger;
        ledger.entries.push_back(entry);
        ledger.tree.append_entry(entry);
        const std::string text = forged(ledger.entries, 1, ledger.head(0));
        return difference(text, {.needs = 0});
    };
    const std::string right = R"({"v":1,"seq":4,"time":1863733600000,"type":"x","by":"y","data":{}})";
    CHECK(said(right).empty());
    CHECK(contains(said(replaced(right, ":4", ":5")), "entry 4: its 'seq' is 5, not 4"));
    CHECK(contains(said(replaced(right, ":4", ": 4")), "not canonical JSON"));
    CHECK(contains(said(replaced(right, "\"v\":1", "\"v\":1,\"v\":1")), "not canonical JSON"));
    CHECK(contains(said(replaced(right, "{}", "{")), "not valid JSON"));
    CHECK(contains(said(replaced(right, ",\"data\":{}", "")), "no 'data'"));
    CHECK(contains(said("[]"), "not canonical JSON"));
    CHECK(contains(said(""), "not valid JSON"));
}

TEST_CASE("a head without the needed countersignatures is refused") {
    for (int sites = 0; sites < 4; ++sites) {
        TestLedger ledger;
        const std::string text = exported(ledger, 2, 3, sites);
        for (std::uint64_t needs = 0; needs < 4; ++needs) {
            const std::string what = difference(text, {.needs = needs});
            CHECK(what.empty() == (needs <= static_cast<std::uint64_t>(sites)));
            if (!what.empty()) CHECK(contains(what, fmt::format("{} sites, {} are needed", sites, needs)));
        }
    }
}

TEST_CASE("heads before the last one may have fewer countersignatures, since the last one vouches for all") {
    TestLedger ledger;
    std::string text;
    federation::LedgerExporter exporter(TestLedger::origin,
                                        [&](std::string_view piece) { return text += piece, Status{}; });
    for (const std::string& entry : ledger.entries) REQUIRE(exporter.entry(entry));
    REQUIRE(exporter.head(ledger.head(0)));
    ledger.add_jobs(1);
    REQUIRE(exporter.entry(ledger.entries.back()));
    REQUIRE(exporter.head(ledger.head(3)));
    REQUIRE(exporter.end());
    CHECK(difference(text).empty());
    CHECK(contains(difference(text, {.needs = 4}), "of 3 sites, 4 are needed"));
}

TEST_CASE("only known keys count, for the coordinator and for sites") {
    TestLedger ledger;
    const std::string text = exported(ledger, 2, 3);
    const auto said = [&](const KnownKeys& known, std::uint64_t needs) {
        return difference(text, {.needs = needs, .known = known});
    };
    CHECK(said(known_of(1, {{"a", 10}, {"b", 11}}), 2).empty());
    CHECK(contains(said(known_of(2, {{"a", 10}, {"b", 11}}), 2), "is none of those that are known"));
    CHECK(contains(said(known_of(1, {{"a", 10}, {"b", 12}}), 2), "of 1 known sites, 2 are needed"));
    CHECK(contains(said(known_of(1, {}), 1), "of 0 known sites, 1 are needed"));
}

TEST_CASE("keys that are rotated in the ledger are followed, a replaced key is not") {
    TestLedger ledger;
    ledger.add(TestLedger::by_owner(KeyRole::coordinator, TestLedger::origin, 1, 4));
    ledger.add(TestLedger::by_owner(KeyRole::site, "c", 12, 13));
    const std::string text = forged(ledger.entries, 4, ledger.head(2, 4));
    CHECK(difference(text, {.needs = 2, .known = known_of(4, {{"a", 10}, {"b", 11}})}).empty());
    const std::string old_key = forged(ledger.entries, 1, ledger.head(2, 4));
    CHECK(contains(difference(old_key, {.needs = 2}), "not signed by the coordinator's key"));
    TestLedger other;
    other.entries[0] = replaced(other.entries[0], TestLedger::hex(1), TestLedger::hex(9));
    const std::string replaced_key = forged(other.entries, 9, other.head(0));
    CHECK(difference(replaced_key, {.needs = 0}).empty());
    CHECK(contains(difference(replaced_key, {.needs = 0, .known = known_of(1, {})}),
                   "none of those that are known"));
    KeyEvent stolen = TestLedger::change(KeyRole::site, "a", 10, 20);
    sign_key_event(TestLedger::origin, stolen, "a", test_key(20));
    TestLedger third;
    third.entries.push_back(Json({{"v", 1},
                                  {"seq", 4},
                                  {"time", TestLedger::time_of(4)},
                                  {"type", "key.rotated"},
                                  {"by", "a"},
                                  {"data", to_json(stolen)}})
                                .dump());
    const std::string unsigned_change = forged(third.entries, 1, third.head(0));
    CHECK(contains(difference(unsigned_change, {.needs = 0}),
                   "entry 4: the signature of 'a' under a key change"));
}

TEST_CASE("a trusted head is contained, or the first place of departure is told as far as it can be") {
    TestLedger ledger;
    const Note first = note_of(ledger.head());
    ledger.add_jobs(3);
    const Note second = note_of(ledger.head());
    ledger.add_jobs(3);
    const std::string text = forged(ledger.entries, 1, ledger.head());
    const Findings good = check(text, {.trusted = {second, first}});
    CHECK_FALSE(good.first.has_value());
    CHECK(good.trusted_met == 2);

    TestLedger other;
    other.add("test.noted", {{"job", "another"}});
    other.add_jobs(5);
    const std::string fork = forged(other.entries, 1, other.head());
    CHECK(difference(fork).empty());
    CHECK(difference(fork, {.trusted = {first, second}}) ==
          "one of the entries 4 to 6 is not what the trusted head of 7 entries stands for");
    CHECK(check(fork, {.trusted = {first, second}}).first->place.entry == 4);
    CHECK(check(fork, {.trusted = {second}}).first->place.entry == 0);

    TestLedger shorter;
    const std::string cut = forged(shorter.entries, 1, shorter.head());
    CHECK(difference(cut, {.trusted = {first, second}}) ==
          "the entries 4 to 6, which a trusted head covers, are missing");
}

TEST_CASE("entries behind the last head, heads that go back and doubled heads are found") {
    TestLedger ledger;
    const std::string good = exported(ledger, 3, 2);
    const Part last = part_of(good, "head 8");
    std::string bare = good;
    bare.erase(last.begin, last.end - last.begin);
    bare = replaced(bare, "end 8 3", "end 8 2");
    CHECK(contains(difference(bare), "the entries from 6 on stand under no signed head"));
    check_place(bare, check(bare).first->place);
    std::string doubled = good;
    doubled.insert(last.end, cut_out(good, last));
    doubled = replaced(doubled, "end 8 3", "end 8 4");
    CHECK(contains(difference(doubled), "does not follow"));
    std::string no_heads = "euromesh-ledger/1 test.example\nend 0 0\n";
    CHECK(contains(difference(no_heads), "stand under no signed head"));
}

}  // namespace
}  // namespace euromesh::verify

#include "federation/ledger/ledger_export.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::federation {
namespace {

// In pieces of that many bytes, whatever is asked for.
ExportSource source_of(std::string text, std::size_t piece = 1u << 20) {
    return [text, piece, at = std::size_t{0}](std::span<char> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({piece, out.size(), text.size() - at});
        std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), count, out.begin());
        at += count;
        return count;
    };
}

Result<std::vector<ExportItem>> items_of(const std::string& text, std::size_t piece = 1u << 20) {
    LedgerImporter importer(source_of(text, piece));
    std::vector<ExportItem> items;
    while (true) {
        EM_ASSIGN(auto item, importer.next());
        if (!item) return items;
        items.push_back(*std::move(item));
    }
}

std::string small_export() {
    TestLedger ledger;
    return exported(ledger, 3, 3);
}

TEST_CASE("an export ends in the newest head that enough sites have countersigned") {
    TestLedger ledger;
    std::vector<SignedHead> heads;
    for (const int sites : {3, 1, 2, 0}) {
        ledger.add_jobs(1);
        heads.push_back(ledger.head(sites));
    }
    CHECK(heads_up_to_countersigned(heads, 0) == 4);
    CHECK(heads_up_to_countersigned(heads, 1) == 3);
    CHECK(heads_up_to_countersigned(heads, 2) == 3);
    CHECK(heads_up_to_countersigned(heads, 3) == 1);
    CHECK(heads_up_to_countersigned(heads, 4) == 0);
    CHECK(heads_up_to_countersigned({}, 0) == 0);
}

TEST_CASE("an export gives back every byte of entries and heads, with their places") {
    TestLedger ledger;
    const std::string text = exported(ledger, 3, 3);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
        const auto items = items_of(text, piece);
        REQUIRE(items);
        std::size_t entries = 0;
        for (const ExportItem& item : *items) {
            CHECK(text.compare(item.offset, item.bytes.size(), item.bytes) == 0);
            CHECK(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(item.offset), '\n') +
                      1 ==
                  static_cast<std::ptrdiff_t>(item.line));
            if (item.kind == ExportItem::Kind::entry) {
                CHECK(item.index == entries);
                CHECK(item.bytes == ledger.entries[entries++]);
            } else {
                const auto head = decode_signed_head(item.bytes);
                REQUIRE(head);
                CHECK(check_head(*head, ledger.keys, {.needed = 3}).has_value());
            }
        }
        CHECK(entries == ledger.entries.size());
    }
}

TEST_CASE("entries are opaque: any bytes, none, and a megabyte") {
    MerkleTree tree;
    std::string text;
    LedgerExporter exporter("o", [&](std::string_view piece) { return text += piece, Status{}; });
    for (const std::string& entry :
         {std::string("\n\nend 0 0\n"), std::string(), std::string(1u << 20, '\0')}) {
        REQUIRE(exporter.entry(entry));
        tree.append_entry(entry);
    }
    CHECK(exporter.end().error().code == Code::conflict);
    REQUIRE(exporter.head(sign_head({"o", 3, tree.root(), 1}, test_key(1))));
    REQUIRE(exporter.end());
    const auto items = items_of(text);
    REQUIRE(items);
    CHECK(items->at(0).bytes == "\n\nend 0 0\n");
    CHECK(items->at(2).bytes.size() == 1u << 20);
    CHECK(exporter.entry(std::string((1u << 20) + 1, 'x')).error().code == Code::bad_input);
}

TEST_CASE("a head stands where it belongs") {
    const TestLedger ledger;
    LedgerExporter exporter(TestLedger::origin, [](std::string_view) { return Status{}; });
    CHECK(exporter.head(ledger.head()).error().code == Code::conflict);
    for (const std::string& entry : ledger.entries) REQUIRE(exporter.entry(entry));
    SignedHead foreign = ledger.head();
    foreign.head.origin = "other.example";
    CHECK(exporter.head(foreign).error().code == Code::conflict);
    CHECK(exporter.head(ledger.head()).has_value());
}

TEST_CASE("a file that is cut anywhere is noticed") {
    const std::string text = small_export();
    for (std::size_t size = 0; size < text.size(); ++size) {
        const auto items = items_of(text.substr(0, size));
        REQUIRE_FALSE(items);
        CHECK(items.error().code == Code::corrupted);
    }
    CHECK_FALSE(items_of(text + "\n").has_value());
}

TEST_CASE("what is wrong is named with line and byte") {
    std::string text = small_export();
    const std::size_t at = text.find("\"job\":\"job-5\"");
    text[at + 8] = 'x';
    CHECK(items_of(text).error().message.find("entry 5 with the hash that is named is expected") !=
          std::string::npos);
    text = small_export();
    const std::size_t second = text.find("entry 1 ");
    text[second + 6] = '2';
    CHECK(items_of(text).error().message ==
          fmt::format("ledger export, line 4, byte {}: 'entry 1', a length and a hash is expected", second));
    CHECK_FALSE(items_of("euromesh-ledger/1 o\nentry 0 9999999 " + std::string(64, '0') + "\n").has_value());
    CHECK_FALSE(items_of("euromesh-ledger/1 o\nentry 00 0 " + std::string(64, '0') + "\n\n").has_value());
    CHECK_FALSE(items_of("euromesh-ledger/2 o\n").has_value());
    CHECK_FALSE(items_of(std::string(1u << 20, 'x')).has_value());
}

}  // namespace
}  // namespace euromesh::federation

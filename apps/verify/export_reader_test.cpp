#include "apps/verify/export_reader.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {
namespace {

Source source_of(const std::string& text, std::size_t piece) {
    return [&text, piece, at = std::size_t{0}](std::span<char> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({piece, out.size(), text.size() - at});
        std::copy_n(text.data() + at, count, out.begin());
        at += count;
        return count;
    };
}

// What stops the reader; empty when it came to the end.
std::string stopped(const std::string& text) {
    ExportReader reader(source_of(text, 1u << 20));
    if (const auto origin = reader.read_opening(); !origin) return origin.error().message;
    while (true) {
        const auto block = reader.next();
        if (!block)
            return fmt::format("{}:{}: {}", reader.place().line, reader.place().offset,
                               block.error().message);
        if (block->kind == Block::Kind::end) return "";
    }
}

TEST_CASE("blocks come with their bytes and places, in pieces of any size") {
    federation::TestLedger ledger;
    const std::string text = exported(ledger, 3, 2);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{1} << 20}) {
        ExportReader reader(source_of(text, piece));
        CHECK(reader.read_opening().value() == "test.example");
        std::size_t entries = 0;
        while (true) {
            const auto block = reader.next();
            REQUIRE(block);
            if (block->kind == Block::Kind::end) break;
            CHECK(text.compare(block->place.offset, block->bytes.size(), block->bytes) == 0);
            if (block->kind == Block::Kind::entry) CHECK(block->bytes == ledger.entries[entries++]);
        }
        CHECK(reader.entries() == ledger.entries.size());
        CHECK(reader.heads() == 3);
        CHECK(reader.bytes_read() == text.size());
    }
}

TEST_CASE("what is expected is said with line and byte") {
    const std::string hash(64, '0');
    const std::string begin = "euromesh-ledger/1 o\n";
    CHECK(stopped("") == "'entry 0', 'head 0' or 'end', not the end of the file is expected");
    CHECK(stopped("euromesh-ledger/2 o\n").find("'euromesh-ledger/1' and the name") == 0);
    CHECK(stopped(begin) == "2:20: 'entry 0', 'head 0' or 'end', not the end of the file is expected");
    CHECK(stopped(begin + "entry 1 0 " + hash + "\n\n") == "2:20: entry 0, not 1, is expected");
    CHECK(stopped(begin + "entry 0 5 " + hash + "\nabc\n") ==
          "2:20: 5 bytes, of which the file has 4, is expected");
    CHECK(stopped(begin + "entry 0 2 " + hash + "\nabc\n") ==
          "2:20: an end of line after 2 bytes is expected");
    CHECK(stopped(begin + "entry 0 1048577 " + hash + "\n").find("'entry 0', a length and a hash") !=
          std::string::npos);
    CHECK(stopped(begin + "entry 0 3 " + hash + "\na\nb\nhead 2 0\n\n") ==
          "5:99: after 1 entries a head of 1 entries, not of 2, is expected");
    CHECK(stopped(begin + "head 0 65537\n").find("'head 0' and a length") != std::string::npos);
    CHECK(stopped(begin + "end 0 1\n") == "2:20: 'end 0 0' is expected");
    CHECK(stopped(begin + "end 0 0\n\n") == "2:20: nothing after the last line is expected");
    CHECK(stopped(begin + std::string(300, 'x')).find("a line of less than 256 bytes") != std::string::npos);
    CHECK(stopped(begin + "tail\n").find("'entry 0', 'head 0' or 'end' is expected") != std::string::npos);
    CHECK(stopped(begin + "end 0 0\n").empty());
}

}  // namespace
}  // namespace euromesh::verify

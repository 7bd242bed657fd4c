#include "federation/ledger/proof_document.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"
#include "federation/ledger/witness.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("an entry is proved by a document alone, under any later head") {
    TestLedger ledger;
    ledger.add_jobs(3);
    const SignedHead early = ledger.head();
    ledger.add_jobs(20);
    for (const SignedHead& head : {early, ledger.head()}) {
        for (std::uint64_t index = 0; index < head.head.size; ++index) {
            const auto document = inclusion_document(ledger.tree, index, head);
            REQUIRE(document);
            const auto proved =
                check_inclusion(document->dump(), ledger.entries[index], ledger.keys, {.needed = 3});
            REQUIRE(proved);
            CHECK(*proved == head.head);
        }
    }
    CHECK(inclusion_document(ledger.tree, 7, early).error().code == Code::bad_input);
}

TEST_CASE("a document about other bytes, another place or another head is refused") {
    TestLedger ledger;
    ledger.add_jobs(6);
    const Json good = inclusion_document(ledger.tree, 5, ledger.head()).value();
    const auto code = [&](const Json& json, std::size_t entry, std::uint32_t needed = 3) {
        const auto proved =
            check_inclusion(json.dump(), ledger.entries[entry], ledger.keys, {.needed = needed});
        return proved ? std::string("proved") : std::string(name_of(proved.error().code));
    };
    CHECK(code(good, 5) == "proved");
    CHECK(code(good, 6) == "refused");
    CHECK(code(good, 5, 4) == "refused");
    const auto changed = [&](const char* key, const Json& value) {
        Json json = good;
        json[key] = value;
        return json;
    };
    CHECK(code(changed("index", 4), 5) == "refused");
    CHECK(code(changed("size", 9), 5) == "refused");
    CHECK(code(changed("path", Json::array()), 5) == "refused");
    CHECK(code(changed("leaf", std::string(64, '0')), 5) == "refused");
    CHECK(code(changed("head", encode(ledger.head(3, 2))), 5) == "refused");
    CHECK(code(changed("index", -1), 5) == "bad_input");
    CHECK(code(changed("path", {"00"}), 5) == "bad_input");
    CHECK(code(changed("path", Json(std::vector<int>(65))), 5) == "bad_input");
    CHECK(code(changed("head", "no head"), 5) == "bad_input");
    CHECK(code(changed("format", "euromesh-inclusion/2"), 5) == "bad_input");
}

// Every pair of heads of a ledger of a few hundred entries.
TEST_CASE("consistency holds between all pairs of heads, and between no others") {
    TestLedger ledger, other;
    std::vector<SignedHead> heads;
    for (int i = 0; i < 40; ++i) {
        ledger.add_jobs(static_cast<std::size_t>(i % 19));
        heads.push_back(ledger.head(1));
    }
    CHECK(ledger.entries.size() > 300);
    other.add("job.submitted", {{"job", "another"}});
    for (const SignedHead& older : heads) {
        for (const SignedHead& newer : heads) {
            const TreeHead &from = older.head, &to = newer.head;
            const auto document = consistency_document(ledger.tree, from.size, to.size);
            REQUIRE(document.has_value() == (from.size <= to.size));
            if (!document) continue;
            const auto proof = read_consistency(document->dump());
            REQUIRE(proof);
            REQUIRE(verify_consistency(proof->old_size, proof->new_size, from.root, to.root, proof->path));
            REQUIRE_FALSE(verify_consistency(from.size, to.size, other.tree.root(), to.root, proof->path));
        }
    }
}

TEST_CASE("what is no consistency document is named") {
    CHECK(read_consistency("{}").error().message.find("'format'") != std::string::npos);
    const std::string begin = R"({"format":"euromesh-consistency/1","old_size":0,"new_size":)";
    CHECK(read_consistency(begin + R"(1,"path":[]})").has_value());
    CHECK_FALSE(read_consistency(begin + R"(-1,"path":[]})").has_value());
    CHECK_FALSE(read_consistency(begin + R"(1})").has_value());
    CHECK_FALSE(read_consistency(std::string(proof_document_max_bytes + 1, ' ')).has_value());
}

}  // namespace
}  // namespace euromesh::federation

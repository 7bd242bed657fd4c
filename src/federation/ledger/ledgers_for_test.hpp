// A small federation for tests: keys, entries as the core writes them, heads and countersignatures.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "federation/ledger/key_book.hpp"
#include "federation/ledger/ledger_export.hpp"
#include "federation/ledger/merkle_tree.hpp"

namespace euromesh::federation {

inline SigningKey test_key(std::uint8_t number) {
    std::array<std::uint8_t, 32> seed{};
    seed[0] = number;
    seed[31] = 1;
    return SigningKey::from_seed(seed);
}

// Coordinator 1, board 2 and 3 (both needed), sites a, b, c with 10, 11, 12.
class TestLedger {
  public:
    static constexpr const char* origin = "test.example";

    TestLedger() {
        const Json governance = {
            {"pathway", "members"}, {"keys", {{"board-a", hex(2)}, {"board-b", hex(3)}}}, {"needed", 2}};
        const std::string rules = "rule all \"All may\" source \"test\" permit admit;";
        const std::string line = to_hex(sha256(rules)) + "  test.rules\n";
        add("federation.founded", {{"federation",
                                    {{"name", origin},
                                     {"coordinator_key", hex(1)},
                                     {"governance", governance},
                                     {"rules", Json::array({{{"name", "test.rules"}, {"text", rules}}})},
                                     {"rules_digest", to_hex(sha256(line))}}}});
        for (std::uint8_t site = 0; site < 3; ++site) {
            const std::string id(1, static_cast<char>('a' + site));
            const auto number = static_cast<std::uint8_t>(10 + site);
            add("site.admitted", {{"site", {{"id", id}, {"public_key", hex(number)}}}});
        }
    }

    static std::string hex(std::uint8_t number) { return to_hex(test_key(number).public_key()); }

    void add(std::string_view type, const Json& data) {
        const Json entry = {{"v", 1},       {"seq", entries.size()}, {"time", time_of(entries.size())},
                            {"type", type}, {"by", "coordinator"},   {"data", data}};
        entries.push_back(entry.dump());
        tree.append_entry(entries.back());
        REQUIRE(keys.apply(entries.back(), entries.size() - 1));
    }
    void add_jobs(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            add("test.noted", {{"job", "job-" + std::to_string(entries.size())}, {"gpus", 8}});
    }

    static std::int64_t time_of(std::size_t seq) {
        return 1763733600000 + static_cast<std::int64_t>(seq) * 1000;
    }

    // Of all entries so far; countersigned by the first `sites` of a, b, c.
    SignedHead head(int sites = 3, std::uint8_t coordinator = 1) const {
        const TreeHead says{origin, tree.size(), tree.root(), time_of(entries.size())};
        SignedHead signed_head = sign_head(says, test_key(coordinator));
        for (int site = 0; site < sites; ++site) {
            add_countersignature(signed_head, countersign(says, std::string(1, static_cast<char>('a' + site)),
                                                          test_key(static_cast<std::uint8_t>(10 + site)),
                                                          says.time_ms + 2000));
        }
        return signed_head;
    }

    // Signed by the owner's key `number`; `successor` 0: revoked.
    static KeyEvent change(KeyRole role, const std::string& name, std::uint8_t number,
                           std::uint8_t successor) {
        KeyEvent event{successor == 0 ? KeyChange::revoked : KeyChange::rotated, role, name,
                       test_key(number).public_key()};
        if (successor != 0) event.successor = test_key(successor).public_key();
        return event;
    }
    static KeyEvent by_owner(KeyRole role, const std::string& name, std::uint8_t number,
                             std::uint8_t successor) {
        KeyEvent event = change(role, name, number, successor);
        sign_key_event(origin, event, name, test_key(number));
        return event;
    }
    void add(const KeyEvent& event) { add(event_type(event.change), to_json(event)); }

    std::vector<std::string> entries;
    MerkleTree tree;
    KeyBook keys;
};

// Adds jobs so that there are `heads` heads, `jobs` entries from one to the next, and exports it all.
inline std::string exported(TestLedger& ledger, std::size_t heads, std::size_t jobs, int sites = 3) {
    std::string text;
    LedgerExporter exporter(TestLedger::origin, [&](std::string_view piece) {
        text += piece;
        return Status{};
    });
    std::size_t written = 0;
    for (std::size_t i = 0; i < heads; ++i) {
        if (i > 0) ledger.add_jobs(jobs);
        while (written < ledger.entries.size()) REQUIRE(exporter.entry(ledger.entries[written++]));
        REQUIRE(exporter.head(ledger.head(sites)));
    }
    REQUIRE(exporter.end());
    return text;
}

}  // namespace euromesh::federation

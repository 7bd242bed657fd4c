// What every LogStore must do, whatever data base is behind it. `open` opens another connection to the same
// store, which is empty at the start of each subcase.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "federation/store/log_store.hpp"

namespace euromesh::federation {

using OpenStore = std::function<Result<std::unique_ptr<LogStore>>()>;
using Entries = std::vector<std::string>;

inline std::unique_ptr<LogStore> opened(const OpenStore& open) {
    auto store = open();
    if (!store) FAIL(store.error().message);
    return std::move(*store);
}

inline std::unique_ptr<LogStore> leading(const OpenStore& open) {
    auto store = opened(open);
    const auto epoch = store->acquire_lead("first");
    if (!epoch) FAIL(epoch.error().message);
    return store;
}

inline Code code_of(const Status& status) {
    REQUIRE_FALSE(status.has_value());
    return status.error().code;
}

inline void check_log(const OpenStore& open) {
    SUBCASE("a new log is empty") {
        const auto store = opened(open);
        CHECK(store->size().value() == 0);
        CHECK(store->read(0, 10, 1000).value().empty());
        CHECK_FALSE(store->latest_snapshot().value().has_value());
        CHECK_FALSE(store->get_document("head").value().has_value());
    }
    SUBCASE("what was appended is read by any connection, byte for byte") {
        const auto store = leading(open);
        std::string all_bytes;
        for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));
        const Entries first{"{\"seq\":0}", "", all_bytes}, second{std::string(log_entry_most_bytes, 'x')};
        REQUIRE(store->append(0, first).has_value());
        REQUIRE(store->append(3, second).has_value());
        const auto other = opened(open);
        CHECK(other->size().value() == 4);
        CHECK(other->read(0, 10, 1u << 30).value() == Entries{first[0], first[1], first[2], second[0]});
    }
    SUBCASE("reading keeps to both limits, and gives at least one") {
        const auto store = leading(open);
        REQUIRE(store->append(0, Entries{"aaaa", "bbbb", "cccc", "dddd"}).has_value());
        CHECK(store->read(1, 2, 1000).value() == Entries{"bbbb", "cccc"});
        CHECK(store->read(0, 10, 9).value() == Entries{"aaaa", "bbbb"});
        CHECK(store->read(2, 10, 1).value() == Entries{"cccc"});
        CHECK(store->read(4, 10, 1000).value().empty());
        CHECK(store->read(UINT64_MAX, 10, 1000).value().empty());
        CHECK(store->read(0, 0, 1000).value().empty());
    }
    SUBCASE("a gap, an overlap and a second try with other words are conflicts; the same words are not") {
        const auto store = leading(open);
        REQUIRE(store->append(0, Entries{"a", "b"}).has_value());
        CHECK(code_of(store->append(3, Entries{"c"})) == Code::conflict);
        CHECK(code_of(store->append(0, Entries{"a"})) == Code::conflict);
        CHECK(code_of(store->append(1, Entries{"B"})) == Code::conflict);
        CHECK(code_of(store->append(UINT64_MAX, Entries{"c"})) == Code::conflict);
        CHECK(store->append(0, Entries{"a", "b"}).has_value());
        CHECK(store->append(1, Entries{"b"}).has_value());
        CHECK(store->append(2, Entries{}).has_value());
        CHECK(store->read(0, 10, 1000).value() == Entries{"a", "b"});
    }
    SUBCASE("what is over the limits is refused as a whole") {
        const auto store = leading(open);
        CHECK(code_of(store->append(0, Entries{"a", std::string(log_entry_most_bytes + 1, 'x')})) ==
              Code::bad_input);
        CHECK(code_of(store->append(0, Entries(log_append_most_entries + 1, "x"))) == Code::bad_input);
        CHECK(store->size().value() == 0);
    }
}

inline void check_kept(const OpenStore& open) {
    SUBCASE("the newest two snapshots are kept; large ones are whole") {
        const auto store = leading(open);
        REQUIRE(store->append(0, Entries{"a", "b", "c"}).has_value());
        CHECK(code_of(store->put_snapshot(4, "x")) == Code::conflict);
        const std::string large(9u << 20, 's');
        REQUIRE(store->put_snapshot(1, large).has_value());
        const auto found = opened(open)->latest_snapshot().value();
        REQUIRE(found.has_value());
        CHECK(found->at == 1);
        CHECK(sha256(found->bytes) == sha256(large));
        REQUIRE(store->put_snapshot(2, "two").has_value());
        REQUIRE(store->put_snapshot(3, "").has_value());
        REQUIRE(store->put_snapshot(3, "three").has_value());
        CHECK(store->latest_snapshot().value()->bytes == "three");
    }
    SUBCASE("a snapshot in parts counts when it is finished, and entries may come between") {
        const auto store = leading(open);
        REQUIRE(store->append(0, Entries{"a"}).has_value());
        REQUIRE(store->put_snapshot(1, "one").has_value());
        const std::string half(snapshot_part_bytes, 'h');
        CHECK(code_of(store->put_snapshot_part(3, 0, half)) == Code::conflict);
        REQUIRE(store->put_snapshot_part(1, 0, half).has_value());
        REQUIRE(store->append(1, Entries{"b"}).has_value());
        REQUIRE(store->put_snapshot_part(1, 1, "rest").has_value());
        // What was there at this place has gone with its first part.
        CHECK_FALSE(opened(open)->latest_snapshot().value().has_value());
        REQUIRE(store->finish_snapshot(1, half.size() + 4, sha256(half + "rest")).has_value());
        CHECK(store->latest_snapshot().value()->bytes == half + "rest");
        // One that was never finished, or is not what its digest says, is passed over.
        REQUIRE(store->put_snapshot_part(2, 0, "cut").has_value());
        CHECK(store->latest_snapshot().value()->at == 1);
        REQUIRE(store->finish_snapshot(2, 4, sha256("cut")).has_value());
        CHECK(store->latest_snapshot().value()->at == 1);
        REQUIRE(store->put_snapshot(2, "two").has_value());
        CHECK(store->latest_snapshot().value()->bytes == "two");
    }
    SUBCASE("a document takes the place of the one before") {
        const auto store = leading(open);
        REQUIRE(store->put_document("head", "one").has_value());
        REQUIRE(store->put_document("head", std::string("\0\xff", 2)).has_value());
        REQUIRE(store->put_document("keys/site-a", "").has_value());
        const auto other = opened(open);
        CHECK(other->get_document("head").value() == std::string("\0\xff", 2));
        CHECK(other->get_document("keys/site-a").value() == std::string());
        CHECK_FALSE(other->get_document("keys/site-b").value().has_value());
        CHECK(code_of(store->put_document("", "x")) == Code::bad_input);
        CHECK(code_of(store->put_document("a'b", "x")) == Code::bad_input);
        CHECK(code_of(store->put_document("big", std::string(document_most_bytes + 1, 'x'))) ==
              Code::bad_input);
    }
}

inline void check_lead(const OpenStore& open) {
    SUBCASE("nobody writes without the lead") {
        const auto store = opened(open);
        CHECK(code_of(store->append(0, Entries{"a"})) == Code::refused);
        CHECK(code_of(store->put_snapshot(0, "a")) == Code::refused);
        CHECK(code_of(store->finish_snapshot(0, 0, {})) == Code::refused);
        CHECK(code_of(store->put_document("a", "a")) == Code::refused);
        CHECK(store->size().value() == 0);
    }
    SUBCASE("one leads; the next one when it has gone, with a higher epoch") {
        auto store = opened(open);
        const auto other = opened(open);
        const std::uint64_t epoch = store->acquire_lead("coordinator a").value();
        const auto second = other->acquire_lead("coordinator b");
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().code == Code::conflict);
        CHECK(second.error().message.find("coordinator a") != std::string::npos);
        REQUIRE(store->append(0, Entries{"a"}).has_value());
        store.reset();
        // A server may need a moment to see that a session has ended.
        auto next = other->acquire_lead("coordinator b");
        for (int i = 0; !next && i < 200'000; ++i) next = other->acquire_lead("coordinator b");
        REQUIRE(next.has_value());
        CHECK(*next > epoch);
        CHECK(other->append(1, Entries{"b"}).has_value());
    }
    SUBCASE("a holder needs a name") {
        const auto store = opened(open);
        CHECK_FALSE(store->acquire_lead("").has_value());
        CHECK_FALSE(store->acquire_lead("a\nb").has_value());
        CHECK_FALSE(store->acquire_lead(std::string(201, 'a')).has_value());
    }
    SUBCASE("to lead again is a new epoch of the same one") {
        const auto store = opened(open);
        const std::uint64_t epoch = store->acquire_lead("a").value();
        CHECK(store->acquire_lead("a").value() == epoch + 1);
        CHECK(store->append(0, Entries{"a"}).has_value());
    }
}

}  // namespace euromesh::federation

#include "federation/service/kept_heads.hpp"

#include <doctest/doctest.h>

#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::federation {
namespace {

SignedHead head_of(std::uint64_t size, std::size_t sites) {
    const TreeHead says{"test.example", size, {}, static_cast<std::int64_t>(size)};
    SignedHead head = sign_head(says, test_key(1));
    const Countersignature like = countersign(says, "x", test_key(2), 5);
    for (std::size_t i = 0; i < sites; ++i) {
        Countersignature one = like;
        one.site = fmt::format("a-site-with-a-name-that-is-as-long-as-names-may-be-{:03}", i);
        add_countersignature(head, one);
    }
    return head;
}

constexpr std::size_t document = 1u << 20;

TEST_CASE("64 heads with all the countersignatures that they may have are kept as far as they fit") {
    std::deque<SignedHead> heads;
    for (std::uint64_t size = 1; size <= 64; ++size) heads.push_back(head_of(size, countersignatures_most));
    const std::string text = kept_heads_text(heads, document);
    CHECK(text.size() <= document);
    const auto read = read_kept_heads(text, document);
    REQUIRE(read);
    CHECK(read->size() > 20);
    CHECK(read->size() < 64);
    CHECK(read->back() == heads.back());
    CHECK(read->front() == heads[64 - read->size()]);
}

TEST_CASE("few small heads are all kept, none is an empty list, and the newest stays whatever its size") {
    const std::deque<SignedHead> heads{head_of(1, 0), head_of(2, 3)};
    CHECK(*read_kept_heads(kept_heads_text(heads, document), document) == heads);
    CHECK(kept_heads_text({}, document) == "[]");
    CHECK(read_kept_heads(kept_heads_text(heads, 10), document)->size() == 1);
}

TEST_CASE("what is no list of heads is refused") {
    for (const char* bad : {"", "{", "[3]", "[\"x\"]"}) CHECK_FALSE(read_kept_heads(bad, document));
}

}  // namespace
}  // namespace euromesh::federation

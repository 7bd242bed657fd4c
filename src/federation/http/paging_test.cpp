#include "federation/http/paging.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

HttpCall call_with(TextPairs query) {
    HttpCall call;
    call.raw_path = "/v1/jobs";
    call.query = std::move(query);
    return call;
}

TEST_CASE("a cursor gives back what it was made of, for the same list only") {
    for (const char* const key : {"", "j", "j-1", "j-17", "a\nb", "\xc3\xa9\xff"}) {
        const std::string cursor = make_cursor("jobs", key);
        CHECK(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
              std::string::npos);
        CHECK(parse_page(call_with({{"cursor", cursor}}), "jobs").value().after == key);
        CHECK_FALSE(parse_page(call_with({{"cursor", cursor}}), "sites"));
    }
    for (const std::string& bad : {std::string("!"), std::string("AAAA"), std::string(5000, 'A')}) {
        CHECK_FALSE(parse_page(call_with({{"cursor", bad}}), "jobs"));
    }
}

TEST_CASE("the limit is a whole number in its range") {
    CHECK(parse_page(call_with({}), "jobs").value().limit == 100);
    CHECK(parse_page(call_with({{"limit", "7"}}), "jobs").value().limit == 7);
    for (const char* const bad : {"0", "-1", "1001", "x", "1.5", "", "99999999999999999999"}) {
        const auto page = parse_page(call_with({{"limit", bad}}), "jobs");
        REQUIRE_FALSE(page);
        CHECK(page.error().message.find("1 to 1000") != std::string::npos);
    }
}

TEST_CASE("the link to the next page keeps the other parameters") {
    HttpAnswer answer;
    add_next_link(answer, call_with({{"state", "a b"}, {"cursor", "old"}, {"limit", "2"}}), "new");
    REQUIRE(answer.headers.size() == 1);
    CHECK(answer.headers[0].first == "Link");
    CHECK(answer.headers[0].second == "</v1/jobs?state=a%20b&limit=2&cursor=new>; rel=\"next\"");
}

}  // namespace
}  // namespace euromesh::federation

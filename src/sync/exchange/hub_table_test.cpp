#include "sync/exchange/hub_table.hpp"

#include <doctest/doctest.h>

using namespace euromesh;
using namespace euromesh::sync;

namespace {

HubParty party(const std::string& site, const std::string& peer, const std::string& run = "run-1") {
    return {RunId::parse(run, "run").value(), SiteId::parse(site, "site").value(),
            SiteId::parse(peer, "site").value()};
}

}  // namespace

TEST_CASE("two that want each other are a pair, once") {
    HubTable table(10);
    CHECK(!table.arrive(1, 0, party("a", "b")).value().partner);
    CHECK(table.arrive(2, 0, party("b", "a")).value().partner == 1);
    CHECK(table.waiting() == 0);
    CHECK(!table.arrive(3, 0, party("b", "a")).value().partner);
    CHECK(table.arrive(4, 0, party("a", "b")).value().partner == 3);
}

TEST_CASE("another peer, run or authority is no partner") {
    HubTable table(10);
    CHECK(table.arrive(1, 0, party("a", "b")));
    CHECK(!table.arrive(2, 0, party("c", "a")).value().partner);
    CHECK(!table.arrive(3, 0, party("b", "c")).value().partner);
    CHECK(!table.arrive(4, 0, party("b", "a", "run-2")).value().partner);
    CHECK(!table.arrive(5, 1, party("b", "a")).value().partner);
    CHECK(table.waiting() == 5);
    CHECK(table.arrive(6, 0, party("b", "a")).value().partner == 1);
}

TEST_CASE("the same site again takes the place of itself") {
    HubTable table(10);
    CHECK(table.arrive(1, 0, party("a", "b")));
    CHECK(table.arrive(2, 0, party("a", "b")).value().replaced == 1);
    CHECK(table.waiting() == 1);
    CHECK(table.arrive(3, 0, party("b", "a")).value().partner == 2);
}

TEST_CASE("who has left is nobody's partner") {
    HubTable table(10);
    CHECK(table.arrive(1, 0, party("a", "b")));
    table.leave(1);
    table.leave(1);
    CHECK(!table.arrive(2, 0, party("b", "a")).value().partner);
}

TEST_CASE("those who wait are bounded for each authority, and the bound is given back") {
    HubTable table(2);
    CHECK(table.arrive(1, 0, party("a", "b")));
    CHECK(table.arrive(2, 0, party("a", "c")));
    CHECK(table.arrive(3, 0, party("a", "d")).error().code == Code::no_space);
    CHECK(table.arrive(4, 1, party("a", "d")));
    CHECK(table.arrive(5, 0, party("b", "a")).value().partner == 1);
    CHECK(table.arrive(6, 0, party("a", "d")));
    CHECK(table.arrive(7, 0, party("a", "e")).error().code == Code::no_space);
    table.leave(6);
    CHECK(table.arrive(8, 0, party("a", "e")));
}

// The suite of conformance_for_test.hpp over several connections for each pair.
#include "sync/exchange/streams_way_for_test.hpp"

using namespace euromesh;
using namespace euromesh::sync;

TEST_CASE("conformance: direct, four connections a pair") {
    check_exchange([](const SitesForTest&) { return std::make_unique<ByStreams>(4); });
}

TEST_CASE("conformance: direct, one connection that can be resumed") {
    check_exchange([](const SitesForTest&) { return std::make_unique<ByStreams>(1); });
}

#include "sim/reduction.hpp"

#include <doctest/doctest.h>

namespace euromesh::sim {
namespace {

const sync::Codec& fp32() {
    return *sync::find_codec("fp32").value();
}

SharedBytes encoded(std::vector<float> values) {
    Bytes bytes(fp32().encoded_bytes(values.size()));
    fp32().encode(values, bytes);
    return std::make_shared<const Bytes>(std::move(bytes));
}

sync::Plan plan() {
    sync::Plan made;
    made.ballot = 64;
    made.members = {{0, 0.25}, {2, 0.75}};
    return made;
}

}  // namespace

TEST_CASE("the sum is made when all are there, and is the weighted one") {
    Reduction reduction(fp32(), plan(), 2);
    CHECK(!reduction.join(2, encoded({4, 8})));
    CHECK(!reduction.can_end(2));
    CHECK(!reduction.join(2, encoded({9, 9})));  // once is enough
    CHECK(reduction.join(0, encoded({4, 0})));
    REQUIRE(reduction.can_end(0));
    std::vector<float> values(2);
    fp32().decode(*reduction.result(), values);
    CHECK(values == std::vector<float>{4, 6});
}

TEST_CASE("who gives up leaves those that have not ended without a result") {
    Reduction reduction(fp32(), plan(), 1);
    reduction.join(0, encoded({1}));
    reduction.join(2, encoded({1}));
    reduction.end(0);
    reduction.give_up(0);  // had ended: nothing is missing
    CHECK(reduction.can_end(2));
    Reduction other(fp32(), plan(), 1);
    other.join(0, encoded({1}));
    other.join(2, encoded({1}));
    other.give_up(0);
    CHECK(!other.can_end(2));
}

TEST_CASE("attempts of two lives of a lead are two attempts") {
    Reductions all;
    CHECK(all.find(fp32(), plan(), 1, 1) == all.find(fp32(), plan(), 1, 1));
    CHECK(all.find(fp32(), plan(), 1, 1) != all.find(fp32(), plan(), 2, 1));
}

}  // namespace euromesh::sim

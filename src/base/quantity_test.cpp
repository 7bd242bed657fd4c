#include "base/quantity.hpp"

#include <doctest/doctest.h>

#include <type_traits>

namespace euromesh {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) {
    a + b;
};

static_assert(Addable<Bytes, Bytes>);
static_assert(!Addable<Bytes, Seconds>, "a byte is not a second");
static_assert(!std::is_convertible_v<double, Joules>, "a bare number has no unit");

TEST_CASE("quantities add, scale, compare and give plain ratios") {
    CHECK((2 * kibibyte + kibibyte).value() == 3072.0);
    CHECK(hour / Seconds(60) == 60.0);
    CHECK((kilowatt_hour * 2).in(kilowatt_hour) == 2.0);
    CHECK(-millisecond < Seconds());
}

}  // namespace
}  // namespace euromesh

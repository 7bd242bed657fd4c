#include "base/result.hpp"

#include <doctest/doctest.h>

#include <set>

namespace euromesh {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return fail(Code::bad_input, "{} is odd", value);
    return value / 2;
}

Result<int> quarter(int value) {
    EM_ASSIGN(const int once, half(value));
    return half(once);
}

TEST_CASE("an error passes through EM_ASSIGN unchanged and can be told in context") {
    CHECK(quarter(12) == 3);
    const Result<int> bad = quarter(6);
    REQUIRE(!bad);
    CHECK(bad.error().code == Code::bad_input);
    CHECK(bad.error().within("dividing").message == "dividing: 3 is odd");
}

TEST_CASE("every code has its own name and a non-zero exit status") {
    std::set<std::string_view> names;
    std::set<int> statuses;
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
        names.insert(name_of(static_cast<Code>(i)));
        statuses.insert(exit_status(static_cast<Code>(i)));
    }
    CHECK(names.size() == 9);
    CHECK(statuses.size() == 9);
    CHECK(statuses.count(0) == 0);
}

}  // namespace
}  // namespace euromesh

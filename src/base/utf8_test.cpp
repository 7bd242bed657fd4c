#include "base/utf8.hpp"

#include <doctest/doctest.h>

namespace euromesh {
namespace {

constexpr auto none = std::string_view::npos;

TEST_CASE("UTF-8 of every length is taken") {
    CHECK(first_bad_utf8("") == none);
    CHECK(first_bad_utf8("plain") == none);
    CHECK(first_bad_utf8("na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x87\xAA \xF4\x8F\xBF\xBF") == none);
    CHECK(utf8_sequence("\xE2\x82\xAC!") == 3);
}

TEST_CASE("what is no UTF-8 is found where it stands") {
    CHECK(first_bad_utf8("ab\xFF") == 2);
    CHECK(first_bad_utf8("a\x80") == 1);
    CHECK(first_bad_utf8("a\xE2\x82") == 1);          // cut off
    CHECK(first_bad_utf8("\xC0\xAF") == 0);           // overlong
    CHECK(first_bad_utf8("\xE0\x80\xAF") == 0);       // overlong
    CHECK(first_bad_utf8("\xED\xA0\x80") == 0);       // a surrogate
    CHECK(first_bad_utf8("x\xF4\x90\x80\x80") == 1);  // beyond U+10FFFF
    CHECK(first_bad_utf8("\xE2\x28\xA1") == 0);       // no continuation
}

}  // namespace
}  // namespace euromesh

#include "apps/verify/text.hpp"

#include <doctest/doctest.h>

#include <array>

namespace euromesh::verify {
namespace {

TEST_CASE("numbers have one spelling") {
    CHECK(number_in("0") == 0);
    CHECK(number_in("9223372036854775807") == 9223372036854775807);
    for (const char* bad : {"", "-1", "-0", "+1", "01", "00", "1 ", " 1", "1.0", "9223372036854775808", "x"})
        CHECK_FALSE(number_in(bad).has_value());
}

TEST_CASE("the last part keeps what is left") {
    CHECK(split("a b c", ' ', 2) == std::vector<std::string_view>{"a", "b c"});
    CHECK(split("a  b", ' ', 9) == std::vector<std::string_view>{"a", "", "b"});
    CHECK(split("", ' ', 3) == std::vector<std::string_view>{""});
}

TEST_CASE("hexadecimal and base64 have one spelling and one length") {
    std::array<unsigned char, 2> two{};
    CHECK(read_hex("0aff", two));
    CHECK(hex_of(two) == "0aff");
    for (const char* bad : {"0aFF", "0af", "0aff00", "", "0a f", "0agf"}) CHECK_FALSE(read_hex(bad, two));
    CHECK(read_base64("Cv8=", two));
    for (const char* bad : {"Cv8", "Cv9=", "Cv8=\n", "Cv8A", "", "C v=", "Cv8=="})
        CHECK_FALSE(read_base64(bad, two));
}

}  // namespace
}  // namespace euromesh::verify

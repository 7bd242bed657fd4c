#include "base/base64.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

namespace euromesh {
namespace {

// RFC 4648, section 10.
constexpr std::array<std::pair<const char*, const char*>, 7> published = {{{"", ""},
                                                                           {"f", "Zg=="},
                                                                           {"fo", "Zm8="},
                                                                           {"foo", "Zm9v"},
                                                                           {"foob", "Zm9vYg=="},
                                                                           {"fooba", "Zm9vYmE="},
                                                                           {"foobar", "Zm9vYmFy"}}};

TEST_CASE("base64 is that of the standard, both ways") {
    for (const auto& [bytes, text] : published) {
        CHECK(to_base64(std::string_view(bytes)) == text);
        CHECK(from_base64(text).value() == bytes);
    }
    CHECK(to_base64(std::string_view("\xfb\xff\xfe")) == "+//+");
}

TEST_CASE("only what is written is read") {
    for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "Zg==Zg==", "Z g=", "Zg==\n",
                             "====", "Z", "-__-", "=Zg="}) {
        CAPTURE(text);
        CHECK_FALSE(from_base64(text).has_value());
    }
}

TEST_CASE("of four characters no two texts mean the same bytes") {
    std::set<std::string> seen;
    std::string text = "AA==";
    std::size_t accepted = 0;
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            text[0] = static_cast<char>(a), text[1] = static_cast<char>(b);
            const auto bytes = from_base64(text);
            if (!bytes) continue;
            ++accepted;
            seen.insert(*bytes);
            CHECK(to_base64(*bytes) == text);
        }
    }
    CHECK(accepted == 256);
    CHECK(seen.size() == 256);
}

TEST_CASE("a length that is asked for is checked") {
    std::array<std::uint8_t, 3> three{};
    CHECK(from_base64("Zm9v", three).has_value());
    CHECK(three == std::array<std::uint8_t, 3>{'f', 'o', 'o'});
    CHECK(from_base64("Zg==", three).error().message == "base64 of 3 bytes is expected, not of 1");
}

}  // namespace
}  // namespace euromesh

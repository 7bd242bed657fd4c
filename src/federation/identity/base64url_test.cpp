#include "federation/identity/base64url.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("the test vectors of RFC 4648 in the alphabet for URLs") {
    CHECK(base64url("") == "");
    CHECK(base64url("f") == "Zg");
    CHECK(base64url("fo") == "Zm8");
    CHECK(base64url("foobar") == "Zm9vYmFy");
    CHECK(base64url("\xfb\xff\xbf") == "-_-_");
}

TEST_CASE("every length comes back") {
    std::string bytes;
    for (int i = 0; i < 70; ++i) {
        CHECK(from_base64url(base64url(bytes)) == bytes);
        bytes += static_cast<char>(255 - 7 * i);
    }
}

TEST_CASE("any other spelling is refused") {
    CHECK(from_base64url("Zg") == "f");
    for (const char* wrong : {"Zg==", "Zh", "Z", "Zm9", "Zm 8", "Zm8\n", "+/+/", "Zm9v*"}) {
        CHECK_MESSAGE(!from_base64url(wrong), wrong);
    }
}

}  // namespace
}  // namespace euromesh::federation

#include "base/id.hpp"

#include <doctest/doctest.h>

#include <type_traits>

namespace euromesh {
namespace {

static_assert(!std::is_convertible_v<SiteId, RunId>, "a site is not a run");

TEST_CASE("ids are names that are also safe as file names") {
    CHECK(SiteId::parse("marenostrum5", "site")->text() == "marenostrum5");
    for (const char* bad : {"", "-x", ".hidden", "a/b", "Ä", "UPPER", "a b"})
        CHECK(!SiteId::parse(bad, "site"));
    CHECK(is_valid_id(std::string(64, 'a')));
    CHECK(!is_valid_id(std::string(65, 'a')));
    CHECK(SiteId::parse("a/b", "site").error().message.find("site name 'a/b'") == 0);
}

}  // namespace
}  // namespace euromesh

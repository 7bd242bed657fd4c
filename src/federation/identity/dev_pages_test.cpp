#include "federation/identity/dev_pages.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

TEST_CASE("nothing from outside becomes markup") {
    CHECK(html_escaped("<a b='c' d=\"e\">&") == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
    const std::vector<DevUser> users{{"<u>", "\"><script>", "", {}, {}}};
    for (const std::string& page :
         {dev_user_page("/x\"", "t\"", "<c>", users), dev_device_page("/x\"", "t\"", "<code>", users),
          dev_message_page("<t>", "<m>")}) {
        CHECK(page.find("<script>") == page.npos);
        CHECK(page.find("<u>") == page.npos);
        CHECK(page.find("<c>") == page.npos);
        CHECK(page.find("<code>") == page.npos);
        CHECK(page.find("<m>") == page.npos);
        CHECK(page.find("\"t\"\"") == page.npos);
    }
}

TEST_CASE("a page has a button for everybody, and the ticket") {
    const std::string page = dev_user_page("/authorize", "the-ticket", "cli",
                                           {{"ada", "Ada", "", {}, {}}, {"bo", "", "", {}, {}}});
    CHECK(page.find("name=\"ticket\" value=\"the-ticket\"") != page.npos);
    CHECK(page.find("name=\"user\" value=\"ada\">Ada (ada)") != page.npos);
    CHECK(page.find("name=\"user\" value=\"bo\">bo (bo)") != page.npos);
}

}  // namespace
}  // namespace euromesh::federation

#include "federation/identity/token_file.hpp"

#include <doctest/doctest.h>

#include "federation/identity/folder_for_test.hpp"

namespace euromesh::federation {
namespace {

TEST_CASE("a log-in comes back, and only its owner may read the file") {
    const FolderForTest folder("token-file");
    const os::Path file = folder.path() / "new" / "login.json";
    CHECK(read_login(file).error().code == Code::not_found);
    const StoredLogin login{"https://i", "cli", "urn:c",
                            "ada",       "Ada", {"access", "refresh", "", "openid", 1234}};
    REQUIRE(write_login(file, login));
    const auto read = read_login(file);
    REQUIRE(read);
    CHECK(read->issuer == "https://i");
    CHECK(read->subject == "ada");
    CHECK(read->tokens.refresh_token == "refresh");
    CHECK(read->tokens.expires_ms == 1234);
    using std::filesystem::perms;
    CHECK(std::filesystem::status(file).permissions() == (perms::owner_read | perms::owner_write));
    std::filesystem::permissions(file, perms::group_read, std::filesystem::perm_options::add);
    CHECK(read_login(file).error().code == Code::refused);
}

TEST_CASE("a broken file is told without what is in it") {
    const FolderForTest folder("token-file-broken");
    const os::Path file = folder.path() / "login.json";
    for (const char* text :
         {"", "{\"access_token\":\"very-secret\"", "{\"version\":1,\"access_token\":\"very-secret\"}",
          "{\"version\":2,\"issuer\":\"i\",\"access_token\":\"very-secret\"}"}) {
        REQUIRE(os::write_secret_atomically(file, text));
        const auto read = read_login(file);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == Code::bad_input);
        CHECK(read.error().message.find("very-secret") == std::string::npos);
    }
}

}  // namespace
}  // namespace euromesh::federation

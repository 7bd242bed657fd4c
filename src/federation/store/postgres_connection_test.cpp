#include "federation/store/postgres_connection.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "federation/store/postgres_for_test.hpp"

namespace euromesh::federation {
namespace {

using Value = PostgresValue;
using std::chrono::seconds;

TEST_CASE("a URL that is wrong, or holds a secret, is refused without a word of it") {
    for (const char* url :
         {"postgresql://u:hush@db/x", "postgresql://db/x?password=hush", "postgresql://u:hush@db:port/x",
          "postgresql://db/x?hush=1", "postgresql://[hush/x", "postgresql://db/x?sslpassword=hush",
          "postgresql://u@db/%hush"}) {
        CAPTURE(url);
        const auto made = PostgresConnection::make(url, seconds(1));
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == Code::bad_input);
        CHECK(made.error().message.find("hush") == std::string::npos);
    }
    const auto told = PostgresConnection::make("postgresql://u:hush@db/x", seconds(1)).error().message;
    CHECK(told.find("passfile") != std::string::npos);
}

TEST_CASE("the place names host, port and data base") {
    const auto made =
        PostgresConnection::make("postgresql://me@db.example:5433/mesh?sslmode=require", seconds(1));
    REQUIRE(made.has_value());
    CHECK(made->place() == "postgresql://db.example:5433/mesh");
}

TEST_CASE("nobody listens there: unavailable") {
    auto made = PostgresConnection::make("postgresql://me@%2Fnonexistent/mesh", seconds(2));
    const auto connected = made->connect();
    REQUIRE_FALSE(connected.has_value());
    CHECK(connected.error().code == Code::unavailable);
    CHECK(connected.error().message.find('\n') == std::string::npos);
}

TEST_CASE("values go and come as they are") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    auto made = PostgresConnection::make(server->url("postgres"), seconds(20));
    CHECK(made->connect().value());
    CHECK_FALSE(made->connect().value());
    const std::string odd("a'; DROP TABLE x; --\0\xff", 23);
    const auto rows =
        made->ask("SELECT $1, $2, $3", {Value::number(INT64_MAX), Value::blob(odd), Value::text("ä'")});
    REQUIRE(rows.has_value());
    CHECK(rows->number(0, 0) == INT64_MAX);
    CHECK(rows->bytes(0, 1) == odd);
    CHECK(rows->bytes(0, 2) == "ä'");
    const std::vector<std::string> several{odd, "", "x"};
    const auto split = made->ask("SELECT v FROM unnest($1) AS v", {Value::blobs(several)});
    REQUIRE(split.has_value());
    REQUIRE(split->count() == 3);
    CHECK(split->bytes(0, 0) == odd);
    CHECK(split->bytes(1, 0).empty());
    CHECK(made->ask("SELECT v FROM unnest($1) AS v", {Value::blobs({})})->count() == 0);
}

TEST_CASE("an error of the server leaves the connection in use") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    auto made = PostgresConnection::make(server->url("postgres"), seconds(20));
    REQUIRE(made->connect().has_value());
    CHECK(made->ask("SELECT nonsense", {}).error().code == Code::internal);
    CHECK(made->ask("SELECT 1 FROM euromesh.none", {}).error().code == Code::not_found);
    CHECK(made->run("BEGIN; NONSENSE").error().code == Code::internal);
    CHECK_FALSE(made->connect().value());
    CHECK(made->run("ROLLBACK").has_value());
    made->drop();
    CHECK(made->connect().value());
}

TEST_CASE("no such data base, and no such user, are told apart from an absent server") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    auto made = PostgresConnection::make(server->url("elsewhere"), seconds(20));
    CHECK(made->connect().error().code == Code::not_found);
    std::string url = server->url("postgres");
    url.replace(url.find("euromesh@"), 8, "nobody");
    made = PostgresConnection::make(url, seconds(20));
    CHECK(made->connect().error().code == Code::refused);
}

TEST_CASE("a password comes from a file, and a wrong one is not told") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const os::Path rules = server->folder() / "data" / "pg_hba.conf", pass = server->folder() / "pass";
    const std::string before = os::read_file(rules, 1u << 20).value();
    server->ask("postgres", "CREATE ROLE guarded LOGIN PASSWORD 'right-secret'");
    std::ofstream(rules) << "local all guarded scram-sha-256\n" << before;
    server->ask("postgres", "SELECT pg_catalog.pg_reload_conf()");
    std::string url = server->url("postgres") + "?passfile=" + pass.string();
    url.replace(url.find("euromesh@"), 8, "guarded");
    const auto connect_with = [&](const std::string& password) {
        std::ofstream(pass) << "*:*:*:*:" << password << "\n";
        std::filesystem::permissions(
            pass, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        auto made = PostgresConnection::make(url, seconds(20));
        return made->connect();
    };
    const auto wrong = connect_with("wrong-secret");
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().code == Code::refused);
    CHECK(wrong.error().message.find("wrong-secret") == std::string::npos);
    CHECK(connect_with("right-secret").has_value());
    std::ofstream(rules) << before;
}

}  // namespace
}  // namespace euromesh::federation

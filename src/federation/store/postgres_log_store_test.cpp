#include "federation/store/postgres_log_store.hpp"

#include <array>

#include "base/os/thread.hpp"
#include "federation/store/log_store_conformance_for_test.hpp"
#include "federation/store/postgres_for_test.hpp"

namespace euromesh::federation {
namespace {

struct TestDatabase {
    explicit TestDatabase(PostgresServer& of) : server(of), name(of.make_database()) {}
    Result<std::unique_ptr<LogStore>> open() const { return open_postgres_store(server.url(name), {}); }
    void meddle(const std::string& sql) const { server.ask(name, sql); }
    // Ends all other sessions, as when a network breaks.
    void cut() const {
        meddle(
            "SELECT pg_catalog.pg_terminate_backend(pid, 10000) FROM pg_catalog.pg_stat_activity"
            " WHERE datname = '" +
            name + "' AND pid <> pg_catalog.pg_backend_pid()");
    }

    PostgresServer& server;
    std::string name;
};

TEST_CASE("PostgreSQL: a server for the tests") {
    if (PostgresServer* server = postgres_or_skip()) {
        const auto store = opened([&] { return open_postgres_store(server->url("postgres"), {}); });
        CHECK(store->place().find("/postgres") != std::string::npos);
        CHECK(store->concern().value() == "the server runs without fsync: entries may be lost");
    }
}

TEST_CASE("PostgreSQL: the log") {
    if (PostgresServer* server = postgres_or_skip()) {
        const TestDatabase database(*server);
        check_log([&] { return database.open(); });
    }
}

TEST_CASE("PostgreSQL: snapshots and documents") {
    if (PostgresServer* server = postgres_or_skip()) {
        const TestDatabase database(*server);
        check_kept([&] { return database.open(); });
    }
}

TEST_CASE("PostgreSQL: the lead") {
    if (PostgresServer* server = postgres_or_skip()) {
        const TestDatabase database(*server);
        check_lead([&] { return database.open(); });
    }
}

TEST_CASE("PostgreSQL: after a broken connection the leader leads on, without a gap or a double") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    const auto store = leading([&] { return database.open(); });
    REQUIRE(store->append(0, Entries{"a"}).has_value());
    database.cut();
    CHECK(code_of(store->append(1, Entries{"b"})) == Code::unavailable);
    CHECK(store->append(1, Entries{"b"}).has_value());
    // A repetition of what was there already.
    database.cut();
    CHECK(code_of(store->append(1, Entries{"b"})) == Code::unavailable);
    CHECK(store->append(1, Entries{"b"}).has_value());
    CHECK(store->read(0, 9, 99).value() == Entries{"a", "b"});
    CHECK_FALSE(opened([&] { return database.open(); })->acquire_lead("other").has_value());
}

TEST_CASE("PostgreSQL: one that was overtaken while it was cut off cannot write") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    const auto old = leading([&] { return database.open(); });
    REQUIRE(old->append(0, Entries{"a"}).has_value());
    database.cut();
    const auto next = opened([&] { return database.open(); });
    REQUIRE(next->acquire_lead("the next").has_value());
    CHECK(code_of(old->append(1, Entries{"b"})) == Code::unavailable);
    const Status late = old->append(1, Entries{"b"});
    CHECK(code_of(late) == Code::conflict);
    CHECK(late.error().message.find("the next leads") != std::string::npos);
    CHECK(code_of(old->put_document("head", "x")) == Code::conflict);
    CHECK(code_of(old->put_snapshot(0, "x")) == Code::conflict);
    CHECK(next->append(1, Entries{"b"}).has_value());
}

TEST_CASE("PostgreSQL: the epoch alone keeps a stale leader out") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    const auto store = leading([&] { return database.open(); });
    REQUIRE(store->append(0, Entries{"a"}).has_value());
    database.meddle("UPDATE euromesh.state SET epoch = epoch + 1, holder = 'the next'");
    CHECK(code_of(store->append(1, Entries{"b"})) == Code::conflict);
    CHECK(code_of(store->append(0, Entries{"a"})) == Code::conflict);
    CHECK(code_of(store->put_document("head", "x")) == Code::conflict);
    CHECK(code_of(store->put_snapshot(1, "x")) == Code::conflict);
    CHECK(store->size().value() == 1);
}

TEST_CASE("PostgreSQL: a server that restarts is unavailable, then there again with everything") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    const auto store = leading([&] { return database.open(); });
    REQUIRE(store->append(0, Entries{"a"}).has_value());
    server->stop();
    CHECK(code_of(store->append(1, Entries{"b"})) == Code::unavailable);
    CHECK(code_of(store->append(1, Entries{"b"})) == Code::unavailable);
    CHECK(code_of(database.open().map([](auto&&) {})) == Code::unavailable);
    server->start();
    CHECK(store->append(1, Entries{"b"}).has_value());
    CHECK(store->read(0, 9, 99).value() == Entries{"a", "b"});
}

TEST_CASE("PostgreSQL: a server that is silent counts as gone") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    const auto holder = leading([&] { return database.open(); });
    const auto store = opened([&] {
        return open_postgres_store(server->url(database.name), {.patience = std::chrono::seconds(1)});
    });
    auto locker = PostgresConnection::make(server->url(database.name), std::chrono::seconds(20));
    REQUIRE(locker->connect().has_value());
    REQUIRE(locker->run("BEGIN; LOCK TABLE euromesh.state").has_value());
    CHECK(code_of(store->size().map([](auto) {})) == Code::unavailable);
    REQUIRE(locker->run("COMMIT").has_value());
    CHECK(store->size().value() == 0);
}

TEST_CASE("PostgreSQL: damage that shows is told") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    {
        const auto store = leading([&] { return database.open(); });
        REQUIRE(store->append(0, Entries{"a", "b", "c"}).has_value());
        REQUIRE(store->put_snapshot(1, "older").has_value());
        REQUIRE(store->put_snapshot(2, "newer").has_value());
        database.meddle("UPDATE euromesh.snapshot_parts SET bytes = 'other' WHERE at = 2");
        CHECK(store->latest_snapshot().value()->bytes == "older");
        database.meddle("DELETE FROM euromesh.entries WHERE position = 1");
        CHECK(code_of(store->read(0, 9, 99).map([](auto&&) {})) == Code::corrupted);
    }
    database.meddle("DELETE FROM euromesh.entries WHERE position = 2");
    CHECK(code_of(database.open().map([](auto&&) {})) == Code::corrupted);
}

TEST_CASE("PostgreSQL: older tables are brought to the new version, newer ones are left alone") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    REQUIRE(leading([&] { return database.open(); })->append(0, Entries{"a"}).has_value());
    std::array<SchemaStep, 2> steps{store_schema()[0], {"", "ALTER TABLE euromesh.state ADD extra int; NO"}};
    CHECK_FALSE(open_postgres_store(server->url(database.name), {}, steps).has_value());
    CHECK(database.open().has_value());
    steps[1].postgres = "ALTER TABLE euromesh.state ADD extra int";
    const auto newer = open_postgres_store(server->url(database.name), {}, steps);
    REQUIRE(newer.has_value());
    CHECK((*newer)->read(0, 9, 99).value() == Entries{"a"});
    const auto older = database.open();
    REQUIRE_FALSE(older.has_value());
    CHECK(older.error().code == Code::refused);
    CHECK(older.error().message.find("version 2") != std::string::npos);
}

TEST_CASE("PostgreSQL: many that open an empty data base at once find the same tables") {
    PostgresServer* server = postgres_or_skip();
    if (server == nullptr) return;
    const TestDatabase database(*server);
    std::vector<Code> failures(6, Code::cancelled);
    {
        std::vector<os::Thread> threads;
        for (std::size_t i = 0; i < failures.size(); ++i) {
            threads.emplace_back([&database, &failures, i] {
                const auto store = database.open();
                if (!store) failures[i] = store.error().code;
            });
        }
    }
    CHECK(failures == std::vector<Code>(6, Code::cancelled));
}

}  // namespace
}  // namespace euromesh::federation

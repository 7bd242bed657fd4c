// A private PostgreSQL server for one test program: started at need, ended with it.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/os/process.hpp"
#include "federation/store/postgres_connection.hpp"
#include "federation/store/postgres_log_store.hpp"

namespace euromesh::federation {

class PostgresServer {
  public:
    explicit PostgresServer(const std::string& how = "")
        : folder_(std::filesystem::temp_directory_path() / ("em-pg-" + std::to_string(::getpid()) + how)),
          how_(how) {
        std::filesystem::create_directories(folder_);
        start();
    }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;
    ~PostgresServer() {
        stop();
        std::filesystem::remove_all(folder_);
    }

    bool is_installed() const { return !missing_; }
    os::Path folder() const { return folder_; }
    std::string url(const std::string& database) const {
        std::string host;
        for (const char c : folder_.string()) host += c == '/' ? std::string("%2F") : std::string(1, c);
        return "postgresql://euromesh@" + host + "/" + database;
    }

    // Ends it as an administrator does; open connections break.
    void stop() {
        if (!children_) return;
        if (children_->any_left()) children_->send_signal(0, SIGINT);
        while (children_->any_left()) children_->poll(std::chrono::seconds(1));
        children_.reset();
    }
    void start() {
        children_.emplace();
        REQUIRE(children_->start({"tests/postgres/serve.sh", folder_.string(), how_}, folder_ / "said"));
        while (!missing_ && !answers()) {
            for (const os::ChildEvent& event : children_->poll(std::chrono::milliseconds(20))) {
                if (event.exit_status) missing_ = *event.exit_status;
            }
        }
        if (missing_ && *missing_ != 3) FAIL(os::read_file(folder_ / "said", 1u << 20).value());
    }

    // An empty data base of its own for a test.
    std::string make_database() {
        const std::string name = "test" + std::to_string(++databases_);
        ask("postgres", "CREATE DATABASE " + name + " TEMPLATE template0");
        return name;
    }
    void ask(const std::string& database, const std::string& sql) {
        auto connection = PostgresConnection::make(url(database), std::chrono::seconds(20));
        REQUIRE(connection.has_value());
        const auto connected = connection->connect();
        if (!connected) FAIL(connected.error().message);
        const Status done = connection->run(sql.c_str());
        if (!done) FAIL(done.error().message);
    }

  private:
    bool answers() {
        auto connection = PostgresConnection::make(url("postgres"), std::chrono::seconds(20));
        return connection && connection->connect();
    }

    os::Path folder_;
    std::string how_;
    std::optional<os::Children> children_;
    std::optional<int> missing_;
    int databases_ = 0;
};

// One for the whole program; nothing, and a visible word, where no server is installed.
inline PostgresServer* postgres_or_skip() {
    static PostgresServer server;
    if (server.is_installed()) return &server;
    MESSAGE("skipped: no PostgreSQL server is installed (Debian: postgresql)");
    return nullptr;
}

}  // namespace euromesh::federation

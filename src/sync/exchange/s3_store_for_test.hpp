// A real S3 server (tests/s3) on a free port, and folders that go away, for the tests of stores.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/os/process.hpp"
#include "sync/exchange/s3_store.hpp"

namespace euromesh::sync {

class TestFolder {
  public:
    explicit TestFolder(const std::string& name)
        : path_(std::filesystem::temp_directory_path() /
                fmt::format("em-{}-{}", name, os::own_process_id())) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class S3Server {
  public:
    S3Server() : folder_("s3") {
        REQUIRE_MESSAGE(std::filesystem::exists("tests/s3/node_modules"),
                        "the S3 server is not installed: npm --prefix tests/s3 ci");
        const auto child = children_.start(
            {"/usr/bin/env", "node", "tests/s3/server.js", (folder_.path() / "data").string(), "bucket"},
            folder_.path() / "errors");
        REQUIRE(child);
        for (int i = 0; port_.empty() && i < 200; ++i) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(100))) {
                REQUIRE_MESSAGE(!event.exit_status, "the S3 server ended");
                if (event.line.starts_with("port ")) port_ = event.line.substr(5);
            }
        }
        REQUIRE(!port_.empty());
    }
    std::string location() const { return "s3+http://127.0.0.1:" + port_ + "/bucket/some/run"; }
    S3Config config() const {
        S3Config config = parse_s3_location(location()).value();
        config.credentials.key_id = "S3RVER";
        config.credentials.secret = "S3RVER";
        return config;
    }
    void kill() { children_.send_signal(0, 9); }

  private:
    TestFolder folder_;
    os::Children children_;
    std::string port_;
};

}  // namespace euromesh::sync

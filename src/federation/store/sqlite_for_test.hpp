// A folder for one test's data base, and raw access to the file behind a store's back.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "base/os/file.hpp"
#include "federation/store/sqlite_log_store.hpp"

namespace euromesh::federation {

// In sqlite_log_store_test.cpp: only sources may know SQLite.
void meddle_with(const os::Path& file, const std::string& sql);

struct StoreFolder {
    StoreFolder() {
        static std::atomic<int> count{0};
        path = std::filesystem::temp_directory_path() /
               ("em-store-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
        std::filesystem::create_directories(path);
    }
    StoreFolder(const StoreFolder&) = delete;
    StoreFolder& operator=(const StoreFolder&) = delete;
    ~StoreFolder() { std::filesystem::remove_all(path); }

    os::Path file() const { return path / "log.db"; }
    Result<std::unique_ptr<LogStore>> open() const { return open_sqlite_store(file(), {}); }
    // Runs SQL on the file itself.
    void meddle(const std::string& sql) const { meddle_with(file(), sql); }

    os::Path path;
};

}  // namespace euromesh::federation

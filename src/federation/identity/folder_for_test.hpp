// A folder that goes away with the test.
#pragma once

#include <filesystem>
#include <string>

#include "base/os/process.hpp"

namespace euromesh::federation {

class FolderForTest {
  public:
    explicit FolderForTest(const std::string& name)
        : path_(std::filesystem::temp_directory_path() /
                ("em-" + name + "-" + std::to_string(os::own_process_id()))) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    FolderForTest(const FolderForTest&) = delete;
    FolderForTest& operator=(const FolderForTest&) = delete;
    ~FolderForTest() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace euromesh::federation

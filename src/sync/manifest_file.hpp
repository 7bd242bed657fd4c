// The file to which a site appends its manifests: always one unbroken chain.
//
// Why: when a site is given a state whose chain does not follow from what its file holds, the file is set
// aside as STEM-N.EXTENSION (the first free N from 1) and a new one begins; one missing line is filled in
// instead. Each append is durable before it returns. Thread rule: one thread.
#pragma once

#include <optional>
#include <string>

#include "base/os/file.hpp"
#include "sync/manifest.hpp"

namespace euromesh::sync {

class ManifestFile {
  public:
    // Makes the folder. An empty path: nothing is kept. corrupted: the file that is there is not complete.
    static Result<ManifestFile> open(os::Path path, const Position& position);

    Status append(const std::string& line);
    // The site goes on from `position`; `last_line` is the manifest before it, if there is one.
    Status continue_from(const Position& position, const std::string& last_line);

  private:
    explicit ManifestFile(os::Path path) : path_(std::move(path)) {}
    Status set_aside();

    os::Path path_;
    std::string head_;  // chain digest of the last line; empty: no line
    std::optional<os::AppendFile> file_;
};

}  // namespace euromesh::sync

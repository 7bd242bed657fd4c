// `euromesh train --check-manifests FILE...`: recomputes the chain of each file, and compares files of one
// run.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"

namespace euromesh::apps {

// corrupted: names the first bad line. When the newest checkpoint lies beside a file, the digest of its outer
// state must be the one that the manifests end with. Lines of the same round must be equal in all files of
// one run.
Status check_manifest_files(const std::vector<std::filesystem::path>& files, bool json);

// Only that lines of the same round are equal in all files of one run.
Status compare_manifest_files(const std::vector<std::filesystem::path>& files);

}  // namespace euromesh::apps

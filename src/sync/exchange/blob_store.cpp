#include "sync/exchange/blob_store.hpp"

#include <algorithm>
#include <filesystem>

#include "sync/exchange/folder_store.hpp"
#include "sync/exchange/s3_store.hpp"

namespace euromesh::sync {
namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

bool is_part(std::string_view part) {
    return !part.empty() && part.size() <= 200 && part[0] != '.' && !part.ends_with(".tmp") &&
           std::all_of(part.begin(), part.end(), is_plain);
}

}  // namespace

Status check_blob_name(std::string_view name) {
    std::string_view rest = name;
    for (int parts = 0; parts < 8; ++parts) {
        const std::size_t slash = rest.find('/');
        if (!is_part(rest.substr(0, slash))) break;
        if (slash == std::string_view::npos) return {};
        rest.remove_prefix(slash + 1);
    }
    return fail(Code::bad_input,
                "'{}' is no name in a store (at most 8 parts of letters, digits, '-', '_' and '.', none "
                "beginning with '.')",
                name.substr(0, 100));
}

Result<std::unique_ptr<BlobStore>> open_blob_store(const std::string& location) {
    if (location.starts_with("s3:") || location.starts_with("s3+")) {
        EM_ASSIGN(S3Config config, parse_s3_location(location));
        EM_ASSIGN(config.credentials, find_s3_credentials());
        return std::unique_ptr<BlobStore>(std::make_unique<S3Store>(std::move(config)));
    }
    if (location.find("://") != std::string::npos) {
        return fail(Code::bad_input,
                    "store '{}': write a folder's path, s3+https://host/bucket/prefix or s3://bucket/prefix",
                    location);
    }
    if (std::error_code error; !std::filesystem::is_directory(location, error)) {
        return fail(Code::not_found, "store {}: no such folder (create it on the shared file system)",
                    location);
    }
    return std::unique_ptr<BlobStore>(std::make_unique<FolderStore>(location));
}

}  // namespace euromesh::sync

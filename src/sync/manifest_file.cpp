#include "sync/manifest_file.hpp"

#include <system_error>

namespace euromesh::sync {
namespace {

constexpr std::uint64_t file_max_bytes = 1u << 30;

Result<std::string> head_of(const os::Path& path) {
    auto text = os::read_file(path, file_max_bytes);
    if (!text && text.error().code == Code::not_found) return std::string();
    if (!text) return fail(text.error());
    if (text->empty()) return std::string();
    if (text->back() != '\n') {
        return fail(Code::corrupted, "{}: the last line is cut off: remove it or move the file away",
                    path.string());
    }
    text->pop_back();
    const std::size_t begin = text->rfind('\n');
    return chain_digest(std::string_view(*text).substr(begin == std::string::npos ? 0 : begin + 1));
}

}  // namespace

Result<ManifestFile> ManifestFile::open(os::Path path, const Position& position) {
    ManifestFile file(std::move(path));
    if (file.path_.empty()) return file;
    if (file.path_.has_parent_path()) EM_TRY(os::make_folders(file.path_.parent_path()));
    EM_ASSIGN(file.head_, head_of(file.path_));
    EM_TRY(file.continue_from(position, ""));
    return file;
}

Status ManifestFile::append(const std::string& line) {
    if (path_.empty()) return {};
    if (!file_) {
        EM_ASSIGN(auto opened, os::AppendFile::open(path_));
        file_.emplace(std::move(opened));
    }
    EM_TRY(file_->append(line + "\n"));
    head_ = chain_digest(line);
    return {};
}

Status ManifestFile::continue_from(const Position& position, const std::string& last_line) {
    if (path_.empty() || head_.empty() || head_ == position.chain_head) return {};
    const auto last = decode_manifest(last_line);
    const bool only_it_is_missing =
        last && last->previous == head_ && chain_digest(last_line) == position.chain_head;
    return only_it_is_missing ? append(last_line) : set_aside();
}

Status ManifestFile::set_aside() {
    file_.reset();
    int number = 0;
    os::Path aside;
    do {
        const std::string name =
            fmt::format("{}-{}{}", path_.stem().string(), ++number, path_.extension().string());
        aside = path_.parent_path() / name;
    } while (std::filesystem::exists(aside));
    std::error_code error;
    std::filesystem::rename(path_, aside, error);
    if (error) return fail(os::file_error(error.value(), "setting aside", path_));
    head_.clear();
    return {};
}

}  // namespace euromesh::sync

#include "sync/exchange/folder_store.hpp"

namespace euromesh::sync {

Status FolderStore::put(const std::string& name, std::span<const std::byte> bytes, std::stop_token) {
    EM_TRY(check_blob_name(name));
    const os::Path path = root_ / name;
    Status written = os::write_file_atomically(path, {&bytes, 1});
    if (!written && written.error().code == Code::not_found) {
        EM_TRY(os::make_folders(path.parent_path()));
        written = os::write_file_atomically(path, {&bytes, 1});
    }
    EM_TRY(std::move(written));
    counter_.put(bytes.size());
    return {};
}

Result<std::vector<Blob>> FolderStore::list(const std::string& folder, std::size_t most, std::stop_token) {
    if (!folder.empty()) EM_TRY(check_blob_name(folder));
    EM_ASSIGN(const auto files, os::list_files(root_, folder, most));
    counter_.listed();
    std::vector<Blob> blobs;
    for (const os::FolderEntry& file : files) {
        if (check_blob_name(file.name)) blobs.push_back({file.name, file.size});
    }
    return blobs;
}

Result<std::size_t> FolderStore::get(const std::string& name, std::uint64_t offset, std::span<std::byte> room,
                                     std::stop_token) {
    EM_TRY(check_blob_name(name));
    EM_ASSIGN(const std::size_t got, os::read_range(root_ / name, offset, room));
    counter_.got(got);
    return got;
}

Status FolderStore::remove(const std::string& name, std::stop_token) {
    EM_TRY(check_blob_name(name));
    EM_TRY(os::remove_file(root_ / name));
    counter_.removed();
    return {};
}

void FolderStore::sweep(const std::string& folder) {
    os::sweep_folder(root_, folder, std::chrono::hours(1));
}

bool FolderStore::wait(const std::string& folder, Nanoseconds timeout) {
    // The same watch every time: what changes between a listing and the next wait ends that wait at once.
    std::unique_lock lock(mutex_);
    std::shared_ptr<os::FolderWatch>& kept = watches_[folder];
    if (!kept || !kept->is_open()) {
        kept = std::make_shared<os::FolderWatch>(os::FolderWatch::open(root_ / folder));
    }
    const std::shared_ptr<os::FolderWatch> watch = kept;
    lock.unlock();
    return watch->wait(timeout);
}

}  // namespace euromesh::sync

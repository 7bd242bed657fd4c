// What lies in a folder that several processes share: listed in a bounded way, read by range, waited for.
//
// Why: a spool is a folder that other programs fill and empty at the same time, on file systems where not
// everything works. So nothing here minds that a file is gone, that a watch is refused, or what the names
// are. Names are relative to the root, with '/' between folders; those with a part that begins with a dot,
// and temporary ones (.tmp), are never told.
//
// Thread rule: functions from any thread; a FolderWatch belongs to one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

struct FolderEntry {
    std::string name;
    std::uint64_t size = 0;
    bool operator==(const FolderEntry&) const = default;
};

// Regular files below root/folder at any depth (at most 16), the first `most` in order of names. A folder
// that is not there is empty. bad_input: more than a million entries.
Result<std::vector<FolderEntry>> list_files(const Path& root, const std::string& folder, std::size_t most);

// Bytes read; less than asked for only at the end of the file. not_found: it is gone.
Result<std::size_t> read_range(const Path& path, std::uint64_t offset, std::span<std::byte> room);

// Which file lies there, and whether it may have become another one since: the kernel's own marks. What is
// written into it later changes `changed_ns`, which nobody can set back without being the system's
// administrator, as far as the file system's clock is fine enough.
struct FileMark {
    std::uint64_t size = 0, device = 0, inode = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const FileMark&) const = default;
};
// not_found; refused; bad_input: not a regular file.
Result<FileMark> file_mark(const Path& path);

// A file that is gone already is no error.
Status remove_file(const Path& path);

// Removes what dead writers left behind in root/folder: temporary files and hidden ones not touched for
// `age`. Best effort; says how many.
std::size_t sweep_folder(const Path& root, const std::string& folder, Nanoseconds age);

// Bytes free for this user on the file system of the folder.
Result<std::uint64_t> free_bytes(const Path& folder);

// Notices changes that processes of this machine make directly in one folder. Those of other machines
// are not noticed on any network file system: poll as well.
class FolderWatch {
  public:
    FolderWatch() = default;
    FolderWatch(FolderWatch&& other) noexcept;
    FolderWatch& operator=(FolderWatch&& other) noexcept;
    ~FolderWatch();
    // A watch that the kernel refuses just waits.
    static FolderWatch open(const Path& folder);
    // Returns early, and true, when a file was moved in, closed after writing, or made without content.
    bool wait(Nanoseconds timeout);
    bool is_open() const { return descriptor_ >= 0; }

  private:
    explicit FolderWatch(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace euromesh::os

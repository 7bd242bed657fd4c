// A lock on a file that lasts as long as its holder: the kernel frees it however the process ends.
//
// Why: "is it still alive?" has no better answer than a lock that only the living can hold; numbers of
// processes are given again to others. It is an open file description lock (Linux): it belongs to the object,
// not to the process, and also works between two objects of one process. Advisory; not across machines unless
// the file system says so. Thread rule: an object belongs to one thread at a time.
#pragma once

#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

class FileLock {
  public:
    // Makes the file if need be; the file itself stays for ever. conflict: somebody holds it.
    static Result<FileLock> take(const Path& path);
    // Somebody holds it now. No file: nobody. Looking disturbs nobody who takes it at the same time.
    static Result<bool> is_held(const Path& path);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

  private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace euromesh::os

#include "fuzz/input.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "base/os/process.hpp"

namespace euromesh::fuzz {

MemoryFile::MemoryFile() : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    EM_ASSERT(descriptor_ >= 0, "a file in memory can be made");
    path_ = fmt::format("/proc/self/fd/{}", descriptor_);
}

MemoryFile::~MemoryFile() {
    close(descriptor_);
}

void MemoryFile::fill(std::span<const std::byte> bytes) {
    const bool cut = ftruncate(descriptor_, 0) == 0;
    const auto written = pwrite(descriptor_, bytes.data(), bytes.size(), 0);
    EM_ASSERT(cut && written == static_cast<ssize_t>(bytes.size()), "a file in memory takes every byte");
}

namespace {

struct ScratchFolder {
    os::Path path =
        std::filesystem::temp_directory_path() / fmt::format("euromesh-fuzz-{}", os::own_process_id());
    ~ScratchFolder() {
        std::error_code error;
        std::filesystem::remove_all(path, error);
    }
};

}  // namespace

const os::Path& scratch_folder() {
    static const ScratchFolder folder;
    return folder.path;
}

}  // namespace euromesh::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    euromesh::fuzz::try_input(euromesh::fuzz::Input(std::as_bytes(std::span(data, size))));
    return 0;
}

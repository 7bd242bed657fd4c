#include "base/os/entropy.hpp"

#include <sys/random.h>
#include <sys/types.h>

#include <cerrno>

#include "base/assert.hpp"

namespace euromesh::os {

void fill_random(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
        EM_ASSERT(got > 0 || errno == EINTR, "the kernel gives random bytes");
        if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace euromesh::os

// Random bytes for secrets and challenges, from the kernel. Safe from any thread; blocks only until the
// kernel's pool is filled once after boot.
#pragma once

#include <cstddef>
#include <span>

namespace euromesh::os {

void fill_random(std::span<std::byte> bytes);

}  // namespace euromesh::os

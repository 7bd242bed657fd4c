// At -O3 the compiler would make a second copy of each tile's loop for a stride of 1, and keep the sums of
// both in memory instead of registers: half the speed with 256-bit vectors.
#pragma GCC optimize("no-version-loops-for-strides")

#include "trainer/kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace euromesh::trainer {
namespace {

#define EM_LANES 4
#define EM_TILE_ROWS 4
#define EM_NAME "baseline"
namespace baseline {
#include "trainer/kernels_set.inc"
}  // namespace baseline
#undef EM_LANES
#undef EM_TILE_ROWS
#undef EM_NAME

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define EM_LANES 8
#define EM_TILE_ROWS 6
#define EM_NAME "avx2"
namespace avx2 {
#include "trainer/kernels_set.inc"
}  // namespace avx2
#undef EM_LANES
#undef EM_TILE_ROWS
#undef EM_NAME
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,fma,prefer-vector-width=512")
#define EM_LANES 16
#define EM_TILE_ROWS 8
#define EM_NAME "avx512"
namespace avx512 {
#include "trainer/kernels_set.inc"
}  // namespace avx512
#undef EM_LANES
#undef EM_TILE_ROWS
#undef EM_NAME
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx512bf16,fma,prefer-vector-width=512")
#define EM_LANES 16
#define EM_TILE_ROWS 8
#define EM_NAME "avx512, bf16"
#define EM_HALF
namespace avx512_half {
#include "trainer/kernels_set.inc"
}  // namespace avx512_half
#undef EM_LANES
#undef EM_TILE_ROWS
#undef EM_NAME
#undef EM_HALF
#pragma GCC pop_options
#endif

std::vector<const Kernels*> find_kernels() {
    std::vector<const Kernels*> found;
#if defined(__x86_64__)
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (wide && __builtin_cpu_supports("avx512bf16")) found.push_back(&avx512_half::table);
    if (wide) found.push_back(&avx512::table);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&avx2::table);
#endif
    found.push_back(&baseline::table);
    return found;
}

}  // namespace

const std::vector<const Kernels*>& available_kernels() {
    static const std::vector<const Kernels*> kernels = find_kernels();
    return kernels;
}

}  // namespace euromesh::trainer

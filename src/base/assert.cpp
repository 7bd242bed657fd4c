#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace euromesh {

void assertion_failed(const char* condition, const char* message, const char* file, int line) {
    std::fprintf(stderr, "euromesh: %s:%d: assertion failed: %s (%s)\n", file, line, message, condition);
    std::abort();
}

}  // namespace euromesh

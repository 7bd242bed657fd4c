// Assertions that stay on in every build: a programmer error ends the process before it can spread.
#pragma once

namespace euromesh {
[[noreturn]] void assertion_failed(const char* condition, const char* message, const char* file, int line);
}  // namespace euromesh

#define EM_ASSERT(condition, message)                                                            \
    do {                                                                                         \
        if (!(condition)) ::euromesh::assertion_failed(#condition, message, __FILE__, __LINE__); \
    } while (false)

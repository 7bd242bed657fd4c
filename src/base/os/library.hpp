// A part of the program that is loaded only when it is needed, because loading it takes long.
#pragma once

#include "base/os/file.hpp"
#include "base/result.hpp"

namespace euromesh::os {

// The address of a C symbol in a shared library, which then stays loaded. not_found: no such file.
// unavailable: it does not load (with the loader's words), or it lacks the symbol. Any thread.
Result<void*> load_symbol(const Path& library, const char* symbol);

}  // namespace euromesh::os

#include "base/os/library.hpp"

#include <dlfcn.h>

namespace euromesh::os {
namespace {

std::string loader_words() {
    const char* words = ::dlerror();
    return words != nullptr ? words : "no reason given";
}

}  // namespace

Result<void*> load_symbol(const Path& library, const char* symbol) {
    std::error_code error;
    if (!std::filesystem::exists(library, error))
        return fail(Code::not_found, "{}: no such library", library.string());
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return fail(Code::unavailable, "{}", loader_words());
    void* found = ::dlsym(handle, symbol);
    if (found == nullptr)
        return fail(Code::unavailable, "{}: lacks {}: is it of another version?", library.string(), symbol);
    return found;
}

}  // namespace euromesh::os

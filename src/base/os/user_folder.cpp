#include "base/os/user_folder.hpp"

#include <cstdlib>

namespace euromesh::os {
namespace {

// A relative path would depend on where the program is called (XDG base directory specification).
Path absolute_from(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && value[0] == '/' ? Path(value) : Path();
}

}  // namespace

Result<Path> user_config_folder() {
    if (const Path own = absolute_from("EUROMESH_CONFIG"); !own.empty()) return own;
    if (const Path base = absolute_from("XDG_CONFIG_HOME"); !base.empty()) return base / "euromesh";
    if (const Path home = absolute_from("HOME"); !home.empty()) return home / ".config" / "euromesh";
    return fail(Code::not_found, "settings: set EUROMESH_CONFIG to a folder (HOME is not set)");
}

}  // namespace euromesh::os

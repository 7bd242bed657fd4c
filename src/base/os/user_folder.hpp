// Where a person's own settings and log-ins lie. Thread rule: any thread, as long as none changes the
// environment.
#pragma once

#include "base/os/file.hpp"

namespace euromesh::os {

// $EUROMESH_CONFIG, or $XDG_CONFIG_HOME/euromesh, or $HOME/.config/euromesh. It need not exist. not_found:
// none of them is set.
Result<Path> user_config_folder();

}  // namespace euromesh::os

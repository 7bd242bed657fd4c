// What is at the other end of our output, and what the environment says about it.
#pragma once

#include <optional>
#include <string>

namespace euromesh::os {

enum class OutputStream { output, error };

bool is_terminal(OutputStream stream);

// Columns of the terminal, 80 when unknown.
int terminal_width();

// Number of processor cores that this process may use, at least 1.
int usable_cores();

std::optional<std::string> environment(const char* name);

}  // namespace euromesh::os

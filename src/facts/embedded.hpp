// The facts that travel inside the program: data/*.csv as they were when it was built.
//
// Why: the program works from any folder and on a machine without the repository. cmake/embed.cmake puts the
// bytes in. FactFiles is what other code reads from; it also knows about another folder. Constant: any
// thread.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::facts {

struct EmbeddedFile {
    std::string_view name;  // "systems.csv"
    std::string_view text;
};

// In the order of their names.
std::span<const EmbeddedFile> embedded_files();

// not_found: names the files that there are.
Result<std::string_view> embedded_text(std::string_view name);

}  // namespace euromesh::facts

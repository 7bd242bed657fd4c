#include "facts/embedded.hpp"

#include <string>

namespace euromesh::facts {

Result<std::string_view> embedded_text(std::string_view name) {
    std::string known;
    for (const EmbeddedFile& file : embedded_files()) {
        if (file.name == name) return file.text;
        known += known.empty() ? "" : ", ";
        known += file.name;
    }
    return fail(Code::not_found, "no built-in fact file '{}' (there are {})", name, known);
}

}  // namespace euromesh::facts

#include "sim/embedded_scenarios.hpp"

#include <fmt/ranges.h>

#include <set>
#include <string>

#include "contract/toml_reader.hpp"

namespace euromesh::sim {

Result<facts::EmbeddedFile> embedded_scenario(std::string_view name) {
    std::set<std::string> known;
    for (const facts::EmbeddedFile& file : embedded_scenarios()) {
        const std::string_view stem = file.name.substr(0, file.name.rfind(".toml"));
        if (stem == name) return file;
        known.insert(std::string(stem));
    }
    if (const auto near = contract::nearest_name(name, known))
        return fail(Code::not_found, "no built-in scenario '{}'; did you mean '{}'?", name, *near);
    return fail(Code::not_found, "no built-in scenario '{}'; there are: {}", name, fmt::join(known, ", "));
}

}  // namespace euromesh::sim

#include "planner/embedded_scenarios.hpp"

#include <set>
#include <string>

#include "contract/toml_reader.hpp"

namespace euromesh::planner {
namespace {

std::string_view stem_of(std::string_view name) {
    constexpr std::string_view ending = ".toml";
    return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
}

}  // namespace

Result<facts::EmbeddedFile> embedded_scenario(std::string_view name) {
    std::set<std::string> known;
    for (const facts::EmbeddedFile& file : embedded_scenarios()) {
        if (stem_of(file.name) == stem_of(name)) return file;
        known.insert(std::string(stem_of(file.name)));
    }
    if (const auto near = contract::nearest_name(stem_of(name), known))
        return fail(Code::not_found, "no built-in scenario '{}'; did you mean '{}'?", name, *near);
    return fail(Code::not_found, "no built-in scenario '{}'; there are: {}", name, fmt::join(known, ", "));
}

}  // namespace euromesh::planner

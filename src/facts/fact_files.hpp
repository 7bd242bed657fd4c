// Where facts are read from: those built into the program, or a folder of the user's own (`--data DIR`).
//
// A folder replaces the built-in set as a whole: a file that it lacks is an error, never silently ours, so
// that two sets are not mixed by accident. A folder's files are read when asked for; texts that somebody
// holds already do as well. Plain value; safe to read from several threads.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh::facts {

struct FactText {
    std::string label;  // how messages name it: "built-in systems.csv", "mine/systems.csv"
    std::string text;
};

class FactFiles {
  public:
    static FactFiles built_in() { return FactFiles(); }
    // not_found: no such folder.
    static Result<FactFiles> in_folder(const std::filesystem::path& folder);
    // By name ("systems.csv"); labelled "given systems.csv".
    static FactFiles of_texts(std::map<std::string, std::string, std::less<>> texts);
    // in_folder(*folder) when one is given.
    static Result<FactFiles> choose(const std::optional<std::filesystem::path>& folder);

    // `name` as in data/: "systems.csv". bad_input: larger than 4 MiB.
    Result<FactText> read(std::string_view name) const;
    std::string label(std::string_view name) const;

  private:
    FactFiles() = default;
    std::optional<std::filesystem::path> folder_;
    std::optional<std::map<std::string, std::string, std::less<>>> texts_;
};

}  // namespace euromesh::facts

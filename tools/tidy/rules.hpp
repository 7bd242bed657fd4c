// The rules that a build cannot see: layers, adapters, sizes, sibling tests, words, white space.
//
// Pure: files in, findings out. tools/tidy_rules.txt is the data; each rule is proved by the samples in
// tools/tidy_samples, which must be caught. It does not format (clang-format does).
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::tidy {

struct File {
    std::string path;  // from the root of the repository, with '/'
    std::string text;
};

struct Finding {
    std::string path;
    std::size_t line = 0;
    std::string rule;  // layer, header, word, text, long-file, long-function, untested, white-space
    std::string message;
};

struct Place {
    std::string what;
    std::vector<std::string> allowed;  // path patterns
};

struct Rules {
    std::map<std::string, std::set<std::string>> layers;  // layer -> layers that it may include
    std::vector<Place> headers;
    std::vector<Place> words;
    std::vector<std::string> untested;
    std::vector<std::string> texts;
};

Result<Rules> parse_rules(std::string_view text, std::string_view file);

std::vector<Finding> check(const Rules& rules, const std::vector<File>& files);

}  // namespace euromesh::tidy

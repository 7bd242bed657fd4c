// Which known names a mistyped one may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace euromesh::facts {

// At most `most`, the likeliest first: names that begin with what was asked for, else those within a quarter
// of its letters by edit distance (Levenshtein) and at most twice as far as the nearest, else those that hold
// it. Upper and lower case count as the same.
std::vector<std::string> nearest_names(std::string_view asked, const std::vector<std::string>& known,
                                       std::size_t most = 3);

// " (do you mean a, b?)", or nothing.
std::string do_you_mean(const std::vector<std::string>& names);

}  // namespace euromesh::facts

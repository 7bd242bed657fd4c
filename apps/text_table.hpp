// Columns for a terminal: as wide as their widest cell, two spaces between, no trailing space.
#pragma once

#include <string>
#include <vector>

namespace euromesh::apps {

// The first row is the heading. UTF-8 is counted by code points.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace euromesh::apps

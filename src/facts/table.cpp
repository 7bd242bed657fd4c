#include "facts/table.hpp"

namespace euromesh::facts {

std::vector<std::string_view> TableShape::column_names() const {
    std::vector<std::string_view> names;
    for (const Column& column : columns) names.push_back(column.name);
    return names;
}

}  // namespace euromesh::facts

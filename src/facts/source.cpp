#include "facts/source.hpp"

namespace euromesh::facts {

const std::vector<std::string_view>& grade_names() {
    static const std::vector<std::string_view> names = {"A", "B", "C"};
    return names;
}

std::string_view name_of(Grade grade) {
    return grade_names()[static_cast<std::size_t>(grade)];
}

}  // namespace euromesh::facts

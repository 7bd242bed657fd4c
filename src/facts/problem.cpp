#include "facts/problem.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace euromesh::facts {

std::string in_words(const Problem& problem) {
    const std::string field = problem.field.empty() ? "" : problem.field + ": ";
    return fmt::format("{}:{}:{}: {}{}", problem.file, problem.line, problem.column, field, problem.text);
}

std::string shown(std::string_view value, std::size_t most) {
    std::size_t end = std::min(value.size(), most);
    while (end < value.size() && end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80) --end;
    std::string text(value.substr(0, end));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return end < value.size() ? text + "..." : text;
}

void Problems::add(Problem problem) {
    ++count_;
    if (!full()) kept_.push_back(std::move(problem));
}

void Problems::sort() {
    std::stable_sort(kept_.begin(), kept_.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
    });
}

Status Problems::status() const {
    if (none()) return {};
    const std::string first = in_words(kept_.front());
    if (count_ == 1) return fail(Code::bad_input, "{}", first);
    return fail(Code::bad_input, "{} (and {} more: euromesh facts check)", first, count_ - 1);
}

}  // namespace euromesh::facts

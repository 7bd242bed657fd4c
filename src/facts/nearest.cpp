#include "facts/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace euromesh::facts {
namespace {

constexpr std::size_t longest_asked = 100;  // bounds the work on what anybody may type

std::string lower(std::string_view text) {
    std::string result(text.substr(0, longest_asked));
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

// Lower is nearer; names beyond `farthest` are not alike.
constexpr std::size_t farthest = 1000;

std::size_t distance(const std::string& asked, const std::string& name) {
    if (asked.empty()) return farthest + 1;
    if (name.starts_with(asked)) return 0;
    const std::size_t edits = edit_distance(asked, name);
    if (edits <= std::max<std::size_t>(1, asked.size() / 4)) return edits;
    if (asked.size() >= 3 && name.find(asked) != std::string::npos) return 500;
    return farthest + 1;
}

}  // namespace

std::vector<std::string> nearest_names(std::string_view asked, const std::vector<std::string>& known,
                                       std::size_t most) {
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const std::string& name : known) {
        const std::size_t far = distance(lower(asked), lower(name));
        if (far <= farthest) near.emplace_back(far, name);
    }
    std::sort(near.begin(), near.end());
    std::vector<std::string> names;
    for (const auto& [far, name] : near) {
        const bool much_farther = far > 2 * near.front().first;
        if (names.size() < most && !much_farther) names.push_back(name);
    }
    return names;
}

std::string do_you_mean(const std::vector<std::string>& names) {
    return names.empty() ? "" : fmt::format(" (do you mean {}?)", fmt::join(names, ", "));
}

}  // namespace euromesh::facts

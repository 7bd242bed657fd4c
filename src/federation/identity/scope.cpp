#include "federation/identity/scope.hpp"

#include <array>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr std::array<std::string_view, scope_count> names = {
    "compute.read",     "compute.create",    "compute.modify",   "compute.cancel",
    "allocation.apply", "allocation.review", "federation.admin", "site.operate"};

}  // namespace

std::string_view name_of(Scope scope) {
    const auto index = static_cast<std::size_t>(scope);
    EM_ASSERT(index < names.size(), "every scope has a name");
    return names[index];
}

std::optional<Scope> parse_scope(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<Scope>(i);
    }
    return std::nullopt;
}

ScopeSet ScopeSet::parse(std::string_view text) {
    ScopeSet set;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (const auto scope = parse_scope(text.substr(0, end))) set.add(*scope);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return set;
}

ScopeSet ScopeSet::common_with(ScopeSet other) const {
    ScopeSet set;
    set.bits_ = bits_ & other.bits_;
    return set;
}

std::string ScopeSet::text() const {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!has(static_cast<Scope>(i))) continue;
        if (!text.empty()) text += ' ';
        text += names[i];
    }
    return text;
}

}  // namespace euromesh::federation

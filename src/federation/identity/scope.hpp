// What a token allows: scopes as a closed set, so that none can be misspelt in our code.
//
// The compute.* ones are those of the WLCG token profile (version 1.2, capabilities of compute services);
// the others are our own. A scope that we do not know (openid, storage.read:/) says nothing to us and is
// left out. Plain values: no thread rule.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace euromesh::federation {

enum class Scope : std::uint8_t {
    compute_read,
    compute_create,
    compute_modify,
    compute_cancel,
    allocation_apply,   // ask for compute time
    allocation_review,  // decide on what others ask for
    federation_admin,
    site_operate,
};
inline constexpr std::uint8_t scope_count = 8;

std::string_view name_of(Scope scope);  // "compute.read"
std::optional<Scope> parse_scope(std::string_view name);

class ScopeSet {
  public:
    ScopeSet() = default;
    ScopeSet(std::initializer_list<Scope> scopes) {
        for (const Scope scope : scopes) add(scope);
    }
    // Names between spaces, as in the claim `scope` (RFC 8693 section 4.2).
    static ScopeSet parse(std::string_view names);

    void add(Scope scope) { bits_ |= bit(scope); }
    bool has(Scope scope) const { return (bits_ & bit(scope)) != 0; }
    bool empty() const { return bits_ == 0; }
    bool is_within(ScopeSet other) const { return (bits_ & ~other.bits_) == 0; }
    // Only narrows.
    ScopeSet common_with(ScopeSet other) const;
    std::string text() const;  // in the order of the enumeration
    bool operator==(const ScopeSet&) const = default;

  private:
    static std::uint32_t bit(Scope scope) { return 1u << static_cast<unsigned>(scope); }
    std::uint32_t bits_ = 0;
};

}  // namespace euromesh::federation

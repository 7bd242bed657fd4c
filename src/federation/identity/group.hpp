// Groups of a person as identity federations tell them (guideline AARC-G069, doi:10.5281/zenodo.6533400):
//
//     urn:geant:example.eu:group:project-a:team-1:role=manager#authority.example.eu
//     namespace            :group:group    :subgroup:role     #authority
//
// The authority only says who keeps the group's list, so that two texts that differ in it alone name the same
// group. Parts are percent-decoded before they are compared. Plain values: no thread rule.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace euromesh::federation {

struct Group {
    std::string name_space;  // "urn:geant:example.eu", the first two parts in lower case (RFC 8141)
    std::string group;       // "project-a"
    std::vector<std::string> subgroups;  // from the outside in
    std::string role;                    // may be empty
    std::string authority;               // may be empty

    // "project-a/team-1": what a project is mapped from.
    std::string path() const;
    bool operator==(const Group&) const = default;
};

// Nothing when it is no group of this form: other entitlements (urn:…:res:…, urn:mace:…) are common.
std::optional<Group> parse_group(std::string_view urn);
std::string to_urn(const Group& group);

}  // namespace euromesh::federation

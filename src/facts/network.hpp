// Lines between places: the topology of the research backbone, round-trip times, and capacities that were
// seen.
//
// rtt_estimated rows join the sites of systems.csv; their time comes from the rule in the row rtt-rule.
// Unknown is nullopt. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

enum class LinkKind { geant_link, rtt_measured, rtt_estimated, capacity, rule };

struct LinkEnd {
    std::string place = {};
    std::optional<std::string> country = {};  // ISO 3166-1 alpha-2, or EU
    std::optional<double> lat = {};           // degrees WGS84
    std::optional<double> lon = {};
};

struct Link {
    std::string id = {};
    LinkKind kind = LinkKind::geant_link;
    LinkEnd a = {};
    LinkEnd b = {};
    std::optional<double> distance_km = {};  // great circle; of trials the path as published
    std::optional<double> capacity_gbps = {};
    std::optional<std::string> capacity_class = {};
    std::optional<double> rtt_ms = {};
    std::optional<std::string> rtt_method = {};
    Source source = {};
    std::string note = {};
};

std::string_view name_of(LinkKind kind);

const TableKind<Link>& network_table();
Result<std::vector<Link>> load_links(const FactFiles& files);

}  // namespace euromesh::facts

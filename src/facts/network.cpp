#include "facts/network.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

const std::vector<std::string_view> kind_names = {"geant_link", "rtt_measured", "rtt_estimated", "capacity",
                                                  "rule"};

LinkEnd end_of(const CsvRow& row, const std::string& end) {
    LinkEnd result;
    result.place = row.text(end);
    result.country = optional_country_in(row, end + "_country_iso2");
    result.lat = row.number(end + "_lat", {-90, 90});
    result.lon = row.number(end + "_lon", {-180, 180});
    if (row.blank(end + "_lat") != row.blank(end + "_lon"))
        row.report(end + "_lat", "latitude and longitude are given together or not at all");
    return result;
}

Link read_link(const CsvRow& row) {
    Link link;
    link.id = row.text("id");
    link.kind = static_cast<LinkKind>(row.choice("type", kind_names));
    link.a = end_of(row, "a");
    link.b = end_of(row, "b");
    link.distance_km = row.number("distance_km", {0, 41000});
    link.capacity_gbps = row.number("capacity_gbps", {0.001, 1e7});
    link.capacity_class = row.optional_text("capacity_class");
    link.rtt_ms = row.number("rtt_ms", {0.001, 1e4});
    link.rtt_method = row.optional_text("rtt_method");
    link.source = source_in(row);
    link.note = row.raw("note");
    return link;
}

}  // namespace

std::string_view name_of(LinkKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

const TableKind<Link>& network_table() {
    static const TableKind<Link> kind = {{"network.csv",
                                          {"id",
                                           "type",
                                           "a",
                                           "a_country_iso2",
                                           {"a_lat", "degrees"},
                                           {"a_lon", "degrees"},
                                           "b",
                                           "b_country_iso2",
                                           {"b_lat", "degrees"},
                                           {"b_lon", "degrees"},
                                           {"distance_km", "km"},
                                           {"capacity_gbps", "Gbit/s"},
                                           "capacity_class",
                                           {"rtt_ms", "ms"},
                                           "rtt_method",
                                           "source",
                                           "source_url",
                                           "as_of",
                                           "grade",
                                           "note"}},
                                         read_link};
    return kind;
}

Result<std::vector<Link>> load_links(const FactFiles& files) {
    return load_records(network_table(), files);
}

}  // namespace euromesh::facts

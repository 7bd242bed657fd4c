#include "facts/systems.hpp"

#include "facts/fields.hpp"
#include "facts/nearest.hpp"

namespace euromesh::facts {

namespace {

// In the order of the enumerators.
const std::vector<std::string_view> status_names = {"operational", "installing", "contracted",
                                                    "tender",      "selected",   "planned"};
const std::vector<std::string_view> kind_names = {"eurohpc", "ai_factory", "national", "planned"};

void read_place(const CsvRow& row, System& system) {
    system.place = row.text("site");
    system.country = country_in(row, "country_iso2");
    system.lat = row.number("lat", {-90, 90});
    system.lon = row.number("lon", {-180, 180});
    if (row.blank("lat") != row.blank("lon")) {
        row.report(row.blank("lat") ? "lat" : "lon", "blank; give lat and lon, or neither");
    }
}

void read_dates(const CsvRow& row, System& system) {
    system.online_date = date_in(row, "online_date");
    system.retire_date = date_in(row, "retire_date");
    if (system.online_date && system.retire_date && system.retire_date->last < system.online_date->first) {
        row.report("retire_date", fmt::format("'{}' is before online_date, which is {}",
                                              row.raw("retire_date"), row.raw("online_date")));
    }
}

void read_accelerators(const CsvRow& row, System& system) {
    system.accelerator = row.optional_text("accelerator");
    system.accelerator_count = row.whole_number("accelerator_count");
    system.nodes = row.whole_number("nodes");
    system.accel_per_node = row.whole_number("accel_per_node");
    system.accel_mem_gb = row.number("accel_mem_gib", {1, 1e5});
    system.peak_fp16_dense_tflops = row.number("peak_fp16_dense_tflops_per_accel", {0.1, 1e6});
    if (system.accelerator_count.value_or(0) == 0) return;
    if (!system.accelerator || system.accelerator == "none") {
        row.report("accelerator_count", fmt::format("{} of no accelerator; name one, or blank the count",
                                                    *system.accelerator_count));
    }
}

System read_system(const CsvRow& row) {
    System system;
    system.id = row.text("id");
    system.name = row.text("name");
    system.kind = static_cast<SystemKind>(row.choice("kind", kind_names));
    read_place(row, system);
    system.operator_name = row.text("operator");
    system.status = static_cast<SystemStatus>(row.choice("status", status_names));
    read_dates(row, system);
    read_accelerators(row, system);
    system.linpack_rmax_pflops = row.number("linpack_rmax_pflops", {0, 1e6});
    system.power_mw = row.number("power_mw", {0, 1e5});
    system.interconnect = row.optional_text("interconnect");
    system.wan_gbps = row.number("wan_gbps", {0, 1e6});
    system.scheduler = row.optional_text("scheduler");
    system.container_runtime = row.optional_text("container_runtime");
    system.source = source_in(row);
    system.note = row.raw("note");
    return system;
}

}  // namespace

std::string_view name_of(SystemStatus status) {
    return status_names[static_cast<std::size_t>(status)];
}

std::string_view name_of(SystemKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

const TableKind<System>& systems_table() {
    static const TableKind<System> kind = {{"systems.csv",
                                            {"id",
                                             "name",
                                             "kind",
                                             "site",
                                             "country_iso2",
                                             {"lat", "degrees"},
                                             {"lon", "degrees"},
                                             "operator",
                                             "status",
                                             "online_date",
                                             "retire_date",
                                             "accelerator",
                                             {"accelerator_count", "1"},
                                             {"nodes", "1"},
                                             {"accel_per_node", "1"},
                                             {"accel_mem_gib", "GB"},
                                             {"peak_fp16_dense_tflops_per_accel", "TFLOP/s"},
                                             {"linpack_rmax_pflops", "PFLOP/s"},
                                             {"power_mw", "MW"},
                                             "interconnect",
                                             {"wan_gbps", "Gbit/s"},
                                             "scheduler",
                                             "container_runtime",
                                             "source",
                                             "source_url",
                                             "as_of",
                                             "grade",
                                             "note"}},
                                           read_system};
    return kind;
}

Result<std::vector<System>> parse_systems(std::string_view text, std::string file) {
    return parse_records(systems_table(), text, std::move(file));
}

Result<std::vector<System>> load_systems(const FactFiles& files) {
    return load_records(systems_table(), files);
}

Result<System> find_system(const std::vector<System>& systems, std::string_view id) {
    std::vector<std::string> ids;
    for (const System& system : systems) {
        if (system.id == id) return system;
        ids.push_back(system.id);
    }
    return fail(Code::not_found, "no system '{}' in systems.csv{}", shown(id),
                do_you_mean(nearest_names(id, ids)));
}

std::int64_t counted_accelerators(const System& system) {
    return system.accelerator_count.value_or(0);
}

double peak_flops(const System& system) {
    return static_cast<double>(counted_accelerators(system)) * system.peak_fp16_dense_tflops.value_or(0) *
           1e12;
}

}  // namespace euromesh::facts

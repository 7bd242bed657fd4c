#include "facts/systems.hpp"

#include <algorithm>
#include <set>

#include "facts/csv.hpp"

namespace euromesh::facts {

namespace {

// In the order of the enumerators.
const std::vector<std::string_view> status_names = {"operational", "installing", "contracted",
                                                    "tender",      "selected",   "planned"};
const std::vector<std::string_view> grade_names = {"A", "B", "C"};

constexpr std::size_t hinted_letters = 3;

Result<std::string> country_of(const CsvRow& row) {
    EM_ASSIGN(std::string country, row.text("country_iso2"));
    const auto is_capital = [](unsigned char c) { return c >= 'A' && c <= 'Z'; };
    if (country.size() != 2 || !std::all_of(country.begin(), country.end(), is_capital)) {
        return fail(row.problem("country_iso2", fmt::format("'{}' is not two capital letters", country)));
    }
    return country;
}

// A year, a month or a day; the calendar itself is not checked further than that.
bool is_date(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-dd";
    if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != '-') return false;
    }
    return true;
}

Result<Source> source_of(const CsvRow& row) {
    Source source;
    EM_ASSIGN(source.name, row.text("source"));
    EM_ASSIGN(source.url, row.text("source_url"));
    EM_ASSIGN(source.as_of, row.text("as_of"));
    if (!is_date(source.as_of)) {
        return fail(row.problem(
            "as_of", fmt::format("'{}' is not a date (2026, 2026-05 or 2026-05-31)", source.as_of)));
    }
    EM_ASSIGN(const std::size_t grade, row.choice("grade", grade_names));
    source.grade = static_cast<Grade>(grade);
    return source;
}

Result<System> system_of(const CsvRow& row) {
    System system;
    EM_ASSIGN(system.id, row.text("id"));
    EM_ASSIGN(system.name, row.text("name"));
    EM_ASSIGN(system.place, row.text("site"));
    EM_ASSIGN(system.country, country_of(row));
    EM_ASSIGN(system.lat, row.number("lat", {-90, 90}));
    EM_ASSIGN(system.lon, row.number("lon", {-180, 180}));
    if (system.lat.has_value() != system.lon.has_value()) {
        return fail(row.problem("lat, lon", "one of the two is blank; give both or neither"));
    }
    EM_ASSIGN(const std::size_t status, row.choice("status", status_names));
    system.status = static_cast<SystemStatus>(status);
    system.accelerator = row.optional_text("accelerator");
    EM_ASSIGN(system.accelerator_count, row.whole_number("accelerator_count"));
    EM_ASSIGN(system.source, source_of(row));
    return system;
}

}  // namespace

std::string_view name_of(SystemStatus status) {
    return status_names[static_cast<std::size_t>(status)];
}

std::string_view name_of(Grade grade) {
    return grade_names[static_cast<std::size_t>(grade)];
}

Result<std::vector<System>> parse_systems(std::string_view text, std::string file) {
    EM_ASSIGN(const CsvTable table, CsvTable::parse(text, std::move(file)));
    EM_TRY(table.expect_columns({"id", "name", "site", "country_iso2", "lat", "lon", "status", "accelerator",
                                 "accelerator_count", "source", "source_url", "as_of", "grade"}));
    std::vector<System> systems;
    std::set<std::string> ids;
    for (std::size_t i = 0; i < table.size(); ++i) {
        EM_ASSIGN(System system, system_of(table.row(i)));
        if (!ids.insert(system.id).second) {
            return fail(
                table.row(i).problem("id", fmt::format("'{}' stands in an earlier row too", system.id)));
        }
        systems.push_back(std::move(system));
    }
    return systems;
}

Result<std::vector<System>> load_systems(const FactFiles& files) {
    EM_ASSIGN(const FactText read, files.read("systems.csv"));
    return parse_systems(read.text, read.label);
}

Result<System> find_system(const std::vector<System>& systems, std::string_view id) {
    std::vector<std::string_view> similar;
    for (const System& system : systems) {
        if (system.id == id) return system;
        if (system.id.substr(0, hinted_letters) == id.substr(0, hinted_letters)) similar.push_back(system.id);
    }
    if (similar.empty()) {
        return fail(Code::not_found, "no system '{}' among the {} of systems.csv", id, systems.size());
    }
    return fail(Code::not_found, "no system '{}' in systems.csv (do you mean {}?)", id,
                fmt::join(similar, ", "));
}

}  // namespace euromesh::facts

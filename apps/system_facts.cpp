#include "apps/system_facts.hpp"

#include "facts/systems.hpp"

namespace euromesh::apps {
namespace {

template <class Value>
void add_known(Json& row, const char* name, const std::optional<Value>& value) {
    if (value) row[name] = *value;
}

}  // namespace

Status add_system_facts(Json& site) {
    const std::string id = site.value("system", "");
    if (id.empty()) return {};
    EM_ASSIGN(const std::vector<facts::System> systems, facts::load_systems(facts::FactFiles::built_in()));
    EM_ASSIGN(const facts::System system, facts::find_system(systems, id));
    site["country"] = system.country;
    add_known(site, "lat", system.lat);
    add_known(site, "lon", system.lon);
    add_known(site, "accelerator", system.accelerator);
    add_known(site, "accelerator_count", system.accelerator_count);
    site["source"] = system.source.name;
    site["source_url"] = system.source.url;
    return {};
}

}  // namespace euromesh::apps

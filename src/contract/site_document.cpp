#include "contract/site_document.hpp"

#include <set>

#include "contract/document_reader.hpp"

namespace euromesh::contract {
namespace {

constexpr std::int64_t version = 1;
constexpr std::int64_t year_ms = 366ll * 86400 * 1000;
constexpr Limits any_time{0, 253402300799999};  // to the end of the year 9999

void read_maintenance(DocumentReader& reader, SitePartition& partition) {
    reader.each("maintenance", 100, [&](DocumentReader& entry) {
        MaintenanceWindow window;
        window.begin_ms = entry.integer("begin_ms", 0, any_time);
        window.end_ms = entry.integer("end_ms", 0, any_time);
        if (window.end_ms <= window.begin_ms) entry.reject("end_ms", "must be after begin_ms");
        partition.maintenance.push_back(window);
    });
}

SitePartition read_partition(DocumentReader& reader) {
    SitePartition partition;
    reader.needed_text("id", "\"booster\"", 64);
    partition.id = reader.id("id");
    partition.system = reader.id("system");
    partition.accelerator = reader.id("accelerator");
    partition.gpus = reader.integer("gpus", 0, {0, 1000000});
    partition.gpus_per_node = reader.integer("gpus_per_node", 0, {0, 1024});
    partition.gpu_memory_mib = reader.integer("gpu_memory_mib", 0, {0, 16ll << 20});
    if (!reader.has("max_duration"))
        reader.reject("max_duration", "is missing: give seconds, or ISO 8601 such as \"P1D\"");
    partition.max_duration_ms = reader.duration_ms("max_duration", {1000, year_ms});
    partition.most_claims = reader.integer("most_claims", 64, {0, 100000});
    partition.watts_per_gpu = reader.integer("watts_per_gpu", 0, {0, 100000});
    partition.wait_median_ms = reader.integer("wait_median_ms", 0, {0, year_ms});
    partition.wait_p90_ms = reader.integer("wait_p90_ms", partition.wait_median_ms, {0, year_ms});
    if (partition.wait_p90_ms < partition.wait_median_ms)
        reader.reject("wait_p90_ms", "must not be below wait_median_ms");
    partition.runtimes = reader.ids("runtimes", 16);
    read_maintenance(reader, partition);
    return partition;
}

Json to_json(const SitePartition& partition) {
    Json windows = Json::array();
    for (const MaintenanceWindow& window : partition.maintenance)
        windows.push_back(Json{{"begin_ms", window.begin_ms}, {"end_ms", window.end_ms}});
    Json json{{"id", partition.id}};
    if (!partition.system.empty()) json["system"] = partition.system;
    if (!partition.accelerator.empty()) json["accelerator"] = partition.accelerator;
    json["gpus"] = partition.gpus;
    json["gpus_per_node"] = partition.gpus_per_node;
    json["gpu_memory_mib"] = partition.gpu_memory_mib;
    json["max_duration"] = partition.max_duration_ms / 1000;
    json["most_claims"] = partition.most_claims;
    json["watts_per_gpu"] = partition.watts_per_gpu;
    json["wait_median_ms"] = partition.wait_median_ms;
    json["wait_p90_ms"] = partition.wait_p90_ms;
    json["runtimes"] = partition.runtimes;
    json["maintenance"] = std::move(windows);
    return json;
}

void check_names(DocumentReader& reader, const SiteDocument& document) {
    std::set<std::string> names;
    for (const SitePartition& partition : document.partitions)
        if (!names.insert(partition.id).second)
            reader.reject("partitions", fmt::format("must not name '{}' twice", partition.id));
}

}  // namespace

Result<SiteDocument> read_site_document(const Json& json) {
    DocumentReader reader(json, "site");
    SiteDocument document;
    if (reader.integer("version", version, {0, INT32_MAX}) != version)
        reader.reject("version", "must be 1: this program reads no other version of site documents");
    document.country = reader.needed_text("country", "\"FI\"", 2);
    document.op = reader.text("operator", "", 256);
    document.hosting = reader.choice("hosting", "national", {"ju", "national", "private"});
    document.labels = reader.ids("labels", 64);
    document.grid_grams_per_kwh = reader.integer("grid_grams_per_kwh", 0, {0, 5000});
    document.quota_mgh = reader.integer("quota_mgh", 0, {0, 1ll << 50});
    document.rules = reader.text("rules", "", 128u << 10);
    document.templates = reader.ids("templates", 16);
    document.exchange = reader.choice("exchange", "", {"", "direct", "hub", "object-store", "spool"});
    document.hub = reader.text("hub", "", 300);
    document.store = reader.text("store", "");
    reader.each("partitions", 256,
                [&](DocumentReader& entry) { document.partitions.push_back(read_partition(entry)); });
    if (document.partitions.empty()) reader.reject("partitions", "must name at least one partition");
    check_names(reader, document);
    reader.finish();
    EM_TRY(reader.status());
    return document;
}

Result<SiteDocument> parse_site_document(std::string_view text) {
    EM_ASSIGN(const Json document, parse_json(text, site_document_max_bytes));
    return read_site_document(document);
}

Json to_json(const SiteDocument& document) {
    Json partitions = Json::array();
    for (const SitePartition& partition : document.partitions) partitions.push_back(to_json(partition));
    Json json{{"version", version},
              {"country", document.country},
              {"operator", document.op},
              {"hosting", document.hosting},
              {"labels", document.labels},
              {"grid_grams_per_kwh", document.grid_grams_per_kwh},
              {"quota_mgh", document.quota_mgh},
              {"rules", document.rules},
              {"partitions", std::move(partitions)}};
    if (!document.templates.empty()) json["templates"] = document.templates;
    for (const auto& [key, text] : {std::pair{"exchange", &document.exchange},
                                    std::pair{"hub", &document.hub}, std::pair{"store", &document.store}})
        if (!text->empty()) json[key] = *text;
    return json;
}

}  // namespace euromesh::contract

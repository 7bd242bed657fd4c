#include "contract/run_placement.hpp"

#include <algorithm>

#include "base/os/file.hpp"
#include "contract/document_reader.hpp"

namespace euromesh::contract {
namespace {

constexpr std::int64_t version = 1;
constexpr std::int64_t start_most_s = 366ll * 86400;

PlacedSite read_site(DocumentReader& reader) {
    PlacedSite site;
    site.site = reader.id("site");
    site.exchange = reader.choice("exchange", "", {"", "direct", "hub", "object-store", "spool"});
    site.hub = reader.text("hub", "", 300);
    site.store = reader.text("store", "");
    return site;
}

Json to_json(const PlacedSite& site) {
    return Json{{"site", site.site}, {"exchange", site.exchange}, {"hub", site.hub}, {"store", site.store}};
}

const PlacedSite* find_placed(const RunPlacement& placement, const std::string& site) {
    for (const PlacedSite& placed : placement.sites)
        if (placed.site == site) return &placed;
    return nullptr;
}

// The first site that names one, in the order of the run: the same everywhere.
std::string first_of(const RunSpec& spec, const RunPlacement& placement, std::string PlacedSite::*what) {
    for (const SiteSpec& site : spec.sites) {
        const PlacedSite* placed = find_placed(placement, site.id.text());
        if (placed != nullptr && !(placed->*what).empty()) return placed->*what;
    }
    return {};
}

Status keep_chosen(RunSpec& spec, const RunPlacement& placement) {
    for (const PlacedSite& placed : placement.sites) {
        const auto rank = spec.rank_of(placed.site);
        if (!rank) return fail(rank.error().within("placement"));
    }
    std::erase_if(spec.sites,
                  [&](const SiteSpec& site) { return find_placed(placement, site.id.text()) == nullptr; });
    const auto rank = spec.rank_of(placement.self);
    return rank ? Status{} : Status(fail(rank.error().within("placement")));
}

// Addresses are told by the trainers themselves.
void place_exchange(RunSpec& spec, const RunPlacement& placement) {
    for (SiteSpec& site : spec.sites) {
        const PlacedSite& placed = *find_placed(placement, site.id.text());
        if (!placed.exchange.empty()) site.exchange = placed.exchange;
        site.address.clear();
        site.spool.clear();
        if (site.id.text() != placement.self) continue;
        site.spool = placement.spool;
        site.via = placement.via.empty() ? "plain" : placement.via;
        site.family = placement.family;
        site.interface = placement.interface;
    }
    if (spec.exchange.hub.empty()) spec.exchange.hub = first_of(spec, placement, &PlacedSite::hub);
    if (spec.exchange.store.empty()) spec.exchange.store = first_of(spec, placement, &PlacedSite::store);
}

Status check_ways(const RunSpec& spec, const RunPlacement& placement) {
    const auto any = [&](std::string_view kind) {
        return std::any_of(spec.sites.begin(), spec.sites.end(),
                           [&](const SiteSpec& site) { return site.exchange == kind; });
    };
    if (spec.sites.size() < 2) return {};
    if (any("hub") && spec.exchange.hub.empty())
        return fail(Code::bad_input, "a site exchanges by hub and none is named: [exchange] hub");
    if (any("object-store") && spec.exchange.store.empty())
        return fail(Code::bad_input, "a site exchanges by object-store and none is named: [exchange] store");
    if (any("spool") && placement.spool.empty())
        return fail(Code::bad_input,
                    "a site of this run exchanges by spool, and site {} has none: its agent's file needs "
                    "[exchange] spool = DIR, and a relay that serves it",
                    placement.self);
    return {};
}

}  // namespace

Json to_json(const RunPlacement& placement) {
    Json sites = Json::array();
    for (const PlacedSite& site : placement.sites) sites.push_back(to_json(site));
    return Json{{"version", version},
                {"run", placement.run},
                {"self", placement.self},
                {"sites", std::move(sites)},
                {"quorum", placement.quorum},
                {"start_s", placement.start_s},
                {"folder", placement.folder.string()},
                {"data", placement.data.string()},
                {"listen", placement.listen},
                {"towards", placement.towards},
                {"spool", placement.spool},
                {"via", placement.via},
                {"interface", placement.interface},
                {"family", placement.family},
                {"progress_file", placement.progress_file.string()},
                {"peers_file", placement.peers_file.string()}};
}

Result<RunPlacement> parse_run_placement(std::string_view text) {
    EM_ASSIGN(const Json json, parse_json(text, run_placement_max_bytes));
    DocumentReader reader(json, "placement");
    RunPlacement placement;
    if (reader.integer("version", version, {0, INT32_MAX}) != version)
        reader.reject("version", "must be 1: this program reads no other version of placements");
    reader.needed_text("run", "\"j17\"", 64), placement.run = reader.id("run");
    reader.needed_text("self", "\"jupiter\"", 64), placement.self = reader.id("self");
    reader.each("sites", 64, [&](DocumentReader& entry) { placement.sites.push_back(read_site(entry)); });
    placement.quorum = reader.integer("quorum", 1, {1, 64});
    placement.start_s = reader.integer("start_s", 0, {0, start_most_s});
    placement.folder = reader.needed_text("folder", "\"/scratch/run\"", 4096);
    placement.data = reader.text("data", "", 4096);
    placement.listen = reader.text("listen", "", 300);
    placement.towards = reader.text("towards", "", 300);
    placement.spool = reader.text("spool", "", 4096);
    placement.via = reader.text("via", "", 4096);
    placement.interface = reader.text("interface", "", 64);
    placement.family = reader.choice("family", "any", {"any", "ipv4", "ipv6"});
    placement.progress_file = reader.text("progress_file", "", 4096);
    placement.peers_file = reader.text("peers_file", "", 4096);
    reader.finish();
    EM_TRY(reader.status());
    return placement;
}

Result<RunSpec> placed_run_spec(std::string_view run_file, const RunPlacement& placement) {
    EM_ASSIGN(RunSpec spec, parse_run_spec(run_file, placement.data / "run.toml"));
    EM_TRY(keep_chosen(spec, placement));
    EM_ASSIGN(spec.name, RunId::parse(placement.run, "run"));
    spec.folder = placement.folder;
    spec.pki = placement.folder / "pki";
    place_exchange(spec, placement);
    EM_TRY(check_ways(spec, placement));
    const auto sites = static_cast<std::int64_t>(spec.sites.size());
    // Two groups that cannot see each other, or follow one another, must not both go on: each would have a
    // chain of rounds of its own.
    spec.rounds.quorum = std::clamp(spec.rounds.quorum, sites / 2 + 1, sites);
    PlacedSpec placed;
    placed.progress_file = placement.progress_file;
    placed.peers_file = placement.peers_file;
    placed.starting_members = std::min(placement.quorum, sites);
    placed.start_s = placement.start_s;
    placed.listen = placement.listen;
    placed.towards = placement.towards;
    spec.placed = std::move(placed);
    return spec;
}

Result<std::map<std::string, std::string>> read_peers(const std::filesystem::path& file) {
    EM_ASSIGN(const std::string text, os::read_file(file, run_peers_max_bytes));
    EM_ASSIGN(const Json json, parse_json(text, run_peers_max_bytes));
    std::map<std::string, std::string> addresses;
    if (!json.is_object()) return fail(Code::bad_input, "{}: must be an object", file.string());
    for (const auto& [site, address] : json.items()) {
        if (!is_valid_id(site) || !address.is_string() || address.get_ref<const std::string&>().size() > 300)
            return fail(Code::bad_input, "{}: must name addresses by site", file.string());
        addresses[site] = address.get<std::string>();
    }
    return addresses;
}

Json peers_json(const std::map<std::string, std::string>& addresses) {
    return Json(addresses);
}

}  // namespace euromesh::contract

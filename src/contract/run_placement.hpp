// Where a federated run takes place: the sites that the coordinator chose, how each is reached, and what a
// site's own agent knows and nobody else needs.
//
// Why beside the run file: that stays as its author wrote it, the same bytes at every site, covered by the
// job's digest. A site's agent writes this document into the run's folder; `euromesh train --placement` lays
// it over the run file: only the chosen sites, in the order of the run file, the same everywhere, each by
// its own way; paths of texts are of the site's data folder; the run's folder and keys are here.
//
// Under a scheduler nobody knows beforehand on which node a site's trainer will listen. So the trainer tells
// its address when it listens (`progress_file`), the agent reports it, and those who dial look it up in
// `peers_file` each time they do: {"SITE":"HOST:PORT", ...}. Plain values; no thread rule.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::contract {

inline constexpr std::size_t run_placement_max_bytes = 64u << 10;
inline constexpr std::size_t run_peers_max_bytes = 64u << 10;

// What the others need to know of a site.
struct PlacedSite {
    std::string site;
    std::string exchange;  // direct | hub | object-store | spool; empty: as the run file says
    std::string hub;       // HOST:PORT that a site of kind hub uses
    std::string store;     // of kind object-store
    bool operator==(const PlacedSite&) const = default;
};

struct RunPlacement {
    std::string run;   // takes the place of [run] name: the job's id, so that no two runs are mixed up
    std::string self;  // this site
    std::vector<PlacedSite> sites;
    std::int64_t quorum = 1;   // a new run begins when so many are there
    std::int64_t start_s = 0;  // for the others to appear; 0: the usual time
    std::filesystem::path folder;
    std::filesystem::path data;  // texts' paths are relative to it
    std::string listen;   // HOST, HOST:PORT: what the others dial; empty: the address that leads to `towards`
    std::string towards;  // HOST:PORT
    std::string spool, via, interface;
    std::string family = "any";
    std::filesystem::path progress_file, peers_file;  // empty: none
    bool operator==(const RunPlacement&) const = default;
};

Json to_json(const RunPlacement& placement);
// bad_input: JSON pointer and what would be right.
Result<RunPlacement> parse_run_placement(std::string_view text);

// The run file as this placement has it. bad_input: what is wrong with the run file, or a site of the
// placement that it does not have.
Result<RunSpec> placed_run_spec(std::string_view run_file, const RunPlacement& placement);

// Addresses by site. An unfinished or strange file is bad_input; one that is not there not_found.
Result<std::map<std::string, std::string>> read_peers(const std::filesystem::path& file);
Json peers_json(const std::map<std::string, std::string>& addresses);

}  // namespace euromesh::contract

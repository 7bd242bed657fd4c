// What the agent of a centre announces: its systems and partitions, what is in them, when they are not there,
// and the centre's own rules.
//
// read_site_document() checks everything that can be checked alone; a SiteDocument in hand is valid. Who a
// site is in law (country, operator, whose share) is fixed when it is admitted: the document only may not
// contradict it. Times are milliseconds UTC, windows half-open. Documents of a version that is not known are
// refused. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace euromesh::contract {

inline constexpr std::size_t site_document_max_bytes = 512u << 10;

struct MaintenanceWindow {
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = 0;
    friend bool operator==(const MaintenanceWindow&, const MaintenanceWindow&) = default;
};

struct SitePartition {
    std::string id;           // unique in the site
    std::string system;       // "jupiter"
    std::string accelerator;  // kind, as in data/accelerators.csv; empty: none
    std::int64_t gpus = 0;
    std::int64_t gpus_per_node = 0;
    std::int64_t gpu_memory_mib = 0;
    std::int64_t max_duration_ms = 0;
    std::int64_t most_claims = 64;    // open at once
    std::int64_t watts_per_gpu = 0;   // 0: unknown
    std::int64_t wait_median_ms = 0;  // predicted start of a small job, from the site's queue
    std::int64_t wait_p90_ms = 0;
    std::vector<std::string> runtimes;  // container runtimes
    std::vector<MaintenanceWindow> maintenance;
    friend bool operator==(const SitePartition&, const SitePartition&) = default;
};

struct SiteDocument {
    std::string country;  // ISO 3166-1 alpha-2
    std::string op;       // who operates it
    std::string hosting;  // ju | national | private
    std::vector<std::string> labels;
    std::int64_t grid_grams_per_kwh = 0;  // 0: unknown
    std::int64_t quota_mgh = 0;           // milli-GPU-hours open at once that the site takes; 0: no limit
    std::string rules;                    // the site's own rule text; empty: none
    // What users may start there: names of templates, "program" for programs of their own; empty: anything.
    std::vector<std::string> templates;
    // How others reach its trainers: direct | hub | object-store | spool; empty: as a run file says.
    std::string exchange;
    std::string hub;    // HOST:PORT, of kind hub
    std::string store;  // of kind object-store
    std::vector<SitePartition> partitions;
    friend bool operator==(const SiteDocument&, const SiteDocument&) = default;
};

// bad_input: JSON pointer of the first thing that is wrong, and what would be right.
Result<SiteDocument> read_site_document(const Json& document);
Result<SiteDocument> parse_site_document(std::string_view text);

// All keys, always in the same order.
Json to_json(const SiteDocument& document);

}  // namespace euromesh::contract

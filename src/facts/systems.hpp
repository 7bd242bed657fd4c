// The machines: one row of systems.csv is one partition or site, each with the source of its figures.
//
// What the published sources do not say is nullopt, never zero and never a guess; an accelerator_count of 0
// means a system without accelerators. data/README.md describes every column and the counting rules (aliases
// carry no count). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/date.hpp"
#include "facts/fact_files.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

enum class SystemStatus { operational, installing, contracted, tender, selected, planned };
enum class SystemKind { eurohpc, ai_factory, national, planned };

struct System {
    std::string id = {};
    std::string name = {};
    SystemKind kind = SystemKind::planned;
    std::string place = {};          // town
    std::string country = {};        // ISO 3166-1 alpha-2
    std::optional<double> lat = {};  // degrees WGS84, town or campus
    std::optional<double> lon = {};
    std::string operator_name = {};
    SystemStatus status = SystemStatus::planned;
    std::optional<PartialDate> online_date = {};  // a future one is an expectation
    std::optional<PartialDate> retire_date = {};
    std::optional<std::string> accelerator = {};  // id in accelerators.csv; "none" for a system without
    std::optional<std::int64_t> accelerator_count = {};
    std::optional<std::int64_t> nodes = {};
    std::optional<std::int64_t> accel_per_node = {};
    std::optional<double> accel_mem_gb = {};            // as the vendor counts it, per accelerator
    std::optional<double> peak_fp16_dense_tflops = {};  // per accelerator, no sparsity
    std::optional<double> linpack_rmax_pflops = {};     // FP64 HPL, of the system
    std::optional<double> power_mw = {};                // during HPL, not of the site
    std::optional<std::string> interconnect = {};
    std::optional<double> wan_gbps = {};
    std::optional<std::string> scheduler = {};
    std::optional<std::string> container_runtime = {};
    Source source = {};
    std::string note = {};
};

std::string_view name_of(SystemStatus status);
std::string_view name_of(SystemKind kind);

const TableKind<System>& systems_table();

// bad_input with file, line, column and field; ids are unique.
Result<std::vector<System>> parse_systems(std::string_view text, std::string file);
Result<std::vector<System>> load_systems(const FactFiles& files);

// not_found: names the systems whose ids are most alike.
Result<System> find_system(const std::vector<System>& systems, std::string_view id);

// The accelerators that it is counted with: 0 for a system without or of unknown number, and for aliases.
std::int64_t counted_accelerators(const System& system);
// FLOP/s, dense FP16 or BF16; 0 where number or rate is unknown.
double peak_flops(const System& system);

}  // namespace euromesh::facts

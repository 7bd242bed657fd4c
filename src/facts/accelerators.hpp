// Accelerators: what the vendor states, and what large-model training reaches of it.
//
// Rates are dense (no sparsity) and in TFLOP/s of one accelerator as systems.csv counts them (an MI250X is
// one module). MFU is the fraction of the dense BF16 peak: `mfu` within a run that goes well, `wholejob_mfu`
// over all hours that were billed, restarts and evaluation included. Unknown is nullopt. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct MfuRange {
    std::optional<double> low = {};
    double central = 0;
    std::optional<double> high = {};
};

struct WholejobMfu {
    double min = 0;
    double median = 0;
    double max = 0;
};

struct Accelerator {
    std::string id = {};
    std::string name = {};
    std::string vendor = {};
    int year = 0;
    std::optional<double> memory_gb = {};
    std::optional<double> memory_bandwidth_gbs = {};
    std::optional<double> fp16_dense_tflops = {};
    std::optional<double> bf16_dense_tflops = {};
    std::optional<double> fp8_dense_tflops = {};
    std::optional<double> fp64_tflops = {};  // vector unit
    std::optional<double> tdp_w = {};
    std::string software_stack = {};
    std::optional<MfuRange> mfu = {};
    Source mfu_source = {};                        // its as_of is the row's
    std::optional<WholejobMfu> wholejob_mfu = {};  // computed from training_runs.csv
    std::int64_t wholejob_runs = 0;
    Source source = {};
    std::string evidence = {};
    std::string note = {};
};

const TableKind<Accelerator>& accelerators_table();
Result<std::vector<Accelerator>> load_accelerators(const FactFiles& files);

// not_found: names those most alike.
Result<Accelerator> find_accelerator(const std::vector<Accelerator>& accelerators, std::string_view id);

}  // namespace euromesh::facts

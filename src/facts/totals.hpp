// How many accelerators there are and what they could do together: by status, country, model or kind of
// system.
//
// Counting rule (data/README.md): every row of systems.csv counts with its accelerator_count. A row without
// one counts nothing and is told apart (`uncounted`): the number is not published, or the row is an alias of
// another. Rows with the accelerator "none" are processor systems and count nothing. A64FX nodes, which are
// processors that were used for training, count as the table has them and are told in a note. Peak is dense
// FP16 or BF16 as systems.csv states it, without sparsity. EU-27 is what countries.csv says. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "facts/fact_set.hpp"

namespace euromesh::facts {

struct Tally {
    std::int64_t systems = 0;  // rows with counted accelerators
    std::int64_t uncounted = 0;
    std::int64_t accelerators = 0;
    double peak_flops = 0;  // FLOP/s
};

struct Totals {
    std::string key = {};  // "operational", "DE", "a100-sxm-40", "national"; "unknown" where the row is blank
    Tally all = {};
    Tally eu27 = {};
    Tally outside = {};
    Tally operational = {};
    Tally under_way = {};  // any other status
};

enum class TotalBy { status, country, accelerator, kind };
const std::vector<std::string_view>& total_by_names();  // in the order of the enumerators

struct TotalsTable {
    TotalBy by = TotalBy::status;
    // By status in the order of a system's life, each of them; else the largest operational peak first.
    std::vector<Totals> rows = {};
    Totals sum = {};               // key "total"
    std::int64_t a64fx_nodes = 0;  // in the sum
};

TotalsTable totals_table(const FactSet& facts, TotalBy by);

// {"by", "rows": [{"key", "all": {"systems", "uncounted", "accelerators", "peak_fp16_flops"}, "eu27", ...}],
// "sum", "a64fx_nodes"}
Json to_json(const TotalsTable& table);
// With the split between EU-27 and outside by status, else between operational and under way.
std::string in_words(const TotalsTable& table);

}  // namespace euromesh::facts

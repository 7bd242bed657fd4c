// What one accelerator computes, draws and costs in training.
//
// Dense BF16 peak (FP16 for cards without BF16), MFU over the whole job (restarts, evaluation and
// long-context phases included) or within a run, watts, and the price of an hour. Every figure keeps its
// source; what is derived says how. Pure functions. Sources and rules: docs/models/rates.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facts/fact_set.hpp"
#include "planner/figure.hpp"
#include "planner/spread.hpp"

namespace euromesh::planner {

struct SourcedSpread {
    Spread spread;
    facts::Source source;
    std::string note;
};

// FLOP/s; nullopt: nobody has published it.
std::optional<double> dense_peak(const facts::Accelerator& accelerator);

// nullopt: nobody has published anything to derive it from.
std::optional<SourcedSpread> whole_job_mfu(const facts::Accelerator& accelerator);
std::optional<SourcedSpread> in_run_mfu(const facts::Accelerator& accelerator);

// By its rate: cards up to 600 TFLOP/s are priced as an A100, up to 1,500 as an H100, beyond as a B200.
enum class PriceClass { a100, h100, b200 };
PriceClass price_class(double peak_flop_per_s);
std::string_view name_of(PriceClass price_class);

// EUR for an accelerator-hour on demand; USD rows are turned into EUR. bad_input: costs.csv lacks the row.
Result<SourcedSpread> hour_price(const std::vector<facts::Cost>& costs, PriceClass price_class);
// EUR for an accelerator with its part of the system (new systems), or as sold used (a100).
Result<SourcedSpread> capital_price(const std::vector<facts::Cost>& costs, PriceClass price_class);
// EUR for a watt of building.
Result<SourcedSpread> building_price(const std::vector<facts::Cost>& costs);

// Watts of one card with its part of the host: the system's measured power over its cards, or the card's TDP
// times what such systems draw above it. nullopt: neither is known.
std::optional<SourcedSpread> watts_per_card(const facts::System& system, const facts::Accelerator& card);
std::optional<SourcedSpread> watts_per_card(const facts::Accelerator& card);

}  // namespace euromesh::planner

#include "planner/rates.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace euromesh::planner {
namespace {

// Whole-job over in-run MFU: measured medians are 0.65 (H100, 4 runs) and 0.8 (A100, 8 runs), data/README.md.
constexpr Spread whole_job_part = {0.55, 0.70, 0.90};
// A single published run says little about the next one.
constexpr Spread of_one_run = {0.7, 1.0, 1.2};
// HPL power over cards x TDP: LUMI-G 1.07, Leonardo 1.23, JUPITER 0.99, MareNostrum 5 1.33 (systems.csv).
constexpr Spread host_part = {1.0, 1.25, 1.4};

Spread scaled(const Spread& spread, const Spread& by) {
    return {spread.low * by.low, spread.central * by.central, spread.high * by.high};
}

Spread around(const facts::MfuRange& range) {
    Spread spread = {range.low.value_or(range.central * of_one_run.low), range.central,
                     range.high.value_or(range.central * of_one_run.high)};
    spread.high = std::min(spread.high, 1.0);
    return spread;
}

facts::Source weaker(facts::Source source) {
    source.grade = facts::Grade::c;
    return source;
}

Result<double> euros_per(const facts::Cost& cost, const std::vector<facts::Cost>& costs) {
    if (cost.currency.value_or("EUR") == "EUR") return 1.0;
    EM_ASSIGN(const facts::Cost rate, facts::find_cost(costs, "fx-usd"));
    return rate.central.value_or(1);
}

Result<SourcedSpread> price_of_row(const std::vector<facts::Cost>& costs, std::string_view id, double scale) {
    EM_ASSIGN(const facts::Cost cost, facts::find_cost(costs, id));
    if (!cost.central)
        return fail(Code::bad_input, "costs: {}: central is unknown, the planner needs it", id);
    EM_ASSIGN(const double euros, euros_per(cost, costs));
    const double factor = euros * scale;
    return SourcedSpread{{cost.low.value_or(*cost.central) * factor, *cost.central * factor,
                          cost.high.value_or(*cost.central) * factor},
                         cost.source,
                         cost.item + " (" + cost.period + ")"};
}

}  // namespace

std::optional<double> dense_peak(const facts::Accelerator& accelerator) {
    const auto tflops =
        accelerator.bf16_dense_tflops ? accelerator.bf16_dense_tflops : accelerator.fp16_dense_tflops;
    if (!tflops) return std::nullopt;
    return *tflops * 1e12;
}

std::optional<SourcedSpread> whole_job_mfu(const facts::Accelerator& accelerator) {
    if (accelerator.wholejob_mfu) {
        const facts::WholejobMfu& mfu = *accelerator.wholejob_mfu;
        Spread spread = {mfu.min, mfu.median, mfu.max};
        if (mfu.min == mfu.max) spread = scaled(spread, of_one_run);
        return SourcedSpread{
            spread,
            {"published runs (training_runs.csv): 6ND over all billed accelerator-hours", "",
             accelerator.source.as_of, accelerator.wholejob_runs > 1 ? facts::Grade::b : facts::Grade::c},
            fmt::format("{} run{}", accelerator.wholejob_runs,
                        accelerator.wholejob_runs == 1 ? ", widened by 0.7 and 1.2" : "s")};
    }
    const auto in_run = in_run_mfu(accelerator);
    if (!in_run) return std::nullopt;
    return SourcedSpread{scaled(in_run->spread, whole_job_part), weaker(in_run->source),
                         "in-run MFU times 0.70 (0.55 to 0.90): measured for A100 and H100 only"};
}

std::optional<SourcedSpread> in_run_mfu(const facts::Accelerator& accelerator) {
    if (!accelerator.mfu) return std::nullopt;
    return SourcedSpread{around(*accelerator.mfu), accelerator.mfu_source, ""};
}

PriceClass price_class(double peak_flop_per_s) {
    if (peak_flop_per_s <= 600e12) return PriceClass::a100;
    return peak_flop_per_s <= 1500e12 ? PriceClass::h100 : PriceClass::b200;
}

std::string_view name_of(PriceClass price_class) {
    switch (price_class) {
        case PriceClass::a100:
            return "A100 class";
        case PriceClass::h100:
            return "H100 class";
        case PriceClass::b200:
            return "B200 class";
    }
    return "";
}

Result<SourcedSpread> hour_price(const std::vector<facts::Cost>& costs, PriceClass price_class) {
    switch (price_class) {
        case PriceClass::a100:
            return price_of_row(costs, "gpuh-a100-80", 1);
        case PriceClass::h100:
            return price_of_row(costs, "gpuh-h100", 1);
        case PriceClass::b200:
            return price_of_row(costs, "gpuh-b200", 1);
    }
    return fail(Code::internal, "a price class without a row");
}

Result<SourcedSpread> capital_price(const std::vector<facts::Cost>& costs, PriceClass price_class) {
    switch (price_class) {
        case PriceClass::a100:
            return price_of_row(costs, "used-a100", 1);
        case PriceClass::h100:
            return price_of_row(costs, "sys-lisa", 1);
        case PriceClass::b200:
            return price_of_row(costs, "sys-hammerhai", 1);
    }
    return fail(Code::internal, "a price class without a row");
}

Result<SourcedSpread> building_price(const std::vector<facts::Cost>& costs) {
    return price_of_row(costs, "capex-europe-2023", 1);  // EUR million per MW is EUR per W
}

std::optional<SourcedSpread> watts_per_card(const facts::Accelerator& card) {
    if (!card.tdp_w) return std::nullopt;
    return SourcedSpread{scaled(Spread::certain(*card.tdp_w), host_part), weaker(card.source),
                         "TDP times 1.25 (1.0 to 1.4), what four EuroHPC systems draw above it under HPL"};
}

std::optional<SourcedSpread> watts_per_card(const facts::System& system, const facts::Accelerator& card) {
    if (!system.power_mw || system.accelerator_count.value_or(0) == 0) return watts_per_card(card);
    const double watts = *system.power_mw * 1e6 / static_cast<double>(*system.accelerator_count);
    return SourcedSpread{Spread::certain(watts), system.source, "power under HPL over its cards"};
}

}  // namespace euromesh::planner

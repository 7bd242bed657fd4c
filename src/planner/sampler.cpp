#include "planner/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/assert.hpp"

namespace euromesh::planner {
namespace {

// Shares are typed in by people: 0.7 + 0.3 may be a little above 1.
constexpr double rounding = 1e-9;

bool has_common_part(const UncertainInput& input) {
    return !input.spread.is_certain() && (input.europe > 0 || input.group_share > 0);
}

double own_share(const UncertainInput& input) {
    return 1 - input.europe - input.group_share;
}

bool has_own_part(const UncertainInput& input) {
    return !input.spread.is_certain() && own_share(input) > rounding;
}

Status check_shares(const UncertainInput& input) {
    const bool in_range = input.europe >= 0 && input.group_share >= 0 && own_share(input) >= -rounding;
    if (!in_range)
        return fail(Code::bad_input, "{}: shares of common doubt, europe {} and group {}, need 0 to 1 in all",
                    input.id, input.europe, input.group_share);
    if (input.group_share > 0 && input.group.empty())
        return fail(Code::bad_input, "{}: {} of its doubt is its group's, but it names none", input.id,
                    input.group_share);
    return {};
}

Status check_inputs(const std::vector<UncertainInput>& inputs) {
    std::set<std::string> ids;
    for (const UncertainInput& input : inputs) {
        EM_TRY(check(input.spread, input.id));
        EM_TRY(check_shares(input));
        if (!ids.insert(input.id).second)
            return fail(Code::bad_input, "uncertain input '{}' is there twice; ids must differ", input.id);
    }
    return {};
}

}  // namespace

Result<Sampler> Sampler::make(std::vector<UncertainInput> inputs, std::uint64_t seed) {
    EM_TRY(check_inputs(inputs));
    Sampler sampler(std::move(inputs));
    if (sampler.factors() > SobolSequence::max_dimensions)
        return fail(Code::bad_input, "{} independent doubts; the sampler can tell {} apart",
                    sampler.factors(), SobolSequence::max_dimensions);
    if (sampler.factors() > 0) sampler.sequence_.emplace(sampler.factors(), seed);
    return sampler;
}

Sampler::Sampler(std::vector<UncertainInput> inputs) : inputs_(std::move(inputs)) {
    add_common_factors();
    add_own_factors();
    for (const UncertainInput& input : inputs_) quantiles_.push_back(quantile_of(input.spread));
}

void Sampler::add_common_factors() {
    const auto uses_europe = [](const UncertainInput& input) {
        return has_common_part(input) && input.europe > 0;
    };
    if (std::any_of(inputs_.begin(), inputs_.end(), uses_europe)) factors_.push_back({"europe", "Europe"});
    for (const UncertainInput& input : inputs_) {
        if (!has_common_part(input) || input.group_share <= 0) continue;
        const std::string& id = input.group;
        const auto same = [&](const Factor& factor) { return factor.id == id; };
        if (std::none_of(factors_.begin(), factors_.end(), same)) factors_.push_back({id, id});
    }
    common_factors_ = factors_.size();
}

std::size_t Sampler::group_factor(const std::string& group) const {
    const auto same = [&](const Factor& factor) { return factor.id == group; };
    return static_cast<std::size_t>(std::find_if(factors_.begin(), factors_.end(), same) - factors_.begin());
}

void Sampler::add_own_factors() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        const UncertainInput& input = inputs_[i];
        own_factor_.push_back(has_own_part(input) ? factors_.size() : 0);
        if (has_own_part(input)) factors_.push_back({input.id, input.label});
        if (!has_common_part(input)) continue;
        correlated_.push_back({.input = i,
                               .group = input.group_share > 0 ? group_factor(input.group) : 0,
                               .europe_weight = std::sqrt(input.europe),
                               .group_weight = std::sqrt(input.group_share),
                               .own_weight = has_own_part(input) ? std::sqrt(own_share(input)) : 0});
    }
}

Sampler::Quantile Sampler::quantile_of(const Spread& spread) {
    const double width = spread.high - spread.low;
    if (spread.shape == Spread::Shape::uniform || spread.is_certain())
        return {.split = 2, .slope = width, .piece = {Piece{.bound = spread.low}, Piece{}}};
    const double rise = spread.central - spread.low;
    return {.split = rise / width,
            .piece = {Piece{.bound = spread.low, .sign = 1, .scale = width * rise, .origin = 0},
                      Piece{.bound = spread.high, .sign = -1, .scale = width * (width - rise), .origin = 1}}};
}

// Until the last loop `values` holds the uniform number of each input.
void Sampler::map_row(const double* uniforms, double* values, std::vector<double>& scores) const {
    const NormalTable& normal = NormalTable::shared();
    for (std::size_t i = 0; i < inputs_.size(); ++i) values[i] = uniforms[own_factor_[i]];
    for (std::size_t i = 0; i < common_factors_; ++i) scores[i] = normal.quantile(uniforms[i]);
    for (const Correlated& c : correlated_)
        values[c.input] = normal.cdf(c.europe_weight * scores[0] + c.group_weight * scores[c.group] +
                                     c.own_weight * normal.quantile(values[c.input]));
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        const double u = values[i];
        const Quantile& quantile = quantiles_[i];
        const Piece& piece = quantile.piece[u < quantile.split ? 0 : 1];
        values[i] = piece.bound + piece.sign * std::sqrt(piece.scale * std::abs(u - piece.origin)) +
                    quantile.slope * u;
    }
}

void Sampler::map(std::span<const double> uniforms, std::span<double> values) const {
    EM_ASSERT(uniforms.size() == factors() && values.size() == inputs(), "one number a factor, one an input");
    std::vector<double> scores(common_factors_);
    const double nothing = 0.5;
    map_row(uniforms.empty() ? &nothing : uniforms.data(), values.data(), scores);
}

void Sampler::draw(std::uint64_t first, std::span<double> rows) const {
    if (inputs_.empty()) return;
    const std::size_t count = rows.size() / inputs();
    EM_ASSERT(rows.size() == count * inputs(), "whole scenarios only");
    if (!sequence_) {
        for (std::size_t k = 0; k < count; ++k) map({}, rows.subspan(k * inputs(), inputs()));
        return;
    }
    std::vector<double> uniforms(count * factors());
    std::vector<double> scores(common_factors_);
    sequence_->points(first, uniforms);
    for (std::size_t k = 0; k < count; ++k)
        map_row(uniforms.data() + k * factors(), rows.data() + k * inputs(), scores);
}

std::vector<double> Sampler::central() const {
    std::vector<double> values;
    for (const UncertainInput& input : inputs_) values.push_back(input.spread.central);
    return values;
}

}  // namespace euromesh::planner

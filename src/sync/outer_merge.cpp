#include "sync/outer_merge.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {

using contract::Layout;

constexpr double direction_least = 1e-6;

double norm_of(std::span<const float> values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(sum);
}

double weighted_sum(std::span<const std::span<const float>> vectors, std::span<const double> factors,
                    std::size_t at) {
    double sum = 0;
    for (std::size_t m = 0; m < vectors.size(); ++m) sum += factors[m] * static_cast<double>(vectors[m][at]);
    return sum;
}

// How much of a direction of this length to take, so that it gets this length.
double scale_of(double direction, double length) {
    return direction < direction_least ? 0.0 : length / direction;
}

// The tensor at [begin, begin + size) of all vectors.
void merge_tensor(std::span<const std::span<const float>> vectors, std::span<const double> weights,
                  std::size_t begin, std::span<float> merged) {
    std::vector<double> factors(vectors.size(), 0.0);
    double length = 0, squares = 0;
    for (std::size_t m = 0; m < vectors.size(); ++m) {
        const double norm = norm_of(vectors[m].subspan(begin, merged.size()));
        length += weights[m] * norm;
        if (norm > 0) factors[m] = weights[m] / norm;
    }
    for (std::size_t i = 0; i < merged.size(); ++i) {
        const double value = weighted_sum(vectors, factors, begin + i);
        squares += value * value;
    }
    const double scale = scale_of(std::sqrt(squares), length);
    for (std::size_t i = 0; i < merged.size(); ++i) {
        merged[i] = static_cast<float>(scale * weighted_sum(vectors, factors, begin + i));
    }
}

// Calls visit(tensor, begin, size) in the order of the layout.
template <class Visit>
void for_each_tensor(const Layout& layout, std::size_t values, Visit visit) {
    EM_ASSERT(contract::value_count(layout) == values, "a vector of this layout");
    std::size_t begin = 0;
    for (const contract::TensorSpec& tensor : layout) {
        visit(tensor, begin, tensor.size());
        begin += tensor.size();
    }
}

std::vector<double> normalised(std::span<const double> weights) {
    double total = 0;
    for (const double weight : weights) {
        EM_ASSERT(weight > 0, "a contribution counts");
        total += weight;
    }
    std::vector<double> parts;
    for (const double weight : weights) parts.push_back(weight / total);
    return parts;
}

}  // namespace

MergeRule merge_rule_of(std::string_view tensor) {
    const auto has = [&](std::string_view part) { return tensor.find(part) != std::string_view::npos; };
    return has("embed_tokens") || has("lm_head") ? MergeRule::mean : MergeRule::rda;
}

void rda_merge(const Layout& layout, std::span<const std::span<const float>> vectors,
               std::span<const double> weights, std::span<float> merged) {
    EM_ASSERT(!vectors.empty() && vectors.size() == weights.size(), "one weight a site, and a site at least");
    for (const auto& vector : vectors) EM_ASSERT(vector.size() == merged.size(), "vectors of one size");
    const std::vector<double> parts = normalised(weights);
    for_each_tensor(layout, merged.size(), [&](const auto& tensor, std::size_t begin, std::size_t size) {
        const auto out = merged.subspan(begin, size);
        if (merge_rule_of(tensor.name) == MergeRule::rda) return merge_tensor(vectors, parts, begin, out);
        for (std::size_t i = 0; i < size; ++i) {
            out[i] = static_cast<float>(weighted_sum(vectors, parts, begin + i));
        }
    });
}

void rda_directions(const Layout& layout, std::span<const float> vector, std::span<float> out) {
    EM_ASSERT(vector.size() == out.size(), "two buffers of one size");
    for_each_tensor(layout, vector.size(), [&](const auto& tensor, std::size_t begin, std::size_t size) {
        const auto from = vector.subspan(begin, size);
        const bool is_rda = merge_rule_of(tensor.name) == MergeRule::rda;
        const double norm = is_rda ? norm_of(from) : 1.0;
        for (std::size_t i = 0; i < size; ++i) {
            out[begin + i] = norm > 0 ? static_cast<float>(static_cast<double>(from[i]) / norm) : 0.0f;
        }
    });
}

std::vector<float> rda_lengths(const Layout& layout, std::span<const float> vector) {
    std::vector<float> lengths;
    for_each_tensor(layout, vector.size(), [&](const auto&, std::size_t begin, std::size_t size) {
        lengths.push_back(static_cast<float>(norm_of(vector.subspan(begin, size))));
    });
    return lengths;
}

void rda_join(const Layout& layout, std::span<const float> lengths, std::span<float> directions) {
    EM_ASSERT(lengths.size() == layout.size(), "one length a tensor");
    std::size_t index = 0;
    for_each_tensor(layout, directions.size(), [&](const auto& tensor, std::size_t begin, std::size_t size) {
        const double length = static_cast<double>(lengths[index++]);
        if (merge_rule_of(tensor.name) == MergeRule::mean) return;
        const auto values = directions.subspan(begin, size);
        const double scale = scale_of(norm_of(values), length);
        for (float& value : values) value = static_cast<float>(scale * static_cast<double>(value));
    });
}

}  // namespace euromesh::sync

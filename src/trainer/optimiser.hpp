// What an inner optimiser does to which part of the flat parameters: the part that is the same on every
// device. Plain values, no thread rule.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "contract/layout.hpp"
#include "trainer/schedule.hpp"

namespace euromesh::trainer {

// muon: orthogonalised momentum for the matrices inside the layers (Jordan et al. 2024), AdamW for the rest.
enum class Method { adamw, muon };

struct OptimiserConfig {
    Method method = Method::adamw;
    Schedule schedule = {};  // its peak is AdamW's
    double beta1 = 0.9;
    double beta2 = 0.95;
    double epsilon = 1e-8;
    double weight_decay = 0.1;  // matrices only, decoupled
    double clip = 1.0;          // of the gradient's norm; 0 turns it off
    double muon_rate = 0.02;    // peak; updates are scaled by sqrt(max(1, rows / columns))
    double muon_momentum = 0.95;

    bool operator==(const OptimiserConfig&) const = default;
};

// bad_input: names the field.
Status validate(const OptimiserConfig& config);

// "adamw", "muon".
Result<Method> parse_method(std::string_view text);

// A run of values that are updated alike. rows and columns are set for muon only, which treats each matrix
// by itself.
struct Segment {
    std::size_t begin = 0;
    std::size_t count = 0;
    bool decay = false;
    bool muon = false;
    std::size_t rows = 0;
    std::size_t columns = 0;

    bool operator==(const Segment&) const = default;
};

// Covers the layout without gap or overlap; neighbours that are updated alike by AdamW are one segment.
std::vector<Segment> update_segments(const contract::Layout& layout, Method method);

// The numbers of one update. Steps count from 1 here: the bias corrections divide by 1 - beta^step.
struct Update {
    float scale = 1;  // clipping: the gradient is multiplied by it
    float rate = 0;
    float muon_rate = 0;
    float first_correction = 1;   // 1 / (1 - beta1^step)
    float second_correction = 1;  // 1 / (1 - beta2^step)
};
Update make_update(const OptimiserConfig& config, std::uint64_t steps_done, double gradient_norm);

// Newton-Schulz iteration x <- a x + (b A + c A^2) x with A = x x^T: the odd polynomial of Jordan et al. that
// moves every singular value near 1 in five steps.
inline constexpr int muon_iterations = 5;
inline constexpr float muon_a = 3.4445f;
inline constexpr float muon_b = -4.7750f;
inline constexpr float muon_c = 2.0315f;

}  // namespace euromesh::trainer

// The model's shape: a decoder-only transformer as Llama has it (RMSNorm, RoPE with rotated halves, SwiGLU,
// no biases), named tensor by tensor as Hugging Face names them, so that an exported folder loads there.
//
// No torch here: shape, names, initial values and config.json are plain data. Plain values, no thread rule.
#pragma once

#include <cstdint>
#include <span>

#include "base/json.hpp"
#include "base/result.hpp"
#include "contract/layout.hpp"

namespace euromesh::trainer {

struct ModelConfig {
    std::size_t vocab = 256;  // one token per byte
    std::size_t dim = 128;
    std::size_t layers = 4;
    std::size_t heads = 4;
    std::size_t hidden = 336;  // of the feed-forward block
    std::size_t context = 64;  // tokens a window
    bool tied = true;          // the output matrix is the embedding
    double rope_theta = 10000;
    double norm_eps = 1e-5;

    std::size_t head_size() const { return dim / heads; }
    bool operator==(const ModelConfig&) const = default;
};

// How the large matrix products round their operands; sums, weights and the optimiser are always fp32.
// automatic: bf16 where the device has it in hardware and gains by it (CUDA; processors with AVX512-BF16).
enum class Precision { automatic, fp32, bf16 };

// "auto", "fp32", "bf16".
Result<Precision> parse_precision(std::string_view text);

// bad_input: names the field, its value and what would be right.
Status validate(const ModelConfig& config);

// Per layer q, k, v, o, gate, up, down, then the two norms: q|k|v and gate|up lie next to each other, so that
// each group is one matrix product.
contract::Layout model_layout(const ModelConfig& config);

// Multiply-adds times two of one training step, per token: 6 per matrix value, and attention.
double training_flop_per_token(const ModelConfig& config);

// Normal(0, 0.02), projections into the residual stream divided by sqrt(2 * layers), norms 1. Integer sums
// and correctly rounded operations only: the same seed gives the same bits on every machine.
void initial_parameters(const ModelConfig& config, std::uint64_t seed, std::span<float> out);

// config.json of LlamaForCausalLM, both ways. bad_input: a field is missing or of another kind of model.
Json to_hugging_face(const ModelConfig& config);
Result<ModelConfig> from_hugging_face(const Json& json, std::string_view where);

}  // namespace euromesh::trainer

// The named tensors of a model, in the order in which their values lie in one flat buffer.
//
// All sites of a run must have the same layout: its digest is compared when a peer says hello. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace euromesh::contract {

struct TensorSpec {
    std::string name;  // Hugging Face Llama name, e.g. "model.layers.0.self_attn.q_proj.weight"
    std::vector<std::int64_t> shape;  // [out, in] for matrices, row-major

    std::size_t size() const {
        return static_cast<std::size_t>(
            std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
    }
    bool operator==(const TensorSpec&) const = default;
};

using Layout = std::vector<TensorSpec>;

std::size_t value_count(const Layout& layout);

// SHA-256 in hexadecimal over names and shapes.
std::string layout_digest(const Layout& layout);

}  // namespace euromesh::contract

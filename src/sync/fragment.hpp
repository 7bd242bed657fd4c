// Which values of the flat buffer are reduced together.
//
// Why: reducing a model in F fragments at different moments needs F times less bandwidth at the peak
// (Streaming DiLoCo, arXiv 2501.18512). Tensors of one layer stay together; layers go to fragments in
// strides (layer l to fragment l mod F, moved only as far as balance by bytes needs), so that each fragment
// holds early and late layers. Tensors without a layer number (embeddings, head, last norm) go to the
// lightest fragment.
//
// Pure: the same layout gives the same fragments at all sites. Every value is in exactly one fragment.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "contract/layout.hpp"

namespace euromesh::sync {

struct ValueRange {
    std::size_t offset = 0;
    std::size_t count = 0;
    bool operator==(const ValueRange&) const = default;
};

// Ranges rise and neither touch nor overlap.
struct Fragment {
    std::vector<ValueRange> ranges;
    std::size_t size() const;
};

// bad_input: no fragments asked for, or more than there are groups of tensors to spread.
Result<std::vector<Fragment>> make_fragments(const contract::Layout& layout, std::size_t count);

// Between the flat buffer and the fragment's values one after another. Sizes are asserted.
void gather(const Fragment& fragment, std::span<const float> flat, std::span<float> values);
void scatter(const Fragment& fragment, std::span<const float> values, std::span<float> flat);

}  // namespace euromesh::sync

// Causal attention of HostModel, one head of one window at a time.
//
// Rows of qkv hold q, k and v of all heads one after another. The backward pass replaces q, k and v by their
// gradients in place: every right operand is packed, hence copied, before anything is overwritten.
#include <cmath>

#include "trainer/host_model.hpp"

namespace euromesh::trainer {

void HostModel::rotate_heads(AlignedFloats& qkv, const Slice& slice, float direction) {
    const std::size_t row = 3 * config_.dim, half = config_.head_size() / 2;
    for (std::size_t window = 0; window < slice.windows; ++window) {
        float* first = qkv.data() + window * slice.time * row;
        // q and k lie next to each other: 2 * heads heads in a row.
        for (std::size_t head = 0; head < 2 * config_.heads; ++head)
            kernels_.rotate(slice.time, half, first + head * config_.head_size(), row, cosine_.data(),
                            sine_.data(), direction);
    }
}

void HostModel::attention(LayerActivations& layer, const Slice& slice) {
    rotate_heads(layer.qkv, slice, 1);
    const std::size_t time = slice.time, dim = config_.dim;
    for (std::size_t window = 0; window < slice.windows; ++window) {
        for (std::size_t head = 0; head < config_.heads; ++head) {
            const std::size_t offset = head * config_.head_size();
            attention_head(layer.qkv.data() + window * time * 3 * dim + offset,
                           layer.weights.data() + (window * config_.heads + head) * time * time,
                           layer.mixed.data() + window * time * dim + offset, time);
        }
    }
}

void HostModel::attention_head(const float* qkv, float* weights, float* mixed, std::size_t time) {
    const std::size_t dim = config_.dim, row = 3 * dim, size = config_.head_size();
    float* packed = head_panel_.data();
    kernels_.pack(
        {.depth = size, .columns = time, .from = qkv + dim, .depth_stride = 1, .column_stride = row}, packed);
    kernels_.multiply({.rows = time,
                       .columns = time,
                       .depth = size,
                       .left = qkv,
                       .left_row = row,
                       .packed = packed,
                       .out = weights,
                       .out_row = time,
                       .part = Part::lower_result});
    kernels_.causal_softmax(time, weights, time, 1.0f / std::sqrt(static_cast<float>(size)));
    kernels_.pack({.depth = time, .columns = size, .from = qkv + 2 * dim, .depth_stride = row}, packed);
    kernels_.multiply({.rows = time,
                       .columns = size,
                       .depth = time,
                       .left = weights,
                       .left_row = time,
                       .packed = packed,
                       .out = mixed,
                       .out_row = dim,
                       .part = Part::lower_left});
}

void HostModel::attention_back(LayerActivations& layer, const Slice& slice) {
    const std::size_t time = slice.time, dim = config_.dim;
    for (std::size_t window = 0; window < slice.windows; ++window) {
        for (std::size_t head = 0; head < config_.heads; ++head) {
            const std::size_t offset = head * config_.head_size();
            attention_head_back(layer.qkv.data() + window * time * 3 * dim + offset,
                                layer.weights.data() + (window * config_.heads + head) * time * time,
                                branch_.data() + window * time * dim + offset, time);
        }
    }
    rotate_heads(layer.qkv, slice, -1);
}

void HostModel::attention_head_back(float* qkv, const float* weights, const float* dmixed, std::size_t time) {
    const std::size_t dim = config_.dim, row = 3 * dim, size = config_.head_size();
    const std::size_t values = kernels_.packed_size(time, size);
    float* q = head_panel_.data();
    float* k = q + values;
    float* d = k + values;
    float* v = d + values;
    kernels_.pack({.depth = time, .columns = size, .from = qkv, .depth_stride = row}, q);
    kernels_.pack({.depth = time, .columns = size, .from = qkv + dim, .depth_stride = row}, k);
    kernels_.pack({.depth = time, .columns = size, .from = dmixed, .depth_stride = dim}, d);
    kernels_.pack(
        {.depth = size, .columns = time, .from = qkv + 2 * dim, .depth_stride = 1, .column_stride = row}, v);

    Product product{
        .rows = time, .columns = time, .depth = size, .left = dmixed, .left_row = dim, .packed = v};
    product.out = head_scores_.data();
    product.out_row = time;
    product.part = Part::lower_result;
    kernels_.multiply(product);
    kernels_.causal_softmax_back(time, weights, head_scores_.data(), time,
                                 1.0f / std::sqrt(static_cast<float>(size)));

    product = {.rows = time,
               .columns = size,
               .depth = time,
               .left = head_scores_.data(),
               .left_row = time,
               .packed = k};
    product.out_row = row;
    product.out = qkv;
    product.part = Part::lower_left;
    kernels_.multiply(product);

    product.left_row = 1;
    product.left_depth = time;
    product.part = Part::upper_left;
    product.packed = q;
    product.out = qkv + dim;
    kernels_.multiply(product);

    product.left = weights;
    product.packed = d;
    product.out = qkv + 2 * dim;
    kernels_.multiply(product);
}

}  // namespace euromesh::trainer

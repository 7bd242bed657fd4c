// The inner loops of training on a processor, compiled several times for different vector units and chosen
// at run time: one source, so that the baseline build still uses what the machine has.
//
// Matrices are row-major fp32. The right operand of a product is packed once into panels of `panel` columns
// and used many times; the left one and the result are read and written where they lie. Products use fused
// multiply-add where the machine has it: results of different machines agree to rounding, not in bits (parity
// between sites is asked of the merged outer state only). All functions are pure apart from what they write;
// safe from several threads on different outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace euromesh::trainer {

// Which part of a product is known to be zero or not wanted, for causal attention over T x T matrices.
enum class Part {
    full,
    lower_result,  // only out[i][n <= i] is wanted (more may be written)
    lower_left,    // left[i][k] is zero for k > i
    upper_left,    // left[i][k] is zero for k < i
};

// out[i][n] = add[i][n] + sum over k of left[i * left_row + k * left_depth] * right[k][n].
struct Product {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t depth = 0;
    const float* left = nullptr;
    std::size_t left_row = 0;
    std::size_t left_depth = 1;
    const float* packed = nullptr;
    const float* add = nullptr;  // with the row stride of out, may be out itself; null: zero
    float* out = nullptr;
    std::size_t out_row = 0;
    Part part = Part::full;
};

// right[k][n] = from[k * depth_stride + n * column_stride]
struct Packing {
    std::size_t depth = 0;
    std::size_t columns = 0;
    const float* from = nullptr;
    std::size_t depth_stride = 0;
    std::size_t column_stride = 1;
};

struct AdamW {
    float scale = 1, rate = 0, decay = 0;
    float beta1 = 0, beta2 = 0, epsilon = 0;
    float first_correction = 1, second_correction = 1;
};

struct Kernels {
    const char* name;
    std::size_t panel;

    void (*multiply)(const Product& product);
    void (*pack)(const Packing& packing, float* packed);

    // y = x * r * w with r = 1 / sqrt(mean(x^2) + eps), kept in `inverse`.
    void (*norm)(std::size_t rows, std::size_t dim, const float* x, const float* w, float eps, float* y,
                 float* inverse);
    // dx += , dw +=
    void (*norm_back)(std::size_t rows, std::size_t dim, const float* x, const float* w, const float* inverse,
                      const float* dy, float* dx, float* dw);
    // One head's T rows in place: pairs (i, i + half) turn by the angle of their row; direction is 1 or -1.
    void (*rotate)(std::size_t time, std::size_t half, float* x, std::size_t row, const float* cosine,
                   const float* sine, float direction);
    // Row i in place: softmax(scale * s[0..i]), zero beyond i.
    void (*causal_softmax)(std::size_t time, float* s, std::size_t row, float scale);
    // dp becomes the gradient of s; p is what causal_softmax made.
    void (*causal_softmax_back)(std::size_t time, const float* p, float* dp, std::size_t row, float scale);
    // Rows hold gate then up, `hidden` values each; out = silu(gate) * up.
    void (*swiglu)(std::size_t rows, std::size_t hidden, const float* gate_up, float* out);
    // gate_up is replaced by its gradient.
    void (*swiglu_back)(std::size_t rows, std::size_t hidden, float* gate_up, const float* dout);
    // Sum of -log softmax(scores)[target]; scores become scale * their gradient unless scale is 0.
    double (*cross_entropy)(std::size_t rows, std::size_t vocab, float* scores, const std::uint8_t* targets,
                            float scale);

    double (*sum_of_squares)(std::size_t count, const float* x);
    void (*adamw)(std::size_t count, const AdamW& numbers, const float* g, float* p, float* m, float* v);
    // y = a * x + b * y
    void (*blend)(std::size_t count, float a, const float* x, float b, float* y);

    // As multiply and pack, with both operands rounded to bfloat16 and sums in fp32; Part::full and
    // lower_result only. Null where the machine has no such instruction. scratch holds rows * ((depth + 1) /
    // 2) floats.
    void (*multiply_half)(const Product& product, float* scratch);
    void (*pack_half)(const Packing& packing, float* packed);

    std::size_t packed_size(std::size_t depth, std::size_t columns) const {
        return (columns + panel - 1) / panel * panel * depth;
    }
};

// Those that this machine can run, best first; the last one runs everywhere.
const std::vector<const Kernels*>& available_kernels();

}  // namespace euromesh::trainer

// Every kernel set that this machine can run against plain loops in double precision, at sizes that leave
// rests in every direction.
#include "trainer/kernels.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

using Floats = std::vector<float>;

Floats random_values(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    Floats values(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

void for_each_set(const std::function<void(const Kernels&)>& check) {
    for (const Kernels* kernels : available_kernels()) {
        CAPTURE(kernels->name);
        check(*kernels);
    }
}

void check_close(const Floats& got, const std::vector<double>& wanted, double tolerance = 2e-5) {
    REQUIRE(got.size() == wanted.size());
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
        worst = std::max(worst, std::abs(double{got[i]} - wanted[i]) / (1 + std::abs(wanted[i])));
    CHECK(worst <= tolerance);
}

// Central difference of a scalar function of x at i.
double slope(const std::function<double(const std::vector<double>&)>& f, const Floats& x, std::size_t i) {
    std::vector<double> moved(x.begin(), x.end());
    const double step = 1e-5;
    moved[i] += step;
    const double above = f(moved);
    moved[i] -= 2 * step;
    return (above - f(moved)) / (2 * step);
}

std::vector<double> slopes(const std::function<double(const std::vector<double>&)>& f, const Floats& x) {
    std::vector<double> all;
    for (std::size_t i = 0; i < x.size(); ++i) all.push_back(slope(f, x, i));
    return all;
}

double silu(double x) {
    return x / (1 + std::exp(-x));
}

struct Shape {
    std::size_t rows, columns, depth;
};

void check_product(const Kernels& kernels, const Shape& shape, bool turned, bool add) {
    const auto [rows, columns, depth] = shape;
    const Floats left = random_values(rows * depth, 1), right = random_values(depth * columns, 2);
    Floats packed(kernels.packed_size(depth, columns), 7.0f), out = random_values(rows * columns, 3);
    std::vector<double> wanted;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t n = 0; n < columns; ++n) {
            double sum = add ? double{out[i * columns + n]} : 0;
            for (std::size_t k = 0; k < depth; ++k)
                sum += double{left[turned ? k * rows + i : i * depth + k]} *
                       double{right[turned ? n * depth + k : k * columns + n]};
            wanted.push_back(sum);
        }
    }
    kernels.pack({.depth = depth,
                  .columns = columns,
                  .from = right.data(),
                  .depth_stride = turned ? 1 : columns,
                  .column_stride = turned ? depth : 1},
                 packed.data());
    kernels.multiply({.rows = rows,
                      .columns = columns,
                      .depth = depth,
                      .left = left.data(),
                      .left_row = turned ? 1 : depth,
                      .left_depth = turned ? rows : 1,
                      .packed = packed.data(),
                      .add = add ? out.data() : nullptr,
                      .out = out.data(),
                      .out_row = columns});
    check_close(out, wanted, 2e-5);
}

Floats small_numbers(std::size_t count, std::uint64_t seed) {
    Floats values = random_values(count, seed);
    for (float& value : values) value = std::round(value * 4);
    return values;
}

void check_half_product(const Kernels& kernels, const Shape& shape, bool turned) {
    const auto [rows, columns, depth] = shape;
    const Floats left = small_numbers(rows * depth, 1), right = small_numbers(depth * columns, 2);
    Floats packed(kernels.packed_size(depth, columns), 7.0f), out(rows * columns);
    Floats scratch(rows * ((depth + 1) / 2));
    Floats wanted;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t n = 0; n < columns; ++n) {
            float sum = 0;
            for (std::size_t k = 0; k < depth; ++k)
                sum += left[turned ? k * rows + i : i * depth + k] *
                       right[turned ? n * depth + k : k * columns + n];
            wanted.push_back(sum);
        }
    }
    kernels.pack_half({.depth = depth,
                       .columns = columns,
                       .from = right.data(),
                       .depth_stride = turned ? 1 : columns,
                       .column_stride = turned ? depth : 1},
                      packed.data());
    kernels.multiply_half({.rows = rows,
                           .columns = columns,
                           .depth = depth,
                           .left = left.data(),
                           .left_row = turned ? 1 : depth,
                           .left_depth = turned ? rows : 1,
                           .packed = packed.data(),
                           .out = out.data(),
                           .out_row = columns},
                          scratch.data());
    CHECK(out == wanted);
}

}  // namespace

TEST_CASE("the last kernel set runs everywhere") {
    REQUIRE_FALSE(available_kernels().empty());
    CHECK(available_kernels().back()->name == std::string("baseline"));
}

TEST_CASE("products equal plain loops for every rest, transposed and added to") {
    for_each_set([](const Kernels& kernels) {
        for (const Shape& shape : {Shape{1, 1, 1}, Shape{13, 70, 5}, Shape{8, 32, 200}, Shape{31, 17, 421}}) {
            for (const bool turned : {false, true})
                for (const bool add : {false, true}) check_product(kernels, shape, turned, add);
        }
    });
}

TEST_CASE("products in bf16 are exact for small whole numbers, for every rest") {
    for_each_set([](const Kernels& kernels) {
        if (kernels.multiply_half == nullptr) return;
        for (const Shape& shape : {Shape{1, 1, 1}, Shape{13, 70, 5}, Shape{8, 32, 200}, Shape{31, 17, 421}}) {
            for (const bool turned : {false, true}) check_half_product(kernels, shape, turned);
        }
    });
}

TEST_CASE("causal products use and make only their triangle") {
    const std::size_t time = 37, size = 10;
    for_each_set([&](const Kernels& kernels) {
        Floats lower = random_values(time * time, 1);
        for (std::size_t i = 0; i < time; ++i) std::fill_n(&lower[i * time + i], time - i, i ? 0.0f : 1.0f);
        const Floats values = random_values(time * size, 2);
        Floats packed(kernels.packed_size(time, size));
        kernels.pack({.depth = time, .columns = size, .from = values.data(), .depth_stride = size},
                     packed.data());
        for (const Part part : {Part::lower_left, Part::upper_left}) {
            for (std::size_t k = 1; k < time; ++k) lower[k] = 0;
            const bool upper = part == Part::upper_left;
            std::vector<double> wanted;
            for (std::size_t i = 0; i < time; ++i)
                for (std::size_t n = 0; n < size; ++n) {
                    double sum = 0;
                    for (std::size_t k = 0; k < time; ++k)
                        sum +=
                            double{lower[upper ? k * time + i : i * time + k]} * double{values[k * size + n]};
                    wanted.push_back(sum);
                }
            Floats out(time * size);
            kernels.multiply({.rows = time,
                              .columns = size,
                              .depth = time,
                              .left = lower.data(),
                              .left_row = upper ? 1 : time,
                              .left_depth = upper ? time : 1,
                              .packed = packed.data(),
                              .out = out.data(),
                              .out_row = size,
                              .part = part});
            check_close(out, wanted);
        }
    });
}

TEST_CASE("norm and its gradient") {
    const std::size_t rows = 2, dim = 21;
    const Floats x = random_values(rows * dim, 1), w = random_values(dim, 2),
                 dy = random_values(rows * dim, 3);
    const auto forward = [&](const std::vector<double>& input, const std::vector<double>& weight) {
        std::vector<double> y;
        for (std::size_t row = 0; row < rows; ++row) {
            double squares = 0;
            for (std::size_t i = 0; i < dim; ++i) squares += input[row * dim + i] * input[row * dim + i];
            const double scale = 1 / std::sqrt(squares / static_cast<double>(dim) + 1e-5);
            for (std::size_t i = 0; i < dim; ++i) y.push_back(input[row * dim + i] * scale * weight[i]);
        }
        return y;
    };
    const auto against_dy = [&](const std::vector<double>& y) {
        double sum = 0;
        for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * double{dy[i]};
        return sum;
    };
    const std::vector<double> wx(x.begin(), x.end()), ww(w.begin(), w.end());
    for_each_set([&](const Kernels& kernels) {
        Floats y(x.size()), inverse(rows), dx(x.size()), dw(dim);
        kernels.norm(rows, dim, x.data(), w.data(), 1e-5f, y.data(), inverse.data());
        check_close(y, forward(wx, ww));
        kernels.norm_back(rows, dim, x.data(), w.data(), inverse.data(), dy.data(), dx.data(), dw.data());
        check_close(dx, slopes([&](const auto& v) { return against_dy(forward(v, ww)); }, x));
        check_close(dw, slopes([&](const auto& v) { return against_dy(forward(wx, v)); }, w));
    });
}

TEST_CASE("rotation turns pairs by their angle and back again") {
    const std::size_t time = 3, half = 5, row = 12;
    const Floats start = random_values(time * row, 1);
    Floats cosine, sine;
    for (std::size_t i = 0; i < time * half; ++i) {
        cosine.push_back(static_cast<float>(std::cos(static_cast<double>(i))));
        sine.push_back(static_cast<float>(std::sin(static_cast<double>(i))));
    }
    for_each_set([&](const Kernels& kernels) {
        Floats x = start;
        kernels.rotate(time, half, x.data(), row, cosine.data(), sine.data(), 1);
        const double a = double{start[row + 2]}, b = double{start[row + 2 + half]};
        CHECK(x[row + 2] == doctest::Approx(a * std::cos(7.0) - b * std::sin(7.0)).epsilon(1e-5));
        CHECK(x[row + 2 + half] == doctest::Approx(b * std::cos(7.0) + a * std::sin(7.0)).epsilon(1e-5));
        kernels.rotate(time, half, x.data(), row, cosine.data(), sine.data(), -1);
        check_close(x, {start.begin(), start.end()});
    });
}

TEST_CASE("causal softmax and its gradient") {
    const std::size_t time = 19;
    const Floats s = random_values(time * time, 1), dp = random_values(time * time, 2);
    const auto softmax = [&](const std::vector<double>& in) {
        std::vector<double> p(in.size());
        for (std::size_t i = 0; i < time; ++i) {
            double sum = 0;
            for (std::size_t j = 0; j <= i; ++j) sum += p[i * time + j] = std::exp(0.3 * in[i * time + j]);
            for (std::size_t j = 0; j <= i; ++j) p[i * time + j] /= sum;
        }
        return p;
    };
    const auto value = [&](const std::vector<double>& in) {
        const std::vector<double> p = softmax(in);
        double sum = 0;
        for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] * double{dp[i]};
        return sum;
    };
    const std::vector<double> wanted = slopes(value, s);
    for_each_set([&](const Kernels& kernels) {
        Floats p = s, ds = dp;
        kernels.causal_softmax(time, p.data(), time, 0.3f);
        check_close(p, softmax({s.begin(), s.end()}));
        kernels.causal_softmax_back(time, p.data(), ds.data(), time, 0.3f);
        check_close(ds, wanted);
    });
}

TEST_CASE("softmax survives scores far apart") {
    for_each_set([](const Kernels& kernels) {
        Floats s{0, 0, -1e30f, 1e4f};
        kernels.causal_softmax(2, s.data(), 2, 1);
        CHECK(s[2] == doctest::Approx(0));
        CHECK(s[3] == doctest::Approx(1));
        Floats scores(20, -1e6f);
        scores[3] = 1e6f;
        const std::uint8_t target = 3;
        CHECK(kernels.cross_entropy(1, 20, scores.data(), &target, 1) == doctest::Approx(0));
        for (float gradient : scores) CHECK(std::abs(gradient) < 1e-6f);
    });
}

TEST_CASE("SwiGLU and its gradient") {
    const std::size_t rows = 2, hidden = 19;
    const Floats in = random_values(rows * 2 * hidden, 1), dout = random_values(rows * hidden, 2);
    const auto forward = [&](const std::vector<double>& v) {
        std::vector<double> out;
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t i = 0; i < hidden; ++i)
                out.push_back(silu(v[row * 2 * hidden + i]) * v[row * 2 * hidden + hidden + i]);
        return out;
    };
    const auto value = [&](const std::vector<double>& v) {
        const std::vector<double> out = forward(v);
        double sum = 0;
        for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * double{dout[i]};
        return sum;
    };
    for_each_set([&](const Kernels& kernels) {
        Floats out(rows * hidden), both = in;
        kernels.swiglu(rows, hidden, in.data(), out.data());
        check_close(out, forward({in.begin(), in.end()}));
        kernels.swiglu_back(rows, hidden, both.data(), dout.data());
        check_close(both, slopes(value, in));
    });
}

TEST_CASE("cross entropy and its gradient") {
    const std::size_t rows = 3, vocab = 41;
    const Floats start = random_values(rows * vocab, 1);
    const std::uint8_t targets[rows] = {0, 40, 17};
    const auto value = [&](const std::vector<double>& v) {
        double loss = 0;
        for (std::size_t row = 0; row < rows; ++row) {
            double sum = 0;
            for (std::size_t i = 0; i < vocab; ++i) sum += std::exp(v[row * vocab + i]);
            loss += std::log(sum) - v[row * vocab + targets[row]];
        }
        return loss;
    };
    for_each_set([&](const Kernels& kernels) {
        Floats scores = start, untouched = start;
        CHECK(kernels.cross_entropy(rows, vocab, scores.data(), targets, 1) ==
              doctest::Approx(value({start.begin(), start.end()})).epsilon(1e-6));
        check_close(scores, slopes(value, start));
        kernels.cross_entropy(rows, vocab, untouched.data(), targets, 0.5f);
        CHECK(untouched[5] == doctest::Approx(scores[5] / 2));
    });
}

TEST_CASE("AdamW, sum of squares and blend equal their formulas") {
    const std::size_t count = 4096 + 21;
    const Floats g = random_values(count, 1), p = random_values(count, 2), m = random_values(count, 3);
    Floats v = random_values(count, 4);
    for (float& value : v) value = value * value;
    const AdamW n{.scale = 0.5f,
                  .rate = 0.01f,
                  .decay = 0.1f,
                  .beta1 = 0.9f,
                  .beta2 = 0.95f,
                  .epsilon = 1e-8f,
                  .first_correction = 2,
                  .second_correction = 3};
    std::vector<double> wanted;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double gradient = 0.5 * double{g[i]};
        const double first = 0.9 * double{m[i]} + 0.1 * gradient;
        const double second = 0.95 * double{v[i]} + 0.05 * gradient * gradient;
        wanted.push_back(double{p[i]} * (1 - 0.001) - 0.01 * 2 * first / (std::sqrt(second * 3) + 1e-8));
        squares += double{g[i]} * double{g[i]};
    }
    for_each_set([&](const Kernels& kernels) {
        Floats p2 = p, m2 = m, v2 = v, y = g;
        kernels.adamw(count, n, g.data(), p2.data(), m2.data(), v2.data());
        check_close(p2, wanted);
        CHECK(kernels.sum_of_squares(count, g.data()) == doctest::Approx(squares).epsilon(1e-6));
        kernels.blend(count, 2, p.data(), -1, y.data());
        CHECK(y[count - 1] == doctest::Approx(2 * p[count - 1] - g[count - 1]));
    });
}

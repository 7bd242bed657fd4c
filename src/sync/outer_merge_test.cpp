#include "sync/outer_merge.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {
namespace {

using Vector = std::vector<float>;

const contract::Layout layout{{"model.embed_tokens.weight", {6, 3}},
                              {"model.layers.0.mlp.up_proj.weight", {5, 7}},
                              {"model.norm.weight", {4}}};
constexpr std::size_t values = 18 + 35 + 4;

Vector normals(std::uint64_t seed, float scale = 1) {
    Random random(seed);
    Vector made(values);
    for (float& value : made) value = scale * static_cast<float>(random.normal());
    return made;
}

std::span<const float> part(const Vector& vector, std::size_t tensor) {
    const std::size_t begin[] = {0, 18, 53, 57};
    return std::span(vector).subspan(begin[tensor], begin[tensor + 1] - begin[tensor]);
}

Vector merge(const std::vector<Vector>& vectors, const std::vector<double>& weights) {
    const std::vector<std::span<const float>> spans(vectors.begin(), vectors.end());
    Vector merged(values, -99);
    rda_merge(layout, spans, weights, merged);
    return merged;
}

// The formula, one line for each of its parts.
std::vector<double> naive_rda(const std::vector<std::span<const float>>& v, const std::vector<double>& w) {
    double total = 0, length = 0, left = 0;
    std::vector<double> direction(v[0].size(), 0.0);
    for (const double weight : w) total += weight;
    for (std::size_t m = 0; m < v.size(); ++m) {
        double squares = 0;
        for (const float x : v[m]) squares += double{x} * double{x};
        length += w[m] / total * std::sqrt(squares);
        for (std::size_t i = 0; i < v[m].size(); ++i)
            direction[i] += w[m] * double{v[m][i]} / std::sqrt(squares);
    }
    for (const double x : direction) left += x * x;
    for (double& x : direction) x *= length / std::sqrt(left);
    return direction;
}

}  // namespace

TEST_CASE("two vectors at a right angle, written out by hand") {
    const contract::Layout pair{{"w", {2}}};
    const Vector a{3.0f, 0.0f}, b{0.0f, 1.0f};
    const std::vector<std::span<const float>> vectors{a, b};
    Vector merged(2);
    rda_merge(pair, vectors, std::vector<double>{1, 1}, merged);  // length (3 + 1) / 2, direction 45 degrees
    CHECK(merged[0] == doctest::Approx(std::sqrt(2.0)).epsilon(1e-7));
    CHECK(merged[1] == merged[0]);
    rda_merge(pair, vectors, std::vector<double>{3, 4}, merged);  // length 13/7, direction (0.6, 0.8)
    CHECK(merged[0] == doctest::Approx(0.6 * 13 / 7).epsilon(1e-7));
    CHECK(merged[1] == doctest::Approx(0.8 * 13 / 7).epsilon(1e-7));
}

TEST_CASE("random vectors: RDA tensors as the formula says, embeddings the plain weighted mean") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::vector<Vector> v{normals(3 * seed), normals(3 * seed + 1, 5),
                                    normals(3 * seed + 2, 0.01f)};
        const std::vector<double> w{0.5, 0.2, 0.3};
        const Vector merged = merge(v, w);
        for (std::size_t i = 0; i < 18; ++i) {
            CHECK(merged[i] == doctest::Approx(0.5 * v[0][i] + 0.2 * v[1][i] + 0.3 * v[2][i]).epsilon(1e-6));
        }
        for (const std::size_t tensor : {1u, 2u}) {
            const auto wanted = naive_rda({part(v[0], tensor), part(v[1], tensor), part(v[2], tensor)}, w);
            const auto got = part(merged, tensor);
            for (std::size_t i = 0; i < got.size(); ++i) {
                CHECK(got[i] == doctest::Approx(wanted[i]).epsilon(1e-6));
            }
        }
    }
}

TEST_CASE("equal vectors merge to that vector, bit by bit, and so does a single one") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const Vector one = normals(seed, std::ldexp(1.0f, static_cast<int>(seed) - 25));
        CHECK(merge({one}, {0.3}) == one);
        CHECK(merge({one, one, one}, {0.2, 0.3, 0.5}) == one);
        CHECK(merge({one, one}, {300, 500}) == one);
    }
}

TEST_CASE("the length is the weighted mean of lengths, also where a plain mean is shorter") {
    const std::vector<Vector> v{normals(1), normals(2, 3), normals(3, 0.2f), normals(4)};
    const std::vector<double> w{0.1, 0.2, 0.3, 0.4};
    const Vector merged = merge(v, w);
    for (const std::size_t tensor : {1u, 2u}) {
        double length = 0;
        for (std::size_t m = 0; m < 4; ++m) length += w[m] * norm(part(v[m], tensor));
        CHECK(norm(part(merged, tensor)) == doctest::Approx(length).epsilon(1e-6));
    }
}

TEST_CASE("scales: all vectors, one vector, all weights, one tensor") {
    const std::vector<Vector> v{normals(1), normals(2)};
    const Vector merged = merge(v, {1, 3});
    CHECK(merge(v, {2, 6}) == merged);
    std::vector<Vector> doubled = v;
    for (Vector& vector : doubled) {
        for (float& value : vector) value *= 2;
    }
    const Vector twice = merge(doubled, {1, 3});
    for (std::size_t i = 0; i < values; ++i) CHECK(twice[i] == 2 * merged[i]);
    // A site that is 1000 times as long changes the length of RDA tensors, not their direction.
    std::vector<Vector> loud = v;
    for (float& value : loud[1]) value *= 1024;
    const Vector louder = merge(loud, {1, 3});
    CHECK(cosine(part(louder, 1), part(merged, 1)) == doctest::Approx(1.0).epsilon(1e-12));
    CHECK(cosine(part(louder, 0), part(merged, 0)) < 0.999);
    // Tensors do not see each other.
    std::vector<Vector> other = v;
    for (std::size_t i = 53; i < 57; ++i) other[0][i] *= -7;
    const Vector changed = merge(other, {1, 3});
    CHECK(std::equal(changed.begin(), changed.begin() + 53, merged.begin()));
    CHECK_FALSE(std::equal(changed.begin() + 53, changed.end(), merged.begin() + 53));
}

TEST_CASE("zeros and sites that cancel out give zeros, not rounding errors of full length") {
    const Vector v = normals(1), nothing(values, 0.0f);
    Vector against = v;
    for (float& value : against) value *= -3;
    const Vector cancelled = merge({v, against}, {1, 1});
    for (std::size_t i = 18; i < values; ++i) CHECK(cancelled[i] == 0.0f);
    CHECK(merge({nothing, nothing}, {1, 1}) == nothing);
    const Vector half = merge({v, nothing}, {1, 1});
    for (std::size_t i = 0; i < values; ++i) CHECK(half[i] == 0.5f * v[i]);
}

TEST_CASE("two sums, of directions and of lengths, join to the same vector within fp32 rounding") {
    const std::vector<Vector> v{normals(1), normals(2, 30), normals(3, 0.002f)};
    const float w[] = {0.5f, 0.25f, 0.25f};
    Vector directions(values, 0.0f), lengths(3, 0.0f), own(values);
    for (std::size_t m = 0; m < 3; ++m) {
        rda_directions(layout, v[m], own);
        for (std::size_t i = 0; i < values; ++i) directions[i] += w[m] * own[i];
        const auto of_site = rda_lengths(layout, v[m]);
        CHECK(of_site[2] == doctest::Approx(norm(part(v[m], 2))));
        for (std::size_t tensor = 0; tensor < 3; ++tensor) lengths[tensor] += w[m] * of_site[tensor];
    }
    rda_join(layout, lengths, directions);
    const Vector merged = merge(v, {0.5, 0.25, 0.25});
    for (std::size_t tensor = 0; tensor < 3; ++tensor) {
        const double limit = 1e-6 * norm(part(merged, tensor));
        for (std::size_t i = 0; i < part(merged, tensor).size(); ++i) {
            CHECK(std::abs(part(merged, tensor)[i] - part(directions, tensor)[i]) <= limit);
        }
    }
    const Vector nothing(values, 0.0f);
    rda_directions(layout, nothing, own);
    CHECK(own == nothing);
    rda_join(layout, rda_lengths(layout, nothing), own);
    CHECK(own == nothing);
}

TEST_CASE("which tensors take the plain mean") {
    CHECK(merge_rule_of("model.embed_tokens.weight") == MergeRule::mean);
    CHECK(merge_rule_of("lm_head.weight") == MergeRule::mean);
    CHECK(merge_rule_of("model.layers.11.self_attn.q_proj.weight") == MergeRule::rda);
    CHECK(merge_rule_of("model.norm.weight") == MergeRule::rda);
}

}  // namespace euromesh::sync

#include "sync/fragment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

namespace euromesh::sync {
namespace {

contract::Layout llama(std::int64_t layers, std::int64_t dim) {
    contract::Layout layout{{"model.embed_tokens.weight", {256, dim}}};
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        const std::string prefix = "model.layers." + std::to_string(layer) + ".";
        layout.push_back({prefix + "self_attn.q_proj.weight", {dim, dim}});
        layout.push_back({prefix + "mlp.up_proj.weight", {3 * dim, dim}});
        layout.push_back({prefix + "input_layernorm.weight", {dim}});
    }
    layout.push_back({"model.norm.weight", {dim}});
    return layout;
}

// How often each value of the flat buffer is in a fragment.
std::vector<int> coverage(const std::vector<Fragment>& fragments, std::size_t values) {
    std::vector<int> seen(values, 0);
    for (const Fragment& fragment : fragments) {
        for (const ValueRange& range : fragment.ranges) {
            for (std::size_t i = 0; i < range.count; ++i) ++seen.at(range.offset + i);
        }
    }
    return seen;
}

}  // namespace

TEST_CASE("every value is in exactly one fragment and the fragments balance") {
    const auto layout = llama(12, 32);
    const std::size_t values = contract::value_count(layout);
    for (std::size_t count = 1; count <= 6; ++count) {
        const auto fragments = make_fragments(layout, count).value();
        REQUIRE(fragments.size() == count);
        CHECK(coverage(fragments, values) == std::vector<int>(values, 1));
        std::size_t least = values, most = 0;
        for (const Fragment& fragment : fragments) {
            least = std::min(least, fragment.size());
            most = std::max(most, fragment.size());
        }
        CHECK(most - least <= 256u * 32u + 4128u);  // the largest two groups
    }
}

TEST_CASE("one fragment is the whole buffer in one range") {
    const auto layout = llama(3, 8);
    const auto fragments = make_fragments(layout, 1).value();
    REQUIRE(fragments.size() == 1);
    CHECK(fragments[0].ranges == std::vector<ValueRange>{{0, contract::value_count(layout)}});
}

TEST_CASE("layers go to fragments in strides and stay whole") {
    const auto layout = llama(6, 16);
    const auto fragments = make_fragments(layout, 3).value();
    const std::size_t embedding = 256 * 16, layer = 16 * 16 + 48 * 16 + 16;
    for (std::size_t k = 0; k < 6; ++k) {
        const std::size_t begin = embedding + k * layer;
        const auto& ranges = fragments[k % 3].ranges;
        CHECK(std::any_of(ranges.begin(), ranges.end(), [&](const ValueRange& range) {
            return range.offset <= begin && begin + layer <= range.offset + range.count;
        }));
    }
}

TEST_CASE("scatter undoes gather and leaves the other fragments alone") {
    const auto layout = llama(5, 8);
    std::vector<float> flat(contract::value_count(layout));
    std::iota(flat.begin(), flat.end(), 1.0f);
    const auto fragments = make_fragments(layout, 3).value();
    std::vector<float> rebuilt(flat.size(), 0.0f);
    for (const Fragment& fragment : fragments) {
        std::vector<float> values(fragment.size());
        gather(fragment, flat, values);
        CHECK(values.front() == static_cast<float>(fragment.ranges.front().offset + 1));
        const auto zeros = std::count(rebuilt.begin(), rebuilt.end(), 0.0f);
        scatter(fragment, values, rebuilt);
        CHECK(zeros - std::count(rebuilt.begin(), rebuilt.end(), 0.0f) ==
              static_cast<std::ptrdiff_t>(fragment.size()));
    }
    CHECK(rebuilt == flat);
}

TEST_CASE("no fragments, or more than there are groups, is refused") {
    const auto layout = llama(2, 8);
    CHECK_FALSE(make_fragments(layout, 0).has_value());
    CHECK(make_fragments(layout, 4).has_value());
    const auto many = make_fragments(layout, 5);
    REQUIRE_FALSE(many.has_value());
    CHECK(many.error().message.find("use 1 to 4") != std::string::npos);
}

}  // namespace euromesh::sync

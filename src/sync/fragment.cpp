#include "sync/fragment.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/assert.hpp"

namespace euromesh::sync {
namespace {

// Tensors that stay together: those of one layer, or one tensor without a layer.
struct Group {
    std::optional<std::size_t> layer;
    std::vector<ValueRange> ranges;
    std::size_t size = 0;
};

// The first number between dots: "model.layers.12.mlp.up_proj.weight" is of layer 12.
std::optional<std::size_t> layer_of(std::string_view name) {
    while (!name.empty()) {
        const std::string_view part = name.substr(0, name.find('.'));
        std::size_t layer = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), layer);
        if (error == std::errc() && end == part.data() + part.size()) return layer;
        name.remove_prefix(std::min(name.size(), part.size() + 1));
    }
    return std::nullopt;
}

std::vector<Group> groups_of(const contract::Layout& layout) {
    std::vector<Group> groups;
    std::size_t offset = 0;
    for (const contract::TensorSpec& tensor : layout) {
        const auto layer = layer_of(tensor.name);
        auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const Group& other) { return layer && other.layer == layer; });
        if (group == groups.end()) group = groups.insert(groups.end(), Group{layer, {}, 0});
        group->ranges.push_back({offset, tensor.size()});
        group->size += tensor.size();
        offset += tensor.size();
    }
    return groups;
}

void add(Fragment& fragment, const Group& group) {
    fragment.ranges.insert(fragment.ranges.end(), group.ranges.begin(), group.ranges.end());
}

// A layer goes to the lightest fragment; among equals to the one whose turn it is, which for layers of one
// size is layer mod count.
std::size_t place_for(const std::vector<Fragment>& fragments, std::size_t turn) {
    std::size_t best = turn % fragments.size();
    for (std::size_t step = 1; step < fragments.size(); ++step) {
        const std::size_t other = (turn + step) % fragments.size();
        if (fragments[other].size() < fragments[best].size()) best = other;
    }
    return best;
}

void join_neighbours(std::vector<ValueRange>& ranges) {
    std::erase_if(ranges, [](const ValueRange& range) { return range.count == 0; });
    std::sort(ranges.begin(), ranges.end(), [](auto& a, auto& b) { return a.offset < b.offset; });
    std::vector<ValueRange> joined;
    for (const ValueRange& range : ranges) {
        if (!joined.empty() && joined.back().offset + joined.back().count == range.offset) {
            joined.back().count += range.count;
        } else {
            joined.push_back(range);
        }
    }
    ranges = std::move(joined);
}

}  // namespace

std::size_t Fragment::size() const {
    std::size_t count = 0;
    for (const ValueRange& range : ranges) count += range.count;
    return count;
}

Result<std::vector<Fragment>> make_fragments(const contract::Layout& layout, std::size_t count) {
    std::vector<Group> groups = groups_of(layout);
    if (count == 0 || count > groups.size()) {
        return fail(Code::bad_input, "{} fragments: use 1 to {}, the number of layers and single tensors",
                    count, groups.size());
    }
    // Layers first, in order; then the single tensors, largest first, to where they balance best.
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
        if (a.layer && b.layer) return *a.layer < *b.layer;
        if (a.layer || b.layer) return a.layer.has_value();
        return a.size > b.size;
    });
    std::vector<Fragment> fragments(count);
    for (std::size_t i = 0; i < groups.size(); ++i) add(fragments[place_for(fragments, i)], groups[i]);
    for (Fragment& fragment : fragments) join_neighbours(fragment.ranges);
    return fragments;
}

void gather(const Fragment& fragment, std::span<const float> flat, std::span<float> values) {
    EM_ASSERT(values.size() == fragment.size(), "room for exactly the fragment");
    std::size_t at = 0;
    for (const ValueRange& range : fragment.ranges) {
        EM_ASSERT(range.offset + range.count <= flat.size(), "a fragment of this layout");
        std::copy_n(flat.data() + range.offset, range.count, values.data() + at);
        at += range.count;
    }
}

void scatter(const Fragment& fragment, std::span<const float> values, std::span<float> flat) {
    EM_ASSERT(values.size() == fragment.size(), "exactly the values of the fragment");
    std::size_t at = 0;
    for (const ValueRange& range : fragment.ranges) {
        EM_ASSERT(range.offset + range.count <= flat.size(), "a fragment of this layout");
        std::copy_n(values.data() + at, range.count, flat.data() + range.offset);
        at += range.count;
    }
}

}  // namespace euromesh::sync

#include "planner/wan.hpp"

#include <array>
#include <string>

namespace euromesh::planner {
namespace {

struct CodecPayload {
    std::string_view name;
    double bytes_per_parameter;
};

constexpr double scale_of_256_values = 4.0 / 256.0;
constexpr double bits_of_a_kept_value = 2 + 12;  // value and place within 4,096
constexpr double bits_of_two_levels = 2 * 16;

constexpr std::array codec_payloads = {
    CodecPayload{"fp32", 4.0},
    CodecPayload{"bf16", 2.0},
    CodecPayload{"fp16", 2.0},
    CodecPayload{"int8", 1.0 + scale_of_256_values},
    CodecPayload{"int4", 0.5 + scale_of_256_values},
    CodecPayload{"e3m0", 0.5 + scale_of_256_values},
    CodecPayload{"topk", (64 * bits_of_a_kept_value + bits_of_two_levels) / 8 / 4096},
};

constexpr std::array topology_names = {std::string_view("ring"), std::string_view("hub"),
                                       std::string_view("all-to-all")};

std::string listed(const auto& items, auto name_of_item) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "" : ", ") + std::string(name_of_item(item));
    return text;
}

}  // namespace

std::string_view name_of(Topology topology) {
    return topology_names[static_cast<std::size_t>(topology)];
}

Result<Topology> topology_of(std::string_view name) {
    for (std::size_t i = 0; i < topology_names.size(); ++i)
        if (topology_names[i] == name) return static_cast<Topology>(i);
    return fail(Code::not_found, "no topology '{}'; there are {}", name,
                listed(topology_names, [](std::string_view known) { return known; }));
}

Result<double> payload_of(std::string_view codec) {
    for (const CodecPayload& known : codec_payloads)
        if (known.name == codec) return known.bytes_per_parameter;
    return fail(Code::not_found, "no codec '{}'; there are {}", codec,
                listed(codec_payloads, [](const CodecPayload& known) { return known.name; }));
}

double bytes_on_busiest_line(Topology topology, double payload_bytes, double sites) {
    if (sites <= 1) return 0;
    switch (topology) {
        case Topology::ring:
            return 2 * (sites - 1) / sites * payload_bytes;
        case Topology::hub:
            return sites * payload_bytes;
        case Topology::all_to_all:
            return (sites - 1) * payload_bytes;
    }
    return 0;
}

double exchange_seconds(Topology topology, double payload_bytes, double sites, double bytes_per_s,
                        double round_trip_s) {
    if (sites <= 1) return 0;
    const double one_way = bytes_on_busiest_line(topology, payload_bytes, sites) / bytes_per_s;
    switch (topology) {
        case Topology::ring:  // 2 (M - 1) hops of half a round trip each
            return one_way + (sites - 1) * round_trip_s;
        case Topology::hub:
            return 2 * one_way + round_trip_s;
        case Topology::all_to_all:
            return one_way + round_trip_s;
    }
    return 0;
}

}  // namespace euromesh::planner

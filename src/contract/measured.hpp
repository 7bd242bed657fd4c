// What a training run measured about itself, for the planner: the document "euromesh-measured/1".
//
// Written at the end of `euromesh train RUN.toml --measure FILE` and read by `euromesh plan`, perhaps on
// another machine and from another person: reading is strict and bounded. The figures are those of the run as
// it was; what of them holds for another run is decided in planner/measured_efficiency.hpp. Plain values.
//
// Units: tokens, seconds, bytes; a loss gap of 0.025 means 2.5 % above data parallelism.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace euromesh::contract {

struct MeasuredSite {
    std::string name = {};
    double tokens_per_s = 0;
    double compute_s = 0;  // of all rounds
    double wait_s = 0;     // for exchanges and for slower sites
    bool operator==(const MeasuredSite&) const = default;
};

struct Measured {
    std::string program = {};  // version
    std::string date = {};     // ISO 8601
    std::string run = {};
    std::int64_t parameters = 0;
    std::int64_t inner_steps = 0;   // H
    std::int64_t rounds = 0;        // outer steps
    std::int64_t batch_tokens = 0;  // of one inner step, all sites together
    std::string codec = {};
    double bytes_per_parameter =
        0;  // sent by one site in one outer step: framing, encryption and control too
    std::optional<double> loss_gap = {};  // loss / loss of data parallelism - 1; only with a baseline
    std::vector<MeasuredSite> sites = {};
    bool operator==(const Measured&) const = default;

    // Sum of compute over sum of compute and wait, all sites; what the formula calls utilisation.
    double utilisation() const;
};

inline constexpr std::size_t measured_max_bytes = 1u << 20;

// From the document that RunRecord::document() gives. bad_input: the run did no outer step, or a site told
// nothing.
Result<Measured> measured_from_report(const Json& report, std::string program, std::string date);

Json to_json(const Measured& measured);

// bad_input: "FILE: ..." and what is wrong: not JSON (line and column), a key that is missing, unknown or out
// of bounds.
Result<Measured> parse_measured(std::string_view text, const std::string& file);
Result<Measured> read_measured(const std::filesystem::path& file);

// Temporary file, fsync, rename.
Status write_measured(const std::filesystem::path& file, const Measured& measured);

}  // namespace euromesh::contract

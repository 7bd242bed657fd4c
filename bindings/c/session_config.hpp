// The JSON configuration of the C interface as a SessionConfig. docs/c-abi.md names every key.
//
// Pure but for the files that it names (keys, state). Unknown keys are errors, as are values out of range:
// one line that names the key. Thread rule: none shared.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "sync/session.hpp"

namespace euromesh::c {

struct CConfig {
    sync::SessionConfig session;
    std::optional<os::Path> resume;
};

inline constexpr std::size_t config_max_bytes = 16u << 20;

// bad_input, or what reading the keys said.
Result<CConfig> read_config(std::string_view text, const Clock& clock);

// The outer state with its position in one safetensors file. no_space and the like.
Status save_state(const os::Path& file, const sync::OuterState& state, const sync::Position& position);

struct SavedState {
    sync::OuterState state;
    sync::Position position;
};
// not_found; corrupted: not such a file, or not of `values` values.
Result<SavedState> load_state(const os::Path& file, std::size_t values);

}  // namespace euromesh::c

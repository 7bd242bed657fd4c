// Typed, positioned reading of TOML files that people write: run files, scenarios.
//
// A reader walks one table. Getters return the value, or the default when the key is absent; the first thing
// that is wrong is remembered and finish() reports it as one line "file:line: [table] key: what is wrong,
// what would be right". finish() also reports keys that nobody asked for, with the nearest known one. The one
// place that knows toml++. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::contract {

struct IntegerRange {
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct NumberRange {
    double least = 0;
    double most = std::numeric_limits<double>::max();
};

class TomlReader {
  public:
    // bad_input: not TOML (with line and column) or over 1 MiB. `file` is only named in messages.
    static Result<TomlReader> parse(std::string_view text, std::string file);

    std::string text(std::string_view key, std::string fallback);
    std::string required_text(std::string_view key);
    std::string choice(std::string_view key, std::string fallback,
                       const std::vector<std::string_view>& allowed);
    std::int64_t integer(std::string_view key, std::int64_t fallback, IntegerRange range = {});
    double number(std::string_view key, double fallback, NumberRange range = {});
    bool boolean(std::string_view key, bool fallback);
    // A list of texts; at most 1,000.
    std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback);
    // A number, or a list of one to `most` numbers.
    std::vector<double> numbers(std::string_view key, std::vector<double> fallback, std::size_t most,
                                NumberRange range = {});
    // A date as TOML has it (2026-12-01), or in quotes; a TOML date is made text "2026-12-01".
    std::string date(std::string_view key, std::string fallback);
    bool has(std::string_view key);

    // A sub-table "[key]" (empty when absent) or the tables of "[[key]]". They report into this reader.
    TomlReader table(std::string_view key);
    std::vector<TomlReader> tables(std::string_view key);

    // Records a problem with a value that only the caller can judge; the first problem wins.
    void reject(std::string_view key, std::string_view problem);

    // Call once on the root, after all reads.
    Status finish();

  private:
    struct Shared;
    TomlReader(std::shared_ptr<Shared> shared, const void* node, std::string name);
    const void* find(std::string_view key);

    std::shared_ptr<Shared> shared_;
    const void* node_;  // a toml::table, or null for an absent one
    std::string name_;  // "[outer]"
};

// The closest of `known` by edit distance, if it is close enough to be a slip of the pen.
std::optional<std::string> nearest_name(std::string_view name, const std::set<std::string>& known);

}  // namespace euromesh::contract

// Reading of JSON documents that come from outside, with the exact place of what is wrong.
//
// A DocumentReader stands on one object of the document and knows its JSON pointer (RFC 6901). The first
// thing that is wrong is kept in an Error shared by all readers of the document, with the pointer and what
// would be right; reads after it give their fallback, so that callers read straight on and ask once, with
// status(). finish() reports keys that nobody asked for, with the nearest known one. Not thread-safe; the
// document must outlive the reader.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace euromesh::contract {

struct Limits {
    std::int64_t least = 0;
    std::int64_t most = 0;
};

class DocumentReader {
  public:
    // `what` names the document in messages: "job".
    DocumentReader(const Json& document, std::string_view what);

    bool has(std::string_view key) const;
    std::string pointer(std::string_view key) const;

    // Text of at most `most` bytes without control characters other than tab and newline.
    std::string text(std::string_view key, std::string_view fallback, std::size_t most = 1024);
    std::string needed_text(std::string_view key, std::string_view example, std::size_t most = 1024);
    std::int64_t integer(std::string_view key, std::int64_t fallback, Limits limits);
    bool boolean(std::string_view key, bool fallback);
    std::string choice(std::string_view key, std::string_view fallback,
                       const std::vector<std::string_view>& choices);
    // An id as base/id.hpp has it; empty if absent.
    std::string id(std::string_view key);
    std::vector<std::string> texts(std::string_view key, std::size_t most_entries, std::size_t most_bytes);
    std::vector<std::string> ids(std::string_view key, std::size_t most_entries);
    std::map<std::string, std::string> text_map(std::string_view key, std::size_t most_entries,
                                                std::size_t most_bytes);
    std::map<std::string, std::int64_t> integer_map(std::string_view key, std::size_t most_entries,
                                                    Limits limits);
    // Reader of the object at `key`; of an empty one if absent.
    DocumentReader object(std::string_view key);
    void each(std::string_view key, std::size_t most_entries,
              const std::function<void(DocumentReader&)>& read);
    // Milliseconds: seconds as a whole number, or ISO 8601 ("PT1H30M"). 0 if absent.
    std::int64_t duration_ms(std::string_view key, Limits limits_ms);

    // "job: /resources/gpus must be ...": `right` says what would be right.
    void reject(std::string_view key, std::string_view right);
    void finish();
    Status status() const;

  private:
    struct Shared {
        std::string what;
        std::optional<std::string> wrong;
    };
    DocumentReader(const Json* value, std::string at, std::shared_ptr<Shared> shared);
    const Json* find(std::string_view key);
    const Json* find_list(std::string_view key, std::size_t most_entries);
    const Json* find_object(std::string_view key, std::size_t most_entries);
    bool good_text(std::string_view key, const Json& value, std::size_t most);

    const Json* value_;
    std::string at_;
    std::shared_ptr<Shared> shared_;
    std::set<std::string> asked_;
};

// ISO 8601 duration of weeks, days, hours, minutes and whole seconds: "P1DT2H", "PT90S". Nullopt: not one, or
// over ten years.
std::optional<std::int64_t> parse_iso8601_duration_ms(std::string_view text);

}  // namespace euromesh::contract

#include "apps/site_leave.hpp"

#include <algorithm>
#include <charconv>

#include "base/os/folder.hpp"
#include "base/os/process.hpp"
#include "base/os/terminal.hpp"

namespace euromesh::apps {
namespace {

constexpr std::uint64_t tail_most_bytes = 1u << 20;

// Clocks are set while nobody runs; a part is never below nothing.
std::int64_t between(std::int64_t from, std::int64_t to) {
    return std::max<std::int64_t>(0, to - from);
}

std::int64_t integer_of(const Json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

bool SiteLeave::is_asked() {
    if (!asked_ && os::stop_requested()) asked_ = clock_.monotonic();
    return asked_.has_value();
}

bool SiteLeave::steps_go_on() {
    return !is_asked() || (!drops_ && clock_.monotonic() - *asked_ < limit_ / 4);
}

Json leave_parts(const LifeEnd& end) {
    return {{"at_ms", end.saved_ms},
            {"worked_until_ms", end.worked_until_ms},
            {"hand_in_ms", between(end.worked_until_ms, end.handed_in_ms)},
            {"leave_ms", between(end.handed_in_ms, end.left_ms)},
            {"checkpoint_ms", between(end.left_ms, end.saved_ms)}};
}

std::optional<Json> gap_of(const std::optional<Json>& last, const LifeBegin& begin) {
    if (!last) return std::nullopt;
    const bool sudden = last->value("event", "") != "left";
    Json gap = {{"event", "gap"}, {"sudden", sudden}};
    std::int64_t total = 0;
    const auto add = [&](const char* part, std::int64_t ms) {
        gap[part] = ms;
        total += ms;
    };
    for (const char* part : {"hand_in_ms", "leave_ms", "checkpoint_ms"})
        add(part, sudden ? 0 : std::max<std::int64_t>(0, integer_of(*last, part)));
    add("wait_ms", between(integer_of(*last, "at_ms"), begin.process_ms));
    add("start_ms", between(begin.process_ms, begin.made_ms));
    add("load_ms", between(begin.made_ms, begin.loaded_ms));
    add("join_ms", between(begin.loaded_ms, begin.joined_ms));
    gap["total_ms"] = total;
    gap["at_ms"] = begin.joined_ms;
    return gap;
}

std::optional<Json> last_timed_event(const os::Path& file) {
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(file, error);
    if (error) return std::nullopt;
    const std::uint64_t from = size > tail_most_bytes ? size - tail_most_bytes : 0;
    std::string text(static_cast<std::size_t>(size - from), '\0');
    const auto got = os::read_range(file, from, std::as_writable_bytes(std::span(text)));
    text.resize(got.value_or(0));
    while (!text.empty()) {
        const std::size_t end = text.find_last_not_of('\n');
        if (end == std::string::npos) break;
        const std::size_t before = text.rfind('\n', end);
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        auto event = parse_json(std::string_view(text).substr(begin, end + 1 - begin), tail_most_bytes);
        if (event && event->is_object() && integer_of(*event, "at_ms") > 0) return std::move(*event);
        text.resize(begin);
    }
    return std::nullopt;
}

std::int64_t utc_ms(const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall()).count();
}

std::int64_t allocation_number() {
    const auto text = os::environment("EUROMESH_ALLOCATION");
    std::int64_t number = 0;
    if (text) (void)std::from_chars(text->data(), text->data() + text->size(), number);
    return std::max<std::int64_t>(0, number);
}

}  // namespace euromesh::apps

// The verifier on entries that anybody wrote: what they say is followed or refused, with words, whatever it
// is. The first byte says whether the rest is a log, two exports to be compared, or rules.
#include "apps/verify/compare.hpp"
#include "apps/verify/replay.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

using namespace verify;

void try_log(std::string_view text) {
    Replay replay;
    for (std::int64_t seq = 0; !text.empty(); ++seq) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto json = parse_json(line, 1u << 20);
        if (!json) continue;
        const Json& data = part_in(*json, "data");
        const Status status = replay.apply(
            {seq, number_in(*json, "time"), text_in(*json, "type"), text_in(*json, "by"), &data});
        EM_ASSERT(status || !status.error().message.empty(), "a difference is told in words");
        if (!status) return;
    }
}

Source source_of(std::string_view text) {
    return [text](std::span<char> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(out.size(), text.size());
        std::copy_n(text.begin(), count, out.begin());
        text.remove_prefix(count);
        return count;
    };
}

void try_exports(std::string_view text) {
    const auto same = compare(source_of(text), source_of(text));
    EM_ASSERT(!same || !same->first, "an export does not part from itself");
    const std::size_t half = text.size() / 2;
    (void)compare(source_of(text.substr(0, half)), source_of(text.substr(half)));
}

void try_rules(std::string_view text) {
    const auto set = RuleTexts::read("federation", {{"a", std::string(text)}});
    if (!set) return;
    for (const char* action : {"place", "apply", "move"})
        (void)ask_rules(*set, {&*set}, Json{{"action", action}, {"site", {{"eu", true}}}});
}

}  // namespace

void try_input(Input input) {
    switch (input.byte() % 3) {
        case 0:
            return try_log(input.text());
        case 1:
            return try_exports(input.text());
        default:
            return try_rules(input.text());
    }
}

}  // namespace euromesh::fuzz

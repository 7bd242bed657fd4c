// What the coordinator reads back or is told: events of a log, snapshots, agents' reports, and orders.
//
// The first byte says what the rest is. A log is applied line by line to tables that begin empty: an entry
// that does not fit is refused, and no invariant breaks.
#include "federation/core/core.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

using namespace federation;

void try_event(std::string_view text) {
    const auto event = decode_event(text);
    if (!event) return;
    const Event made = make_event(event->seq, event->time_ms, event->by, event->data);
    const auto again = decode_event(made.text);
    EM_ASSERT(again.has_value(), "what was read can be written");
    EM_ASSERT(make_event(again->seq, again->time_ms, again->by, again->data).text == made.text,
              "an event has one spelling");
}

void try_log(std::string_view text) {
    Core core;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!core.replay(line)) return;
    }
    if (!core.tables().founded()) return;
    const auto again = Core::restore(core.snapshot());
    EM_ASSERT(again && again->digest() == core.digest(), "a snapshot is the whole state");
}

void try_wire(std::string_view text) {
    const auto json = parse_json(text, 1u << 20);
    if (!json) return;
    if (const auto report = read_site_report(*json)) {
        const auto again = read_site_report(to_json(*report));
        EM_ASSERT(again && to_json(*again) == to_json(*report), "a report reads the same");
    }
    if (const auto orders = read_orders(*json)) {
        const auto again = read_orders(to_json(*orders));
        EM_ASSERT(again && to_json(*again) == to_json(*orders), "orders read the same");
    }
}

}  // namespace

void try_input(Input input) {
    switch (input.byte() % 4) {
        case 0:
            return try_event(input.text());
        case 1:
            return try_log(input.text());
        case 2:
            return try_wire(input.text());
        default:
            return (void)Core::restore(input.text());
    }
}

}  // namespace euromesh::fuzz

#include "apps/verify/report.hpp"

#include "apps/verify/text.hpp"
#include "base/json.hpp"

namespace euromesh::verify {
namespace {

std::string sites_of(const Note& head) {
    std::string names;
    for (const NoteSignature& one : head.sites) names += (names.empty() ? "" : ", ") + one.name;
    return names.empty() ? "nobody" : names;
}

// What the answer rests on, when it is less than it could be.
std::string advice(const Asked& asked) {
    std::string text;
    if (!asked.known_keys)
        text += "keys: as the ledger itself names them; --keys compares them with those you know\n";
    if (asked.needs == 0)
        text += "countersignatures: none was asked for; --needs says how many sites must vouch\n";
    if (asked.trusted == 0)
        text += "length: entries cut off behind the last head do not show; --head compares\n";
    return text;
}

Json head_json(const Note& head) {
    Json sites = Json::array();
    for (const NoteSignature& one : head.sites) sites.push_back({{"site", one.name}, {"time_s", one.time_s}});
    return {{"size", head.size},
            {"root", hex_of(head.root)},
            {"time_ms", head.time_ms},
            {"countersigned", sites}};
}

}  // namespace

std::string as_text(const Findings& findings, const Asked& asked) {
    if (findings.first) {
        const Place& place = findings.first->place;
        return fmt::format("DIFFERS at line {}, byte {}: {}\n{} entries and {} heads were read\n", place.line,
                           place.offset, findings.first->what, findings.entries, findings.heads);
    }
    const Note& head = *findings.last_head;
    std::string text =
        fmt::format("HOLDS: {} entries and {} heads of '{}'\nlast head: root {}, countersigned by {}\n",
                    findings.entries, findings.heads, findings.origin, hex_of(head.root), sites_of(head));
    if (asked.trusted > 0) text += fmt::format("contains all {} trusted heads\n", findings.trusted_met);
    return text + advice(asked);
}

std::string as_json(const Findings& findings, const Asked& asked) {
    Json json = {{"format", "euromesh-verify/1"},  {"verdict", findings.first ? "differs" : "holds"},
                 {"origin", findings.origin},      {"entries", findings.entries},
                 {"heads", findings.heads},        {"bytes", findings.bytes},
                 {"needs", asked.needs},           {"keys_given", asked.known_keys},
                 {"trusted_heads", asked.trusted}, {"trusted_heads_met", findings.trusted_met}};
    if (findings.last_head) json["last_head"] = head_json(*findings.last_head);
    if (findings.first) {
        const Place& place = findings.first->place;
        json["first_difference"] = {{"entry", place.entry},
                                    {"line", place.line},
                                    {"byte", place.offset},
                                    {"what", findings.first->what}};
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string as_text(const Comparison& found) {
    if (found.first) {
        const Parting& parting = *found.first;
        return fmt::format(
            "PARTS at line {}, byte {} (against: line {}, byte {}): {}; {} entries before are the same\n",
            parting.place.line, parting.place.offset, parting.against.line, parting.against.offset,
            parting.what, found.same);
    }
    const char* more = found.is_longer ? "; the first goes on" : "";
    if (found.against_is_longer) more = "; the second goes on";
    return fmt::format("SAME: {} entries{}\n", found.same, more);
}

std::string as_json(const Comparison& found) {
    Json json = {{"format", "euromesh-verify-against/1"},
                 {"verdict", found.first ? "parts" : "same"},
                 {"same_entries", found.same},
                 {"is_longer", found.is_longer},
                 {"against_is_longer", found.against_is_longer}};
    if (found.first) {
        const Parting& parting = *found.first;
        json["first_difference"] = {{"entry", found.same},
                                    {"line", parting.place.line},
                                    {"byte", parting.place.offset},
                                    {"against_line", parting.against.line},
                                    {"against_byte", parting.against.offset},
                                    {"what", parting.what}};
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace euromesh::verify

#include "sync/exchange/greeting.hpp"

#include <algorithm>

namespace euromesh::sync {
namespace {

constexpr std::size_t line_bytes = 400;

std::optional<Rank> rank_of(const std::vector<std::string>& sites, const std::string& site) {
    const auto found = std::find(sites.begin(), sites.end(), site);
    if (found == sites.end()) return std::nullopt;
    return static_cast<Rank>(found - sites.begin());
}

Status check_certificate(const Greeting& ours, const Greeting& theirs, const os::PeerIdentity& identity) {
    if (identity.organisation != ours.run) {
        return fail(Code::refused, "site {}: its certificate is for run '{}', expected '{}'", theirs.site,
                    identity.organisation, ours.run);
    }
    if (identity.name != theirs.site) {
        return fail(Code::refused, "site {}: its certificate is for site '{}'", theirs.site, identity.name);
    }
    return {};
}

Status check_place(const Greeting& ours, const Greeting& theirs, Rank rank, std::optional<Rank> dialled) {
    if (theirs.site == ours.site) {
        return fail(Code::refused, "site {}: started twice, or its endpoint leads to itself", theirs.site);
    }
    if (theirs.sites != ours.sites) {
        return fail(Code::refused, "site {} has another list of sites (all sites need the same run file)",
                    theirs.site);
    }
    if (dialled && *dialled != rank) {
        return fail(Code::refused, "site {} answers at the endpoint of site {} (correct the run file)",
                    theirs.site, ours.sites[*dialled]);
    }
    if (!dialled && rank < *rank_of(ours.sites, ours.site)) {
        return fail(Code::refused,
                    "site {} dialled a site that comes after it (all sites need the same run file)",
                    theirs.site);
    }
    return {};
}

}  // namespace

std::string greeting_text(const Greeting& greeting) {
    const Json json{{"protocol", greeting.protocol}, {"run", greeting.run},
                    {"site", greeting.site},         {"sites", greeting.sites},
                    {"layout", greeting.layout},     {"session", greeting.session}};
    return json.dump();
}

Result<Greeting> parse_greeting(std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EM_ASSIGN(const Json json, parse_json(text));
    Greeting greeting;
    EM_ASSIGN(const std::int64_t protocol, json_integer(json, "protocol", "hello"));
    greeting.protocol = static_cast<int>(std::clamp<std::int64_t>(protocol, 0, 1'000'000));
    EM_ASSIGN(const std::string site, json_string(json, "site", "hello"));
    EM_ASSIGN(const SiteId id, SiteId::parse(site, "site"));
    greeting.site = id.text();
    if (greeting.protocol != exchange_protocol) return greeting;
    EM_ASSIGN(const std::string run, json_string(json, "run", "hello"));
    EM_ASSIGN(const RunId run_id, RunId::parse(run, "run"));
    greeting.run = run_id.text();
    EM_ASSIGN(greeting.layout, json_string(json, "layout", "hello"));
    if (!json.contains("sites") || !json["sites"].is_array())
        return fail(Code::bad_input, "hello: 'sites' must be a list");
    for (const Json& one : json["sites"]) {
        if (!one.is_string()) return fail(Code::bad_input, "hello: 'sites' must be a list of names");
        greeting.sites.push_back(one.get<std::string>());
    }
    if (json.contains("session")) greeting.session = json["session"];
    return greeting;
}

Result<Rank> check_greeting(const Greeting& ours, const Greeting& theirs, const GreetingContext& context) {
    if (theirs.protocol != ours.protocol) {
        return fail(Code::refused,
                    "site {} speaks exchange protocol {}, expected {} (use one version of the program)",
                    theirs.site, theirs.protocol, ours.protocol);
    }
    if (theirs.run != ours.run) {
        return fail(Code::refused, "site {} takes part in run '{}', expected '{}'", theirs.site, theirs.run,
                    ours.run);
    }
    if (context.certificate) EM_TRY(check_certificate(ours, theirs, *context.certificate));
    const std::optional<Rank> rank = rank_of(ours.sites, theirs.site);
    if (!rank)
        return fail(Code::refused, "site {} is unknown to run '{}' (name it in the run file)", theirs.site,
                    ours.run);
    EM_TRY(check_place(ours, theirs, *rank, context.dialled));
    if (theirs.layout != ours.layout) {
        return fail(
            Code::refused,
            "site {} has another model shape: layout {} at {}, {} at {} (all sites need the same [model])",
            theirs.site, one_line(std::as_bytes(std::span(theirs.layout))).substr(0, 12), theirs.site,
            ours.layout.substr(0, 12), ours.site);
    }
    return *rank;
}

std::string one_line(std::span<const std::byte> bytes) {
    std::string line;
    for (const std::byte byte : bytes.first(std::min(bytes.size(), line_bytes))) {
        const auto value = static_cast<unsigned char>(byte);
        line += value >= 0x20 && value < 0x7f ? static_cast<char>(value) : '?';
    }
    return line;
}

}  // namespace euromesh::sync

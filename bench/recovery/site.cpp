#include "bench/recovery/site.hpp"

#include <cstdio>
#include <cstdlib>

#include "base/json.hpp"
#include "base/os/system_clock.hpp"
#include "sync/session.hpp"

namespace euromesh::bench {
namespace {

std::uint64_t number(const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
}

Result<sync::SessionConfig> config_of(const SiteOptions& options) {
    sync::SessionConfig config;
    EM_ASSIGN(config.run, RunId::parse("recovery", "run"));
    for (std::size_t rank = 0; rank < options.endpoints.size(); ++rank) {
        EM_ASSIGN(SiteId site, SiteId::parse("site" + std::to_string(rank), "site"));
        config.sites.push_back({std::move(site), options.endpoints[rank]});
    }
    config.self = options.rank;
    config.layout = {{"weight", {static_cast<std::int64_t>(options.values)}}};
    // More than half: a site that is cut off waits instead of going on alone.
    config.quorum = options.endpoints.size() / 2 + 1;
    config.silence_limit = std::chrono::milliseconds(options.silence_ms);
    return config;
}

void tell(const sync::RoundOutcome& outcome, const Clock& clock) {
    const Json line{{"round", outcome.round},
                    {"at_s", static_cast<double>(clock.monotonic().count()) * 1e-9},
                    {"contributed", outcome.contributed},
                    {"members", outcome.members.size()}};
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

}  // namespace

std::vector<std::string> to_words(const SiteOptions& options) {
    std::string endpoints;
    for (const os::Endpoint& endpoint : options.endpoints)
        endpoints += (endpoints.empty() ? "" : ",") + endpoint.text();
    return {"site",
            std::to_string(options.rank),
            endpoints,
            std::to_string(options.compute_ms),
            std::to_string(options.values),
            std::to_string(options.silence_ms)};
}

Result<SiteOptions> parse_site(const std::vector<std::string>& words) {
    if (words.size() != 6)
        return fail(Code::bad_input, "site: RANK HOST:PORT,... COMPUTE_MS VALUES SILENCE_MS");
    SiteOptions options;
    options.rank = number(words[1]);
    for (std::size_t begin = 0; begin < words[2].size();) {
        const std::size_t end = std::min(words[2].find(',', begin), words[2].size());
        EM_ASSIGN(os::Endpoint endpoint, os::parse_endpoint(words[2].substr(begin, end - begin)));
        options.endpoints.push_back(std::move(endpoint));
        begin = end + 1;
    }
    options.compute_ms = number(words[3]);
    options.values = number(words[4]);
    options.silence_ms = number(words[5]);
    return options;
}

Status run_site(const SiteOptions& options) {
    const os::SystemClock clock;
    const Logger logger(clock, LogFormat::human, LogLevel::warning, [](std::string_view line) {
        std::fprintf(stderr, "%.*s", static_cast<int>(line.size()), line.data());
    });
    EM_ASSIGN(sync::SessionConfig config, config_of(options));
    EM_ASSIGN(const auto session, sync::Session::open(std::move(config), clock, logger));
    EM_TRY(session->start(sync::OuterState::from(std::vector<float>(options.values, 1.0f))));
    for (;;) {
        std::vector<float> local = session->outer().params;
        for (std::size_t i = options.rank; i < local.size(); i += 7) local[i] *= 1.0001f;
        os::wait_ready({}, std::chrono::milliseconds(options.compute_ms));
        EM_ASSIGN(const sync::RoundOutcome outcome, session->exchange(local, {1000, 10}));
        tell(outcome, clock);
    }
}

}  // namespace euromesh::bench

#include "sim/setup.hpp"

#include <cmath>

#include "sync/codec.hpp"
#include "sync/outer_overlap.hpp"

namespace euromesh::sim {
namespace {

constexpr double params_most = 1e14;

Status check_run(const RunModel& run, std::size_t sites) {
    EM_TRY(sync::find_codec(run.codec));
    EM_TRY(sync::check(run.outer));
    EM_TRY(sync::check(sync::OverlapConfig{run.tau, run.alpha}, run.inner_steps));
    if (run.tau >= run.inner_steps) {
        return fail(Code::bad_input, "tau {} of {} inner steps: it must be below", run.tau, run.inner_steps);
    }
    if (run.grace) EM_TRY(sync::check(*run.grace));
    if (run.rounds < 1 || run.inner_steps < 1 || run.fragments < 1 || run.checkpoint_rounds < 1) {
        return fail(Code::bad_input, "rounds, inner steps, fragments and checkpoint_rounds: at least 1");
    }
    if (run.quorum < 1 || run.quorum > sites) {
        return fail(Code::bad_input, "a quorum of {} of {} sites: use 1 to {}", run.quorum, sites, sites);
    }
    if (!(run.params >= 1 && run.params <= params_most)) {
        return fail(Code::bad_input, "{:.4g} parameters: use 1 to {:.0e}", run.params, params_most);
    }
    return {};
}

}  // namespace

double round_seconds(const Setup& setup, Rank site) {
    return setup.sites[site].step_seconds * static_cast<double>(setup.run.inner_steps);
}

contract::Layout layout_of(const RunModel& run) {
    contract::Layout layout;
    for (std::uint64_t layer = 0; layer < 2 * run.fragments; ++layer) {
        layout.push_back(
            {fmt::format("model.layers.{}.weight", layer), {static_cast<std::int64_t>(run.values / 2)}});
    }
    return layout;
}

double payload_bytes(const RunModel& run) {
    const auto values = std::ceil(run.params / static_cast<double>(run.fragments));
    const sync::Codec* codec = sync::find_codec(run.codec).value();
    return static_cast<double>(codec->encoded_bytes(static_cast<std::size_t>(values)));
}

double state_bytes(const RunModel& run) {
    return run.params * (run.outer.kind == sync::OuterKind::delayed_nesterov ? 12 : 8);
}

sync::ConductorConfig conductor_config(const Setup& setup, Rank self) {
    sync::ConductorConfig config;
    config.run = RunId::parse("simulated", "run").value();
    for (const SiteModel& site : setup.sites) {
        config.sites.push_back(SiteId::parse(site.name, "site").value());
    }
    config.self = self;
    config.starting_members = setup.sites.size();
    config.quorum = setup.run.quorum;
    config.fragments = setup.run.fragments;
    config.rounds = setup.run.rounds;
    config.grace = setup.run.grace;
    config.staleness_most = setup.run.staleness_most;
    config.catch_up_rounds = setup.run.catch_up_rounds;
    config.codec = setup.run.codec;
    config.outer = setup.run.outer;
    config.schedule.inner_steps = config.schedule.first_inner_steps = setup.run.inner_steps;
    config.weights = setup.run.weights;
    config.leave_limit = std::chrono::minutes(10);  // a joiner may need the whole state on a slow line
    return config;
}

Status check(const Setup& setup) {
    if (setup.sites.empty() || setup.sites.size() > sync::sites_most) {
        return fail(Code::bad_input, "{} sites: use 1 to {}", setup.sites.size(), sync::sites_most);
    }
    for (const SiteModel& site : setup.sites) {
        EM_TRY(SiteId::parse(site.name, "site"));
        const bool fine = site.step_seconds > 0 && site.tokens_per_step > 0 &&
                          site.line.bits_per_second > 0 && site.line.latency_s >= 0;
        if (!fine) {
            return fail(Code::bad_input,
                        "site {}: time of a step, its tokens and the bandwidth must be above 0", site.name);
        }
    }
    return check_run(setup.run, setup.sites.size());
}

}  // namespace euromesh::sim

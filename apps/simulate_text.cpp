#include "apps/simulate_text.hpp"

#include "apps/teller.hpp"
#include "sync/codec.hpp"

namespace euromesh::apps {
namespace {

std::string list(const std::map<std::string, std::uint64_t>& counts) {
    std::string text;
    for (const auto& [kind, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, count);
    }
    return text.empty() ? "none" : text;
}

std::string setup_in_words(const sim::Setup& setup) {
    const sim::RunModel& run = setup.run;
    return fmt::format(
        "{}, seed {}: {} sites, {:.4g} parameters, H {}, tau {}, {} fragments, {}, {}, quorum {}{}",
        setup.name, setup.seed, setup.sites.size(), run.params, run.inner_steps, run.tau, run.fragments,
        run.codec, name_of(run.outer.kind), run.quorum, run.grace ? " with a grace" : ", waits for all");
}

std::string contributions(std::uint64_t handed_in, std::uint64_t counted, std::uint64_t late,
                          std::uint64_t dropped, std::uint64_t pending) {
    return fmt::format(
        "{} handed in: {} counted ({} of them late), {} dropped with a note, {} pending when a site ended",
        handed_in, counted, late, dropped, pending);
}

Json failures_json(const std::vector<std::string>& failures) {
    Json list = Json::array();
    for (const std::string& failure : failures) list.push_back(failure);
    return list;
}

template <class Sums>
Json contributions_json(const Sums& sums) {
    return {{"handed_in", sums.handed_in}, {"counted", sums.counted},           {"late", sums.late},
            {"dropped", sums.dropped},     {"contradicted", sums.contradicted}, {"pending", sums.pending}};
}

}  // namespace

RunFigures figures_of(const sim::Outcome& outcome) {
    RunFigures figures;
    double compute = 0, wait = 0, exchange = 0, sent = 0, received = 0;
    for (const sim::SiteOutcome& site : outcome.sites) {
        compute += site.times.compute_s;
        wait += site.times.wait_s;
        exchange += site.times.exchange_s;
        sent += site.traffic.sent_bytes;
        received += site.traffic.received_bytes;
    }
    const sim::Findings& findings = outcome.findings;
    const auto rounds = static_cast<double>(std::max<std::uint64_t>(findings.rounds, 1));
    const double shares = rounds * static_cast<double>(outcome.sites.size());
    figures.round_seconds = rounds > 1 ? (findings.last_commit_s - findings.first_commit_s) / (rounds - 1)
                                       : findings.last_commit_s;
    figures.utilisation = compute > 0 ? compute / (compute + wait) : 0;
    figures.wait_seconds = wait / shares;
    figures.exchange_seconds = exchange / shares;
    figures.sent_bytes = sent / shares;
    figures.received_bytes = received / shares;
    return figures;
}

std::string in_words(const sim::Setup& setup, const sim::Outcome& outcome, const std::string& repeat) {
    const sim::Findings& findings = outcome.findings;
    const RunFigures figures = figures_of(outcome);
    std::string text = setup_in_words(setup) + "\n";
    text +=
        fmt::format("Rounds         {} in {:.6g} s, {:.6g} s from one to the next; {} committed and lost\n",
                    findings.rounds, outcome.seconds, figures.round_seconds, findings.abandoned_rounds);
    text += fmt::format(
        "Utilisation    {:.2f} %: a site waits {:.4g} s a round, {:.4g} s of it for the exchange\n",
        100 * figures.utilisation, figures.wait_seconds, figures.exchange_seconds);
    text += fmt::format("Bytes          {} sent and {} received by a site in a round\n",
                        bytes_in_words(figures.sent_bytes), bytes_in_words(figures.received_bytes));
    text +=
        fmt::format("Contributions  {}\n", contributions(findings.handed_in, findings.counted, findings.late,
                                                         findings.dropped, findings.pending));
    text += fmt::format("Faults         {}\n", list(outcome.faults));
    text += fmt::format("Notes          {}\n", list(findings.notes));
    text += fmt::format("Final state    {}\nDigest         {}\n", findings.final_state, outcome.digest);
    text += findings.failures.empty() ? "Checkers       all hold\n" : "Checkers       failed:\n";
    for (const std::string& failure : findings.failures) text += "  " + failure + "\n";
    return text + fmt::format("Repeat         {}\n", repeat);
}

std::string in_words(const sim::Campaign& campaign, const std::string& name) {
    std::string text = fmt::format("{}: {} seeds, {} failed\n", name, campaign.seeds, campaign.failed_seeds);
    text += fmt::format("Simulated      {:.1f} h, {} rounds, {} events; {} rounds committed and lost\n",
                        campaign.simulated_seconds / 3600, campaign.rounds, campaign.events,
                        campaign.abandoned_rounds);
    text +=
        fmt::format("Contributions  {}\n", contributions(campaign.handed_in, campaign.counted, campaign.late,
                                                         campaign.dropped, campaign.pending));
    text += fmt::format("Faults         {}\n", list(campaign.faults));
    text += fmt::format("Notes          {}\n", list(campaign.notes));
    text += fmt::format("Digest         {}\n", campaign.digest);
    for (const sim::FailedSeed& failed : campaign.failed) {
        text += fmt::format("Seed {:<9} {}\n", failed.seed, failed.failures.front());
    }
    return text;
}

Json to_json(const sim::Setup& setup, const sim::Outcome& outcome) {
    const sim::Findings& findings = outcome.findings;
    const RunFigures figures = figures_of(outcome);
    const sim::RunModel& run = setup.run;
    return {{"format", "euromesh-simulation/1"},
            {"scenario", setup.name},
            {"seed", setup.seed},
            {"sites", setup.sites.size()},
            {"parameters", run.params},
            {"inner_steps", run.inner_steps},
            {"tau", run.tau},
            {"fragments", run.fragments},
            {"codec", run.codec},
            {"quorum", run.quorum},
            {"grace", run.grace.has_value()},
            {"rounds", findings.rounds},
            {"seconds", outcome.seconds},
            {"round_seconds", figures.round_seconds},
            {"utilisation", figures.utilisation},
            {"wait_seconds_per_round", figures.wait_seconds},
            {"exposed_exchange_seconds_per_round", figures.exchange_seconds},
            {"sent_bytes_per_site_and_round", figures.sent_bytes},
            {"received_bytes_per_site_and_round", figures.received_bytes},
            {"contributions", contributions_json(findings)},
            {"abandoned_rounds", findings.abandoned_rounds},
            {"faults", outcome.faults},
            {"notes", findings.notes},
            {"final_state", findings.final_state},
            {"digest", outcome.digest},
            {"events", outcome.events},
            {"failures", failures_json(findings.failures)}};
}

Json to_json(const sim::Campaign& campaign) {
    Json failed = Json::array();
    for (const sim::FailedSeed& one : campaign.failed) {
        failed.push_back({{"seed", one.seed}, {"failures", failures_json(one.failures)}});
    }
    return {{"format", "euromesh-simulations/1"},
            {"seeds", campaign.seeds},
            {"failed_seeds", campaign.failed_seeds},
            {"failed", failed},
            {"simulated_seconds", campaign.simulated_seconds},
            {"rounds", campaign.rounds},
            {"abandoned_rounds", campaign.abandoned_rounds},
            {"contributions", contributions_json(campaign)},
            {"faults", campaign.faults},
            {"notes", campaign.notes},
            {"events", campaign.events},
            {"digest", campaign.digest}};
}

}  // namespace euromesh::apps

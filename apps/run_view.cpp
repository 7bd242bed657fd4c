#include "apps/run_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apps/job_text.hpp"
#include "apps/run_story.hpp"
#include "apps/teller.hpp"
#include "apps/text_table.hpp"
#include "federation/core/records.hpp"

namespace euromesh::apps {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::int64_t number(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json progress_of(const Json& site) {
    return site.value("run", Json::object());
}

Json sites_of(const Json& run) {
    return run.value("sites", Json::array());
}

std::string loss_text(std::int64_t millionths) {
    return millionths == 0 ? "" : fmt::format("{:.4f}", static_cast<double>(millionths) / 1e6);
}

std::string seconds_text(std::int64_t ms) {
    return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
}

// Of a site's time with the others: what went into training.
double utilisation(const Json& progress) {
    const auto compute = static_cast<double>(number(progress, "compute_ms"));
    const double all = compute + static_cast<double>(number(progress, "wait_ms"));
    return all > 0 ? compute / all : 0;
}

// Why a site waits, or since when it runs.
std::string standing(const Json& site, std::int64_t now_ms) {
    const std::string state = text(site, "state"), words = text(site, "words");
    if (!words.empty()) return words;
    const std::int64_t started = number(site, "started_ms"), ended = number(site, "ended_ms");
    if (state == "held") return "decided; the site has not asked yet";
    if (state == "offered") return "told to its site";
    if (state == "accepted")
        return "in the site's queue for " + seconds_text(now_ms - number(site, "decided_ms"));
    if (state == "running" && number(progress_of(site), "rounds") == 0) return "waits for the others";
    if (started > 0) return "ran " + seconds_text((ended > 0 ? ended : now_ms) - started);
    return {};
}

std::string rounds_text(const Json& progress) {
    const std::int64_t all = number(progress, "rounds_all");
    return all == 0 ? "" : fmt::format("{}/{}", number(progress, "rounds"), all);
}

}  // namespace

std::string run_line(const Json& run) {
    std::string line = fmt::format("{} {}", text(run, "job"), text(run, "state"));
    for (const Json& site : sites_of(run)) {
        const std::string rounds = rounds_text(progress_of(site));
        line += fmt::format("   {} {}{}", text(site, "site"), text(site, "state"),
                            rounds.empty() ? "" : " " + rounds);
    }
    for (const Json& refusal : run.value("refusals", Json::array()))
        line += fmt::format("   {} refused: {}", text(refusal, "site"), text(refusal, "words"));
    return line;
}

std::vector<std::string> run_lines(const Json& run, std::int64_t now_ms) {
    const std::string words = text(run, "words");
    std::string all = fmt::format("{} {} {}{}\n", text(run, "job"), text(run, "name"), text(run, "state"),
                                  words.empty() ? "" : ": " + words);
    Rows rows{{"site", "claim", "rounds", "loss", "held out", "sent", "received", "in round", ""}};
    for (const Json& site : sites_of(run)) {
        const Json progress = progress_of(site);
        rows.push_back({text(site, "site"), text(site, "state"), rounds_text(progress),
                        loss_text(number(progress, "loss_millionths")),
                        loss_text(number(progress, "held_out_millionths")),
                        bytes_in_words(static_cast<double>(number(progress, "bytes_sent"))),
                        bytes_in_words(static_cast<double>(number(progress, "bytes_received"))),
                        std::to_string(number(progress, "members")), standing(site, now_ms)});
    }
    if (rows.size() > 1) all += text_table(rows);
    for (const Json& refusal : run.value("refusals", Json::array()))
        all += fmt::format("{} refused: {}\n", text(refusal, "site"), text(refusal, "words"));
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < all.size();) {
        const std::size_t end = std::min(all.find('\n', begin), all.size());
        lines.push_back(all.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

// ---- the report ------------------------------------------------------------------------------------------

namespace {

Json site_report(const Json& site, std::int64_t submitted_ms, std::int64_t watts) {
    const Json progress = progress_of(site);
    const std::int64_t started = number(site, "started_ms"), ended = number(site, "ended_ms");
    const std::int64_t ran = std::max<std::int64_t>(0, ended - started);
    return Json{{"site", text(site, "site")},
                {"partition", text(site, "partition")},
                {"claim", text(site, "claim")},
                {"state", text(site, "state")},
                {"waited_ms", started > 0 ? started - submitted_ms : 0},
                {"ran_ms", ran},
                {"starts", number(progress, "starts")},
                {"rounds", number(progress, "rounds")},
                {"tokens", number(progress, "tokens")},
                {"inner_steps", number(progress, "inner_steps")},
                {"loss_millionths", number(progress, "loss_millionths")},
                {"held_out_millionths", number(progress, "held_out_millionths")},
                {"bytes_sent", number(progress, "bytes_sent")},
                {"bytes_received", number(progress, "bytes_received")},
                {"utilisation", utilisation(progress)},
                {"gpus", number(site, "gpus")},
                {"charged_milli_gpu_hours", number(site, "charged")},
                {"energy_j", watts * number(site, "gpus") * ran / 1000},
                {"outer_digest", text(progress, "outer_digest")},
                {"manifest_head", text(progress, "manifest_head")}};
}

}  // namespace

Json run_report(const contract::RunSpec& spec, const Json& run, const Json& sites) {
    Json rows = Json::array();
    std::int64_t tokens = 0, bytes = 0, charged = 0, energy = 0;
    for (const Json& site : sites_of(run)) {
        rows.push_back(site_report(site, number(run, "submitted_ms"),
                                   watts_per_gpu(sites, text(site, "site"), text(site, "partition"))));
        const Json& row = rows.back();
        tokens += number(row, "tokens"), bytes += number(row, "bytes_sent");
        charged += number(row, "charged_milli_gpu_hours"), energy += number(row, "energy_j");
    }
    return Json{{"format", "euromesh-run-report/1"},
                {"job", text(run, "job")},
                {"name", text(run, "name")},
                {"state", text(run, "state")},
                {"words", text(run, "words")},
                {"job_digest", text(run, "digest")},
                {"submitted_ms", number(run, "submitted_ms")},
                {"ended_ms", number(run, "ended_ms")},
                {"sites", std::move(rows)},
                {"happenings", run_story(run)},
                {"tokens", tokens},
                {"flop", training_flop_of(spec, tokens)},
                {"bytes_sent", bytes},
                {"charged_milli_gpu_hours", charged},
                {"energy_j", energy},
                {"energy_grade", "calculated: GPUs x time x the site's watts per GPU"}};
}

std::string report_text(const Json& report) {
    const std::string words = text(report, "words");
    std::string all = fmt::format("run {} ({}) {}{} after {}\n", text(report, "name"), text(report, "job"),
                                  text(report, "state"), words.empty() ? "" : ": " + words,
                                  seconds_text(number(report, "ended_ms") - number(report, "submitted_ms")));
    Rows rows{{"site", "waited", "ran", "starts", "rounds", "tokens", "held out", "sent", "utilisation",
               "GPU h", "kWh", "outer state"}};
    for (const Json& site : sites_of(report)) {
        const std::int64_t energy = number(site, "energy_j");
        rows.push_back({text(site, "site"), seconds_text(number(site, "waited_ms")),
                        seconds_text(number(site, "ran_ms")), std::to_string(number(site, "starts")),
                        std::to_string(number(site, "rounds")), std::to_string(number(site, "tokens")),
                        loss_text(number(site, "held_out_millionths")),
                        bytes_in_words(static_cast<double>(number(site, "bytes_sent"))),
                        fmt::format("{:.0f} %", 100 * site.value("utilisation", 0.0)),
                        gpu_hours(number(site, "charged_milli_gpu_hours")),
                        energy == 0 ? "" : fmt::format("{:.3g}", static_cast<double>(energy) / 3.6e6),
                        text(site, "outer_digest").substr(0, 12)});
    }
    all += text_table(rows);
    all += fmt::format("in all: {} tokens, {:.3g} FLOP, {} sent, {} GPU-hours charged",
                       number(report, "tokens"), report.value("flop", 0.0),
                       bytes_in_words(static_cast<double>(number(report, "bytes_sent"))),
                       gpu_hours(number(report, "charged_milli_gpu_hours")));
    if (number(report, "energy_j") > 0)
        all +=
            fmt::format(", {:.3g} kWh (calculated)", static_cast<double>(number(report, "energy_j")) / 3.6e6);
    return all + "\n" + story_text(report.value("happenings", Json::array()), number(report, "submitted_ms"));
}

// ---- checks ----------------------------------------------------------------------------------------------

namespace {

bool took_part(const Json& site) {
    return text(site, "state") == "ended" && number(site, "exit") == 0;
}

RunCheck same_outer_state(const Json& run) {
    std::set<std::string> digests;
    std::int64_t sites = 0;
    for (const Json& site : sites_of(run)) {
        if (!took_part(site)) continue;
        digests.insert(text(progress_of(site), "outer_digest"));
        ++sites;
    }
    const bool holds = digests.size() == 1 && !digests.begin()->empty();
    return {"outer parameters are bit-identical at all sites", holds,
            holds ? fmt::format("{} at {} sites", *digests.begin(), sites)
                  : fmt::format("{} different digests at {} sites", digests.size(), sites)};
}

RunCheck all_rounds(const Json& run) {
    for (const Json& site : sites_of(run)) {
        const Json progress = progress_of(site);
        if (!took_part(site) || number(progress, "rounds") == number(progress, "rounds_all")) continue;
        return {"every site came to the last round", false,
                fmt::format("{}: {}", text(site, "site"), rounds_text(progress))};
    }
    return {"every site came to the last round", text(run, "state") == "completed", text(run, "state")};
}

RunCheck charges_fit(const Json& run) {
    for (const Json& site : sites_of(run)) {
        const std::int64_t limit =
            federation::milli_gpu_hours(number(site, "gpus"), number(site, "limit_ms"));
        const std::int64_t ran =
            std::max<std::int64_t>(0, number(site, "ended_ms") - number(site, "started_ms"));
        const std::int64_t right =
            number(site, "started_ms") == 0
                ? 0
                : std::min(limit, federation::milli_gpu_hours(number(site, "gpus"), ran));
        if (number(site, "charged") == right || text(site, "state") == "lost") continue;
        return {"charges follow from GPUs and times", false,
                fmt::format("{}: charged {} milli-GPU-hours, right were {}", text(site, "site"),
                            number(site, "charged"), right)};
    }
    return {"charges follow from GPUs and times", true, "rounded up to a thousandth of a GPU-hour"};
}

RunCheck manifests_fit(const Json& run, const std::map<std::string, ManifestEnd>& ends) {
    RunCheck check{"manifests chain, and end with that outer state", !ends.empty(), "none was brought"};
    for (const Json& site : sites_of(run)) {
        const auto found = ends.find(text(site, "site"));
        if (found == ends.end() || !took_part(site)) continue;
        const Json progress = progress_of(site);
        const bool fits = found->second.head == text(progress, "manifest_head") &&
                          found->second.outer_state == text(progress, "outer_digest");
        check.words = fmt::format("chain head {}", found->second.head);
        if (fits) continue;
        return {check.what, false, text(site, "site") + ": they end otherwise than the ledger says"};
    }
    return check;
}

}  // namespace

std::vector<RunCheck> run_checks(const Json& run, const std::map<std::string, ManifestEnd>& ends) {
    return {all_rounds(run), same_outer_state(run), manifests_fit(run, ends), charges_fit(run)};
}

std::string checks_text(const std::vector<RunCheck>& checks) {
    std::string all;
    for (const RunCheck& check : checks)
        all += fmt::format("{}  {}: {}\n", check.holds ? "holds" : "FAILS", check.what, check.words);
    return all;
}

}  // namespace euromesh::apps

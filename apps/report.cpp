#include "apps/report.hpp"

#include <set>

#include "apps/page.hpp"
#include "apps/run_folder.hpp"
#include "apps/sample.hpp"
#include "apps/system_facts.hpp"
#include "apps/teller.hpp"
#include "base/os/file.hpp"
#include "sync/manifest.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;
using contract::Teller;

constexpr std::string_view placeholder = "/*REPORT_DATA*/";

// Text that a model wrote may end within a character: what is not UTF-8 becomes the replacement character.
std::string printable(const std::string& text) {
    const std::string dumped = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return Json::parse(dumped).get<std::string>();
}

// A sample of each language that a site gives a prompt for, from the newest checkpoint of any site.
Json samples_of(const RunSpec& spec) {
    Json samples = Json::array();
    for (const contract::SiteSpec& owner : spec.sites) {
        Result<trainer::Trainer> model =
            load_for_use(site_folder(spec, owner.id.text()), trainer::Device::cpu);
        if (!model) continue;
        for (const contract::SiteSpec& site : spec.sites) {
            if (site.prompt.empty()) continue;
            const Result<std::string> text = model->generate(site.prompt, {});
            if (text)
                samples.push_back(
                    {{"language", site.language}, {"prompt", site.prompt}, {"text", printable(*text)}});
        }
        break;
    }
    return samples;
}

// The longest chain of any site: a site that joined late has a shorter one.
Json manifests_of(const RunSpec& spec) {
    Json best = nullptr;
    std::uint64_t most = 0;
    for (const contract::SiteSpec& site : spec.sites) {
        const path file = manifest_file(spec, site.id.text());
        const Result<std::string> text = os::read_file(file, 1u << 30);
        if (!text) continue;
        const Result<sync::ChainSummary> summary = sync::check_manifests(*text);
        if (!summary || summary->lines <= most) continue;
        most = summary->lines;
        best = {{"file", file.string()}, {"head", summary->head}, {"count", summary->lines}};
    }
    return best;
}

std::string number(const Json& value, const char* format) {
    return value.is_number() ? fmt::format(fmt::runtime(format), value.get<double>()) : "not measured";
}

}  // namespace

Result<contract::RunRecord> collect_record(const RunSpec& spec) {
    contract::RunRecord record(spec);
    for (const Teller& teller : tellers_of(spec)) {
        EM_ASSIGN(const std::vector<Json> events, read_events(spec, teller));
        for (const Json& event : events) {
            const Status added = record.add(teller, event);
            if (!added) return fail(added.error().within(event_file(spec, file_name_of(teller)).string()));
        }
    }
    return record;
}

Result<Json> complete_report(const RunSpec& spec, const contract::RunRecord& record, const Clock& clock) {
    Json report = record.document();
    report["created"] = iso8601_utc(clock.wall());
    report["program"] = "euromesh " EUROMESH_VERSION;
    for (Json& site : report["sites"]) EM_TRY(add_system_facts(site));
    report["samples"] = samples_of(spec);
    report["manifests"] = manifests_of(spec);
    report["reproduce"] = fmt::format("euromesh train RUN.toml --baseline --steps {}", spec.steps);
    return report;
}

Result<std::string> render_report(std::string_view page, const Json& report) {
    const std::size_t at = page.find(placeholder);
    if (at == std::string_view::npos) return fail(Code::internal, "the report page has no place for data");
    std::string html(page.substr(0, at));
    for (char c : report.dump(-1, ' ', false, Json::error_handler_t::replace)) {
        if (c == '<')
            html += "\\u003c";
        else
            html.push_back(c);
    }
    html += page.substr(at + placeholder.size());
    return html;
}

Result<path> write_report(const RunSpec& spec, const Json& report) {
    EM_ASSIGN(const std::string html, render_report(report_page(), report));
    EM_TRY(os::write_file_atomically(spec.folder / "report.json",
                                     report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
    EM_TRY(os::write_file_atomically(spec.folder / "report.html", html));
    return spec.folder / "report.html";
}

std::string results_in_words(const Json& report) {
    std::set<std::string> languages;
    for (const Json& row : report["results"]) {
        for (const auto& [language, loss] : row["loss"].items()) languages.insert(language);
    }
    std::string text = fmt::format("\n{:<24}", "held-out nats per byte");
    for (const std::string& language : languages) text += fmt::format(" {:>10}", language);
    text += fmt::format(" {:>10}\n", "mean");
    for (const Json& row : report["results"]) {
        text += fmt::format("{:<24}", row["label"].get<std::string>());
        for (const std::string& language : languages) {
            text += fmt::format(
                " {:>10}", row["loss"].contains(language) ? number(row["loss"][language], "{:.4f}") : "-");
        }
        text += fmt::format(" {:>10}\n", number(row["mean"], "{:.4f}"));
    }
    const Json& bytes = report["bytes"];
    text += fmt::format(
        "sent {} where data parallel sends {}: {} times fewer\n", bytes_in_words(bytes["sent"].get<double>()),
        bytes_in_words(bytes["data_parallel"].get<double>()), number(bytes["ratio"], "{:.1f}"));
    const Json& verdict = report["verdict"];
    if (verdict["gap_to_data_parallel"].is_number()) {
        text += fmt::format(
            "gap to data parallel {:+.2f} %, closes {:.1f} % of the way from the best single site\n",
            100 * verdict["gap_to_data_parallel"].get<double>(),
            100 * verdict["closed_fraction"].get<double>());
    }
    return text;
}

}  // namespace euromesh::apps

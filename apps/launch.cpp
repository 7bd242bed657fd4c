#include "apps/launch.hpp"

#include <cmath>
#include <cstdio>
#include <set>

#include "apps/jobs.hpp"
#include "apps/live_view.hpp"
#include "apps/replica.hpp"
#include "apps/report.hpp"
#include "apps/run_folder.hpp"
#include "apps/teller.hpp"
#include "base/os/socket.hpp"
#include "base/os/terminal.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;
using contract::Teller;

// What a process would find wrong in its first second, found before any is started.
Status check_inputs(const RunSpec& spec) {
    for (const contract::SiteSpec& site : spec.sites) {
        if (Status text = open_text(spec, site.text).map([](const auto&) {}); !text) {
            return fail(text.error().within("site " + site.id.text()));
        }
        if (Status text = open_text(spec, site.heldout).map([](const auto&) {}); !text) {
            return fail(text.error().within("site " + site.id.text()));
        }
    }
    return {};
}

// A port that is free now. Held only briefly; a site that finds it taken says so.
Result<std::string> free_local_address() {
    EM_ASSIGN(const os::Socket socket, os::Socket::listen({"127.0.0.1", 0}, {}));
    return fmt::format("127.0.0.1:{}", socket.local_port());
}

Result<std::string> choose_addresses(const RunSpec& spec) {
    std::string list;
    std::set<std::string> taken;
    for (const contract::SiteSpec& site : spec.sites) {
        std::string address = site.address;
        while (address.empty()) {
            EM_ASSIGN(const std::string candidate, free_local_address());
            if (taken.insert(candidate).second) address = candidate;
        }
        list += (list.empty() ? "" : ",") + site.id.text() + "=" + address;
    }
    return list;
}

Status make_keys(const RunSpec& spec, const Clock& clock) {
    if (!spec.encrypted || std::filesystem::exists(spec.pki / "ca.pem")) return {};
    EM_TRY(os::make_folders(spec.pki));
    std::vector<SiteId> ids;
    for (const contract::SiteSpec& site : spec.sites) ids.push_back(site.id);
    return sync::pki_init(spec.pki, spec.name, ids, clock);
}

Job job_of(const RunSpec& spec, const LaunchOptions& options, const Teller& teller) {
    Job job;
    job.teller = teller;
    job.arguments = {os::own_program().string(),
                     "train",
                     options.run_file.string(),
                     "--json",
                     "--steps",
                     std::to_string(spec.steps),
                     "--device",
                     options.device,
                     "--threads",
                     std::to_string(options.threads)};
    job.log = log_file(spec, file_name_of(teller));
    const auto add = [&job](std::string option, std::string value) {
        job.arguments.push_back(std::move(option));
        if (!value.empty()) job.arguments.push_back(std::move(value));
    };
    if (teller.kind == Teller::Kind::alone) add("--alone", teller.site);
    if (teller.kind == Teller::Kind::data_parallel) {
        add("--data-parallel", "");
        job.work = static_cast<double>(spec.sites.size());
    }
    return job;
}

Result<std::vector<Job>> site_jobs(const RunSpec& spec, const LaunchOptions& options) {
    EM_ASSIGN(const std::string addresses, choose_addresses(spec));
    std::vector<Job> jobs;
    for (const contract::SiteSpec& site : spec.sites) {
        Job job = job_of(spec, options, {Teller::Kind::federated, site.id.text()});
        job.arguments.insert(job.arguments.end(), {"--site", site.id.text(), "--addresses", addresses});
        if (options.resume) job.arguments.push_back("--resume");
        job.restarts = options.restarts;
        jobs.push_back(std::move(job));
    }
    return jobs;
}

std::vector<Job> comparison_jobs(const RunSpec& spec, const LaunchOptions& options) {
    std::vector<Job> jobs;
    for (const Teller& teller : tellers_of(spec)) {
        if (teller.kind != Teller::Kind::federated && !has_finished(spec, teller)) {
            jobs.push_back(job_of(spec, options, teller));
        }
    }
    return jobs;
}

Status run_phase(const std::string& title, std::vector<Job> jobs, std::size_t slots, const RunSpec& spec,
                 const LaunchOptions& options, Context& context) {
    if (jobs.empty()) return {};
    std::vector<std::string> names;
    for (const Job& job : jobs) names.push_back(name_of(job.teller));
    LiveView view(context.clock, names, spec.steps, os::is_terminal(os::OutputStream::error),
                  os::terminal_width());
    view.note(title);
    JobHandlers handlers;
    handlers.on_note = [&view](const std::string& text) { view.note(text); };
    handlers.on_event = [&view, &options](const Job& job, const Json& event) {
        view.add(name_of(job.teller), event);
        if (event.value("event", "") == "note") view.note(in_words(event));
        if (!options.json) return;
        Json told = {{"process", name_of(job.teller)}};
        told.update(event);
        std::printf("%s\n", told.dump().c_str());
    };
    const Status status = run_jobs(std::move(jobs), slots, handlers, context.clock);
    view.finish();
    return status;
}

bool federated_part_is_done(const RunSpec& spec) {
    for (const Teller& teller : tellers_of(spec)) {
        if (teller.kind == Teller::Kind::federated && !has_finished(spec, teller)) return false;
    }
    return true;
}

bool some_site_has_finished(const RunSpec& spec) {
    for (const Teller& teller : tellers_of(spec)) {
        if (teller.kind == Teller::Kind::federated && has_finished(spec, teller)) return true;
    }
    return false;
}

Status train_sites(const RunSpec& spec, const LaunchOptions& options, Context& context) {
    if (options.resume && federated_part_is_done(spec)) return {};
    EM_ASSIGN(std::vector<Job> jobs, site_jobs(spec, options));
    const std::string title =
        fmt::format("{}: {} sites, {} steps each, H = {}, {}", spec.name.text(), spec.sites.size(),
                    spec.steps, spec.outer.inner_steps, spec.outer.codec);
    const std::size_t slots = jobs.size();
    return run_phase(title, std::move(jobs), slots, spec, options, context);
}

Status tell_results(const RunSpec& spec, const LaunchOptions& options, Context& context) {
    EM_ASSIGN(const contract::RunRecord record, collect_record(spec));
    EM_ASSIGN(const Json report, complete_report(spec, record, context.clock));
    EM_ASSIGN(const path html, write_report(spec, report));
    if (options.json) {
        std::printf("%s\n", Json{{"event", "report"}, {"html", html.string()}, {"verdict", report["verdict"]}}
                                .dump()
                                .c_str());
    } else {
        std::printf("%s\nReport: %s\n", results_in_words(report).c_str(), html.c_str());
    }
    return {};
}

}  // namespace

Status launch(const RunSpec& spec, const LaunchOptions& options, Context& context) {
    EM_TRY(check_inputs(spec));
    EM_TRY(make_keys(spec, context.clock));
    const Status trained = train_sites(spec, options, context);
    if (!trained && trained.error().code == Code::cancelled) return trained;
    if (!trained && !federated_part_is_done(spec)) {
        // Some sites may have gone on to the end: what is there is still worth a report.
        const bool any_finished = some_site_has_finished(spec);
        if (any_finished) EM_TRY(tell_results(spec, options, context));
        return trained;
    }
    if (options.baseline) {
        const auto slots = static_cast<std::size_t>(std::max(1, os::usable_cores() / options.threads));
        EM_TRY(run_phase("For comparison: each site alone, and data parallelism",
                         comparison_jobs(spec, options), slots, spec, options, context));
    }
    return tell_results(spec, options, context);
}

}  // namespace euromesh::apps

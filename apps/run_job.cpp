#include "apps/run_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/job_text.hpp"
#include "apps/replica.hpp"
#include "apps/teller.hpp"
#include "federation/core/records.hpp"
#include "sync/codec.hpp"
#include "trainer/model.hpp"

namespace euromesh::apps {
namespace {

using contract::JobSpec;
using contract::RunSpec;

Status check_federated(const RunSpec& spec) {
    if (spec.federation.duration_ms < 1000)
        return fail(Code::bad_input,
                    "run {}: [federation] hours is missing: how long it runs at most at each site, such as "
                    "hours = 2",
                    spec.name.text());
    for (const contract::SiteSpec& site : spec.sites)
        if (!site.address.empty())
            return fail(Code::bad_input,
                        "run {}: site {}: address must be left out: a federated run's sites find each other",
                        spec.name.text(), site.id.text());
    return {};
}

void add_data(const RunSpec& spec, JobSpec& job) {
    for (const contract::SiteSpec& site : spec.sites) {
        for (const std::string& id : site.data) {
            const auto [known, is_new] = job.data_sites.try_emplace(id, site.id.text());
            if (is_new) job.data.push_back(id);
            // Read at two sites: then the whole job reads it.
            else if (known->second != site.id.text())
                known->second.clear();
        }
    }
    std::erase_if(job.data_sites, [](const auto& one) { return one.second.empty(); });
}

}  // namespace

std::int64_t exchange_bytes_of(const RunSpec& spec) {
    const auto values = static_cast<double>(contract::value_count(trainer::model_layout(model_of(spec))));
    const auto codec = sync::find_codec(spec.outer.codec);
    constexpr std::size_t sample = 1u << 20;
    const double per_value = codec ? static_cast<double>((*codec)->encoded_bytes(sample)) / sample : 4.0;
    const double rounds = static_cast<double>(Rounds(spec).count());
    const double fragments = static_cast<double>(spec.outer.fragments);
    const double payload = 2 * rounds * values / fragments * per_value + 2 * 2 * 4 * values;
    return std::llround(payload * 1.125) + 65536;
}

double training_flop_of(const RunSpec& spec, std::int64_t tokens) {
    return trainer::training_flop_per_token(model_of(spec)) * static_cast<double>(tokens);
}

Result<JobSpec> job_of_run(const RunSpec& spec, const std::string& run_file) {
    EM_TRY(check_federated(spec));
    JobSpec job;
    job.name = spec.name.text();
    job.template_name = contract::train_template;
    job.files[contract::run_file_name] = run_file;
    job.sites = static_cast<std::int64_t>(spec.sites.size());
    job.quorum = spec.federation.quorum > 0 ? spec.federation.quorum : job.sites;
    job.gpus_per_process = std::min<std::int64_t>(spec.federation.gpus, 64);
    if (spec.federation.gpus > 64) job.processes = (spec.federation.gpus + 63) / 64;
    job.duration_ms = spec.federation.duration_ms / 1000 * 1000;
    job.project = spec.federation.project;
    job.job_class = spec.federation.job_class;
    job.kind = job.sites > 1 ? "federated-training" : "training";
    job.exchange_bytes = job.sites > 1 ? exchange_bytes_of(spec) : 0;
    for (const contract::SiteSpec& site : spec.sites) job.preferred_sites.push_back(site.id.text());
    add_data(spec, job);
    // What the coordinator would say is said here already.
    return contract::read_job_spec(contract::to_json(job));
}

std::int64_t watts_per_gpu(const Json& sites, const std::string& site, const std::string& partition) {
    std::int64_t watts = 0;
    for (const Json& one : sites.value("sites", Json::array())) {
        if (one.value("id", "") != site) continue;
        const Json document = one.value("document", Json::object());
        for (const Json& part : document.value("partitions", Json::array()))
            if (partition.empty() || part.value("id", "") == partition)
                watts = std::max(watts, part.value("watts_per_gpu", std::int64_t{0}));
    }
    return watts;
}

RunBound bound_of(const RunSpec& spec, const Json& sites) {
    RunBound bound;
    bound.sites = static_cast<std::int64_t>(spec.sites.size());
    bound.duration_ms = spec.federation.duration_ms;
    bound.gpus = spec.federation.gpus;
    bound.held_mgh = bound.sites * federation::milli_gpu_hours(bound.gpus, bound.duration_ms);
    bound.rounds = static_cast<std::int64_t>(Rounds(spec).count());
    bound.bytes = bound.sites > 1 ? bound.sites * (bound.sites - 1) * exchange_bytes_of(spec) : 0;
    bound.tokens = bound.sites * spec.steps * spec.inner.batch * spec.model.context;
    bound.flop = training_flop_of(spec, bound.tokens);
    for (const contract::SiteSpec& site : spec.sites)
        bound.energy_j += watts_per_gpu(sites, site.id.text()) * bound.gpus * (bound.duration_ms / 1000);
    return bound;
}

std::string bound_text(const RunBound& bound) {
    std::string text = fmt::format(
        "at most: {} sites, {:.2g} h each, {} GPU-hours held, {} exchanged in {} rounds\n"
        "training: {:.3g} tokens, {:.3g} FLOP\n",
        bound.sites, static_cast<double>(bound.duration_ms) / 3.6e6, gpu_hours(bound.held_mgh),
        bytes_in_words(static_cast<double>(bound.bytes)), bound.rounds, static_cast<double>(bound.tokens),
        bound.flop);
    if (bound.energy_j > 0)
        text += fmt::format("energy: at most {:.3g} kWh (by the sites' watts per GPU)\n",
                            static_cast<double>(bound.energy_j) / 3.6e6);
    return text;
}

Json to_json(const RunBound& bound) {
    return Json{{"sites", bound.sites},          {"duration_ms", bound.duration_ms},
                {"gpus_per_site", bound.gpus},   {"held_milli_gpu_hours", bound.held_mgh},
                {"exchange_bytes", bound.bytes}, {"rounds", bound.rounds},
                {"tokens", bound.tokens},        {"flop", bound.flop},
                {"energy_j", bound.energy_j}};
}

}  // namespace euromesh::apps

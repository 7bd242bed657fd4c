#include "apps/usage_export.hpp"

#include <fmt/format.h>

#include "apps/replica.hpp"
#include "base/clock.hpp"
#include "trainer/model.hpp"

namespace euromesh::apps {
namespace {

std::int64_t number(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string time_text(std::int64_t ms) {
    return iso8601_utc(std::chrono::milliseconds(ms));
}

std::string escaped(const std::string& value) {
    std::string safe;
    for (const char c : value) {
        if (c == '&')
            safe += "&amp;";
        else if (c == '<')
            safe += "&lt;";
        else if (c == '>')
            safe += "&gt;";
        else if (static_cast<unsigned char>(c) >= 0x20)
            safe += c;
    }
    return safe;
}

std::string element(const char* name, const std::string& value) {
    return value.empty() ? std::string() : fmt::format("<urf:{0}>{1}</urf:{0}>", name, escaped(value));
}

std::string seconds_of(std::int64_t ms) {
    return fmt::format("PT{}S", (ms + 999) / 1000);
}

std::string record_of(const Json& job, const Json& report, const Json& site,
                      const std::string& infrastructure, const std::string& made_at) {
    const std::int64_t started = number(report, "submitted_ms") + number(site, "waited_ms");
    const std::int64_t ran = number(site, "ran_ms");
    return "<urf:UsageRecord>\n  <urf:RecordIdentityBlock>" +
           element("RecordId", infrastructure + ":" + text(site, "claim")) + element("CreateTime", made_at) +
           "</urf:RecordIdentityBlock>\n  <urf:SubjectIdentityBlock>" +
           element("GlobalUserId", text(job, "account")) + element("Group", text(job, "project")) +
           element("Site", text(site, "site")) + element("Infrastructure", infrastructure) +
           "</urf:SubjectIdentityBlock>\n  <urf:ComputeUsageBlock>" +
           element("WallDuration", seconds_of(ran)) + element("StartTime", time_text(started)) +
           element("EndTime", time_text(started + ran)) + "</urf:ComputeUsageBlock>\n  <urf:JobUsageBlock>" +
           element("GlobalJobId", text(report, "job")) + element("LocalJobId", text(site, "claim")) +
           element("JobName", text(report, "name")) + element("Queue", text(site, "partition")) +
           element("Status", text(site, "state")) + "</urf:JobUsageBlock>\n</urf:UsageRecord>\n";
}

}  // namespace

Json annex_xi(const contract::RunSpec& spec, const Json& report) {
    std::int64_t ran = 0, gpu_ms = 0;
    Json sites = Json::array();
    for (const Json& site : report.value("sites", Json::array())) {
        ran = std::max(ran, number(site, "ran_ms"));
        gpu_ms += number(site, "ran_ms") * number(site, "gpus");
        sites.push_back({{"site", text(site, "site")},
                         {"gpus", number(site, "gpus")},
                         {"seconds", static_cast<double>(number(site, "ran_ms")) / 1000},
                         {"tokens", number(site, "tokens")}});
    }
    Json made = {
        {"format", "euromesh-annex-xi/1"},
        {"basis", "Regulation (EU) 2024/1689, Annex XI, section 1, point 2 (d) and (e)"},
        {"run", text(report, "job")},
        {"name", text(report, "name")},
        {"job_digest", text(report, "job_digest")},
        {"parameters", contract::value_count(trainer::model_layout(model_of(spec)))},
        {"tokens", number(report, "tokens")},
        {"training_flop", report.value("flop", 0.0)},
        {"training_flop_method",
         "tokens x operations per token of the model's matrices and attention, forward and backward; "
         "evaluation is not counted"},
        {"begun", time_text(number(report, "submitted_ms"))},
        {"ended", time_text(number(report, "ended_ms"))},
        {"longest_site_seconds", static_cast<double>(ran) / 1000},
        {"gpu_hours", static_cast<double>(gpu_ms) / 3.6e6},
        {"sites", std::move(sites)}};
    if (number(report, "energy_j") > 0) {
        made["energy_kwh"] = static_cast<double>(number(report, "energy_j")) / 3.6e6;
        made["energy_method"] = text(report, "energy_grade");
    }
    return made;
}

std::string ogf_usage_records(const Json& job, const Json& report, const std::string& infrastructure,
                              const std::string& made_at) {
    std::string all =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<urf:UsageRecords xmlns:urf=\"http://schema.ogf.org/urf/2013/04/urf\">\n";
    for (const Json& site : report.value("sites", Json::array()))
        if (number(site, "ran_ms") > 0) all += record_of(job, report, site, infrastructure, made_at);
    return all + "</urf:UsageRecords>\n";
}

}  // namespace euromesh::apps

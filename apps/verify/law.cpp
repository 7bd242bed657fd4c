#include "apps/verify/law.hpp"

#include <algorithm>

namespace euromesh::verify {
namespace {

constexpr std::size_t value_most = 1024, members_most = 1024;

std::string one_line(std::string text) {
    text.resize(std::min(text.size(), value_most));
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return text;
}

Json lines(const Json& list) {
    Json all = Json::array();
    if (!list.is_array()) return all;
    for (const Json& one : list)
        if (one.is_string() && all.size() < members_most) all.push_back(one_line(one.get<std::string>()));
    return all;
}

Json with_first(const std::string& first, const Json& list) {
    Json all = Json::array({first});
    for (const Json& one : list)
        if (all.size() < members_most) all.push_back(one);
    return all;
}

std::string member_group(const Json& project) {
    return "member-of:" + text_in(project, "id");
}

Json person(const World& world, std::string_view account, const Json& groups, const Json* project,
            const Json& scopes) {
    const auto bar = account.rfind('|');
    const bool is_split = bar != std::string_view::npos;
    Json all = lines(groups);
    const bool is_named = project != nullptr && (holds_text(part_in(*project, "members"), account) ||
                                                 holds_text(part_in(*project, "managers"), account));
    if (is_named) all = with_first(member_group(*project), all);
    Json roles = Json::array();
    if (is_administrator(world, account)) roles = {"board", "operator"};
    if (holds_text(part_in(world.federation, "reviewers"), account)) roles.push_back("reviewer");
    return {{"issuer", one_line(std::string(is_split ? account.substr(0, bar) : ""))},
            {"subject", one_line(std::string(is_split ? account.substr(bar + 1) : account))},
            {"groups", all},
            {"scopes", scopes},
            {"roles", roles}};
}

Json project_record(const World& world, const Json& project, const std::string& tier,
                    const std::string& share, std::int64_t amount) {
    const std::string country = text_in(project, "country");
    return {{"id", text_in(project, "id")},
            {"organisation", one_line(text_in(project, "organisation"))},
            {"organisation_kind", text_in(project, "organisation_kind")},
            {"country", country},
            {"eu", holds_text(part_in(world.federation, "eu_countries"), country)},
            {"participating", holds_text(part_in(world.federation, "participating_countries"), country)},
            {"civilian", flag_in(project, "civilian")},
            {"tier", tier},
            {"asked_milli_gpu_hours", amount},
            {"award", share},
            {"groups", with_first(member_group(project), lines(part_in(project, "groups")))}};
}

Json site_record(const World& world, const Json& admission, const Json& document) {
    const std::string country = text_in(admission, "country");
    return {{"id", text_in(admission, "id")},
            {"country", country},
            {"eu", holds_text(part_in(world.federation, "eu_countries"), country)},
            {"operator", one_line(text_in(admission, "operator"))},
            {"hosting", text_in(admission, "hosting")},
            {"owners", lines(part_in(admission, "owners"))},
            {"labels", lines(part_in(document, "labels"))}};
}

Json data_record(const Json& data) {
    Json record = {{"id", text_in(data, "id")},
                   {"residency", text_in(data, "residency")},
                   {"sensitive", flag_in(data, "sensitive")}};
    for (const char* name : {"country", "site"})
        if (!text_in(data, name).empty()) record[name] = one_line(text_in(data, name));
    return record;
}

std::int64_t gpus_of(const Json& spec) {
    const Json& resources = part_in(spec, "resources");
    return number_in(resources, "processes") * number_in(resources, "gpus_per_process");
}

Json workload(const Json& spec, const std::string& tier, const Json& project) {
    const Json& attributes = part_in(spec, "attributes");
    const std::int64_t seconds = number_in(attributes, "duration");
    const std::int64_t sites = number_in(part_in(part_in(spec, "resources"), "sites"), "count");
    constexpr std::int64_t amount_most = 1'000'000'000'000'000;
    return {
        {"kind", text_in(attributes, "kind")},
        {"class", text_in(attributes, "class")},
        {"tier", tier},
        {"gpus", gpus_of(spec)},
        {"milli_gpu_hours", std::min(amount_most, milli_gpu_hours(gpus_of(spec), seconds * 1000) * sites)},
        {"duration_s", seconds},
        {"federated", sites > 1},
        {"exports_weights", flag_in(attributes, "exports_weights")},
        {"export_class", text_in(attributes, "export_class")},
        {"export_authorised", flag_in(project, "export_authorised")}};
}

Json context(const World& world, std::int64_t now_ms, const std::string& share) {
    return {{"mode", world.mode_at(now_ms)}, {"time_ms", now_ms}, {"share", share}};
}

// A job of several sites may read a data set at one of them only.
bool is_read_at(const Json& one, const std::string& site) {
    const auto only = one.find("site");
    return only == one.end() || site.empty() || *only == site;
}

// The job's data sets that it reads at `read_at`; only those that lie at `lying_at`. Empty: anywhere.
Json data_of(const World& world, const Json& spec, const std::string& lying_at, const std::string& read_at) {
    Json all = Json::array();
    for (const Json& one : part_in(spec, "data")) {
        if (!is_read_at(one, read_at)) continue;
        const auto found = world.data.find(text_in(one, "id"));
        if (found == world.data.end()) continue;
        if (!lying_at.empty() && text_in(found->second, "site") != lying_at) continue;
        all.push_back(data_record(found->second));
    }
    return all;
}

RuleAnswer ask_about_sites(const World& world, const LawCase& asked, const char* action,
                           const std::string& site, const std::string& peer) {
    const SiteState& here = world.sites.at(site);
    const std::string share = asked.share.empty() ? text_in(here.admission, "hosting") : asked.share;
    const bool is_move = std::string_view(action) == "move";
    Json request = {
        {"action", action},
        {"person", person(world, asked.job.account, asked.job.groups, &asked.project, Json::array())},
        {"project", project_record(world, asked.project, asked.tier, share, asked.granted)},
        {"data", data_of(world, asked.job.spec, is_move ? site : "", is_move ? "" : site)},
        {"site", site_record(world, here.admission, here.document)},
        {"workload", workload(asked.job.spec, asked.tier, asked.project)},
        {"context", context(world, asked.now_ms, share)}};
    std::vector<const RuleTexts*> own;
    if (here.rules) own.push_back(&*here.rules);
    if (!peer.empty()) {
        const SiteState& there = world.sites.at(peer);
        request["peer"] = site_record(world, there.admission, there.document);
        if (there.rules) own.push_back(&*there.rules);
    }
    return ask_rules(*world.rules, own, request);
}

SiteLaw refused(std::string_view filter, std::string rule) {
    return {false, filter, std::move(rule)};
}

const Json all_scopes = {"compute.read",     "compute.create",    "compute.modify",   "compute.cancel",
                         "allocation.apply", "allocation.review", "federation.admin", "site.operate"};

// Empty when some reading of what the ledger does not keep is allowed. `groups`: the possible ones.
std::string refusal_in_any_case(const World& world, Json request, std::string_view account,
                                const std::vector<Json>& groups, const Json* project) {
    std::string rule;
    for (const Json& scopes : {all_scopes, Json(Json::array())}) {
        for (const Json& one : groups) {
            request["person"] = person(world, account, one, project, scopes);
            const RuleAnswer answer = ask_rules(*world.rules, {}, request);
            if (answer.allowed) return "";
            rule = answer.rule.empty() ? "no rule permits it" : answer.rule;
        }
    }
    return rule;
}

}  // namespace

std::vector<const Allocation*> live_allocations(const World& world, std::string_view project,
                                                std::int64_t now_ms) {
    std::vector<const Allocation*> live;
    for (const auto& [id, one] : world.allocations) {
        const bool in_time =
            number_in(one.record, "begin_ms") <= now_ms && now_ms < number_in(one.record, "end_ms");
        if (in_time && text_in(one.record, "project") == project) live.push_back(&one);
    }
    std::stable_sort(live.begin(), live.end(), [](const Allocation* a, const Allocation* b) {
        return number_in(a->record, "end_ms") < number_in(b->record, "end_ms");
    });
    return live;
}

SiteLaw law_at(const World& world, const LawCase& asked, const std::string& site, std::int64_t held_at_site) {
    const SiteState& here = world.sites.at(site);
    if (asked.job.refused_by.contains(site)) return refused("eligibility", "refused-by-the-site");
    const std::int64_t quota = number_in(here.document, "quota_mgh");
    const std::int64_t seconds = number_in(part_in(asked.job.spec, "attributes"), "duration");
    if (quota > 0 && held_at_site + milli_gpu_hours(gpus_of(asked.job.spec), seconds * 1000) > quota)
        return refused("eligibility", "quota-of-the-site");
    const RuleAnswer place = ask_about_sites(world, asked, "place", site, "");
    if (!place.allowed)
        return refused("law", place.rule.empty() ? "no-permit (" + place.without_permit + ")" : place.rule);
    for (const Json& one : part_in(asked.job.spec, "data")) {
        const auto found = world.data.find(text_in(one, "id"));
        const std::string from = found == world.data.end() ? "" : text_in(found->second, "site");
        if (from.empty() || from == site || !is_read_at(one, site)) continue;
        const auto there = world.sites.find(from);
        if (there == world.sites.end() || !there->second.takes_work())
            return refused("residency", "data-out-of-reach");
        const RuleAnswer move = ask_about_sites(world, asked, "move", from, site);
        if (!move.allowed) return refused("residency", move.rule.empty() ? "no-permit-to-move" : move.rule);
    }
    return {};
}

std::string refusal_of_displacing(const World& world, const Job& urgent, const Claim& claim,
                                  std::int64_t now_ms) {
    const Job& job = world.jobs.at(claim.job);
    const Json& project = world.projects.at(job.project);
    const SiteState& site = world.sites.at(claim.site);
    const auto paid = world.allocations.find(claim.allocation);
    const auto pays = world.allocations.find(urgent.payer);
    const bool is_paid = paid != world.allocations.end(), has_payer = pays != world.allocations.end();
    const std::string hosting = text_in(site.admission, "hosting");
    const std::string tier = is_paid ? text_in(paid->second.record, "tier") : "";
    const std::string share = is_paid ? text_in(paid->second.record, "share") : hosting;
    const Json request = {
        {"action", "preempt"},
        {"project", project_record(world, project, tier, share, is_paid ? paid->second.granted : 0)},
        {"site", site_record(world, site.admission, site.document)},
        {"workload", workload(job.spec, tier, project)},
        {"incoming", workload(urgent.spec, has_payer ? text_in(pays->second.record, "tier") : "",
                              world.projects.at(urgent.project))},
        {"context", context(world, now_ms, has_payer ? text_in(pays->second.record, "share") : hosting)}};
    std::vector<const RuleTexts*> own;
    if (site.rules) own.push_back(&*site.rules);
    const RuleAnswer answer = ask_rules(*world.rules, own, request);
    if (answer.allowed) return "";
    return answer.rule.empty() ? "no rule permits it" : answer.rule;
}

bool may_exchange(const World& world, const LawCase& asked, const std::string& a, const std::string& b) {
    return ask_about_sites(world, asked, "exchange", a, b).allowed &&
           ask_about_sites(world, asked, "exchange", b, a).allowed;
}

std::string refusal_of_submit(const World& world, const Job& job, const Json& project, std::int64_t now_ms) {
    const auto live = live_allocations(world, text_in(project, "id"), now_ms);
    if (live.empty() && gpus_of(job.spec) > 0) return "there is no allocation to pay with";
    std::string rule;
    for (std::size_t i = 0; i < std::max<std::size_t>(1, live.size()); ++i) {
        const bool is_paid = i < live.size();
        const std::string tier = is_paid ? text_in(live[i]->record, "tier") : "";
        const std::string share = is_paid ? text_in(live[i]->record, "share") : "ju";
        const Json request = {
            {"action", "submit"},
            {"project", project_record(world, project, tier, share, is_paid ? live[i]->granted : 0)},
            {"data", data_of(world, job.spec, "", "")},
            {"workload", workload(job.spec, tier, project)},
            {"context", context(world, now_ms, share)}};
        rule = refusal_in_any_case(world, request, job.account, {job.groups}, &project);
        if (rule.empty()) return "";
    }
    return rule;
}

std::string refusal_of_access(const World& world, const char* action, std::string_view account,
                              const Json& application, std::int64_t now_ms) {
    const auto found = world.projects.find(text_in(application, "project"));
    if (found == world.projects.end()) return "there is no such project";
    const std::string share = text_in(application, "share");
    const Json request = {{"action", action},
                          {"project", project_record(world, found->second, text_in(application, "tier"),
                                                     share, number_in(application, "amount"))},
                          {"context", context(world, now_ms, share)}};
    return refusal_in_any_case(world, request, account, {part_in(found->second, "groups"), Json::array()},
                               &found->second);
}

std::string refusal_of_admission(const World& world, std::string_view account, const Json& site,
                                 std::int64_t now_ms) {
    const Json request = {{"action", "admit"},
                          {"site", site_record(world, site, nullptr)},
                          {"context", context(world, now_ms, text_in(site, "hosting"))}};
    return refusal_in_any_case(world, request, account, {Json::array()}, nullptr);
}

}  // namespace euromesh::verify

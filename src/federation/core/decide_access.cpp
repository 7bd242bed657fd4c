// Accounts, projects, data sets; applications, reviews and allocations.
#include <algorithm>

#include "base/id.hpp"
#include "federation/core/decide.hpp"
#include "federation/core/forecast.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t day_ms = 86400ll * 1000;
constexpr std::int64_t month_ms = 30 * day_ms;  // of an allocation: the same length for all
constexpr std::int64_t latest_ms = 253402300799999;
constexpr std::size_t most_listed = 256;
constexpr std::size_t most_text = 1024;

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> choices) {
    return std::find(choices.begin(), choices.end(), text) != choices.end();
}

bool is_country(const std::string& text) {
    return text.size() == 2 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

Status check_texts(const std::vector<std::string>& texts, std::string_view what) {
    if (texts.size() > most_listed) return fail(Code::bad_input, "{}: at most {}", what, most_listed);
    for (const std::string& text : texts)
        if (text.empty() || text.size() > most_text)
            return fail(Code::bad_input, "{}: each must be 1 to {} bytes", what, most_text);
    return {};
}

Status check_project(const ProjectRecord& project) {
    if (!is_valid_id(project.id))
        return fail(Code::bad_input, "project: /id must be 1 to 64 of a-z, 0-9, '.', '_', '-'");
    if (project.title.size() > most_text || project.organisation.size() > most_text)
        return fail(Code::bad_input, "project: /title and /organisation must be at most {} bytes", most_text);
    if (!is_one_of(project.organisation_kind, {"research", "public", "sme", "startup", "company"}))
        return fail(Code::bad_input,
                    "project: /organisation_kind must be research, public, sme, startup or company");
    if (!is_country(project.country))
        return fail(Code::bad_input, "project: /country must be two capital letters (ISO 3166-1)");
    EM_TRY(check_texts(project.groups, "project: /groups"));
    EM_TRY(check_texts(project.members, "project: /members"));
    return check_texts(project.managers, "project: /managers");
}

bool is_manager(const Draft& draft, const ProjectRecord& project) {
    const auto& managers = project.managers;
    return std::find(managers.begin(), managers.end(), draft.actor.account) != managers.end();
}

// What an organisation is in law, its managers cannot change alone.
bool same_in_law(const ProjectRecord& a, const ProjectRecord& b) {
    return a.organisation == b.organisation && a.organisation_kind == b.organisation_kind &&
           a.country == b.country && a.civilian == b.civilian && a.export_authorised == b.export_authorised;
}

const Tier* find_tier(const Tables& tables, const std::string& id) {
    for (const Tier& tier : tables.federation().tiers)
        if (tier.id == id) return &tier;
    return nullptr;
}

std::string owner_of(const std::string& share, const ProjectRecord& project) {
    if (share == "ju") return "ju";
    return share == "national" ? project.country : project.id;
}

AllocationRecord new_allocation(const Draft& draft, const ProjectRecord& project, const std::string& tier,
                                const std::string& share, std::int64_t amount) {
    AllocationRecord a;
    a.id = draft.next_id("a");
    a.project = project.id;
    a.tier = tier;
    a.share = share;
    a.owner = owner_of(share, project);
    a.granted = amount;
    a.left = amount;
    a.begin_ms = draft.now_ms;
    const Tier* found = find_tier(draft.tables, tier);
    a.end_ms = draft.now_ms + std::max<std::int64_t>(1, found == nullptr ? 12 : found->months) * month_ms;
    return a;
}

LawAnswer ask_law(const Draft& draft, RuleAction action, const ProjectRecord& project,
                  const std::string& tier, const std::string& share, std::int64_t amount) {
    const RuleRecord person = draft.law.person(draft.tables, draft.actor, &project);
    const RuleRecord record = draft.law.project(draft.tables, project, tier, share, amount);
    const RuleRecord context = draft.law.context(draft.tables, draft.now_ms, share);
    RuleSubjects subjects;
    subjects.person = &person;
    subjects.project = &record;
    subjects.context = &context;
    return draft.law.ask(action, subjects);
}

// One allocation at a time of a tier that nobody reviews.
bool may_be_instant(const Draft& draft, const Tier& tier, const std::string& project) {
    if (!tier.instant) return false;
    for (const AllocationRecord* a : live_allocations(draft.tables, project, draft.now_ms))
        if (a->tier == tier.id) return false;
    return true;
}

Json answer_to(const ApplicationRecord& application, const std::string& state, const std::string& words,
               const std::string& allocation) {
    return Json{{"application", application.id},
                {"state", state},
                {"words", words},
                {"allocation", allocation},
                {"due_ms", application.due_ms}};
}

void claw_back(Draft& draft, const AllocationRecord& a) {
    const ClawBack& policy = draft.tables.federation().claw_back;
    const auto count = static_cast<std::int64_t>(policy.checkpoints_permille.size());
    const std::int64_t number = a.checkpoints_done + 1;
    if (number > count || checkpoint_ms(a, policy, number) > draft.now_ms || draft.now_ms >= a.end_ms) return;
    draft.add(AllocationClawedBack{a.id, claw_back_now(a, policy, number), number});
}

}  // namespace

Answer decide_on(Draft& draft, const SeeAccount&) {
    const Actor& actor = draft.actor;
    if (actor.account.empty() || actor.account.size() > most_text || actor.name.size() > most_text)
        return fail(Code::bad_input, "account: issuer and subject must be 1 to {} bytes together", most_text);
    EM_TRY(check_texts(actor.groups, "groups"));
    const auto known = draft.tables.accounts().find(actor.account);
    const bool same = known != draft.tables.accounts().end() && known->second.name == actor.name &&
                      known->second.groups == actor.groups && draft.now_ms - known->second.seen_ms < day_ms;
    if (!same) draft.add(AccountSeen{actor.account, actor.name, actor.groups});
    return Json{{"account", actor.account}};
}

Answer decide_on(Draft& draft, const SetProject& ask) {
    EM_TRY(check_project(ask.project));
    const ProjectRecord* known = draft.tables.project(ask.project.id);
    const bool administrator = is_administrator(draft.tables, draft.actor);
    ProjectRecord project = ask.project;
    if (known == nullptr) {
        if (draft.actor.account.empty()) return fail(Code::refused, "project: log in first");
        if (!administrator && project.export_authorised)
            return fail(Code::refused, "project: /export_authorised is set by administrators");
        if (project.managers.empty()) project.managers = {draft.actor.account};
    } else if (!administrator) {
        if (!is_manager(draft, *known))
            return fail(Code::conflict, "project '{}': the name is taken: choose another one", project.id);
        if (!same_in_law(*known, project))
            return fail(Code::refused, "project '{}': what its organisation is, administrators change",
                        project.id);
    }
    draft.add(ProjectSet{project});
    return Json{{"project", project.id}};
}

Answer decide_on(Draft& draft, const RegisterData& ask) {
    const DataRecord& data = ask.data;
    EM_ASSIGN(const ProjectRecord* project, project_of(draft, data.project));
    if (!is_valid_id(data.id))
        return fail(Code::bad_input, "data set: /id must be 1 to 64 of a-z, 0-9, '.', '_', '-'");
    if (!is_one_of(data.residency, {"none", "eu", "country", "site"}))
        return fail(Code::bad_input, "data set: /residency must be none, eu, country or site");
    if (data.residency == "country" && !is_country(data.country))
        return fail(Code::bad_input, "data set: /country must be two capital letters, for residency country");
    if (data.residency == "site" && data.site.empty())
        return fail(Code::bad_input, "data set: /site must be named, for residency site");
    if (!data.site.empty() && draft.tables.site(data.site) == nullptr)
        return fail(Code::not_found, "data set: /site '{}': there is none", data.site.substr(0, 64));
    if (data.bytes < 0 || data.bytes > 1'000'000'000'000'000)
        return fail(Code::bad_input, "data set: /bytes must be 0 to 10^15");
    const auto known = draft.tables.data().find(data.id);
    if (known != draft.tables.data().end() && known->second.project != data.project)
        return fail(Code::conflict, "data set '{}': the name is taken: choose another one", data.id);
    if (!is_manager(draft, *project)) EM_TRY(needs_administrator(draft, "data of project " + project->id));
    draft.add(DataRegistered{data});
    return Json{{"data", data.id}};
}

Answer decide_on(Draft& draft, const Apply& ask) {
    EM_ASSIGN(const ProjectRecord* project, project_of(draft, ask.project));
    const Tier* tier = find_tier(draft.tables, ask.tier);
    if (tier == nullptr) return fail(Code::not_found, "tier '{}': there is none", ask.tier.substr(0, 64));
    if (!is_one_of(ask.share, {"ju", "national", "private"}))
        return fail(Code::bad_input, "share must be ju, national or private");
    const std::int64_t most = tier->most_mgh > 0 ? tier->most_mgh : amount_most;
    if (ask.amount <= 0 || ask.amount > most)
        return fail(Code::bad_input, "amount must be 1 to {} milli-GPU-hours for tier {}", most, tier->id);
    if (ask.purpose.size() > 16384)
        return fail(Code::bad_input, "purpose must be at most 16384 bytes: one page");
    ApplicationRecord application;
    application.id = draft.next_id("p");
    application.project = project->id;
    application.account = draft.actor.account;
    application.tier = tier->id;
    application.share = ask.share;
    application.amount = ask.amount;
    application.purpose = ask.purpose;
    application.made_ms = draft.now_ms;
    application.due_ms = draft.now_ms + tier->review_days * day_ms;
    const LawAnswer law = ask_law(draft, RuleAction::apply, *project, tier->id, ask.share, ask.amount);
    draft.add(ApplicationMade{application});
    if (!law.allowed) {
        draft.add(ApplicationReviewed{application.id, "refused", law.words()});
        return answer_to(application, "refused", law.words(), "");
    }
    if (!may_be_instant(draft, *tier, project->id)) return answer_to(application, "in-review", "", "");
    draft.add(ApplicationReviewed{application.id, "granted", law.words()});
    const AllocationRecord a = new_allocation(draft, *project, tier->id, ask.share, ask.amount);
    draft.add(AllocationGranted{a, application.id});
    return answer_to(application, "granted", law.words(), a.id);
}

Answer decide_on(Draft& draft, const Review& ask) {
    const auto found = draft.tables.applications().find(ask.application);
    if (found == draft.tables.applications().end())
        return fail(Code::not_found, "application '{}': there is none", ask.application.substr(0, 64));
    const ApplicationRecord& application = found->second;
    const ProjectRecord* project = draft.tables.project(application.project);
    const LawAnswer law =
        ask_law(draft, RuleAction::review, *project, application.tier, application.share, application.amount);
    if (!law.allowed) return fail(Code::refused, "review: {}", law.words());
    if (application.state != "in-review")
        return fail(Code::conflict, "application {} is {} already", application.id, application.state);
    if (!ask.grant && ask.words.empty())
        return fail(Code::bad_input, "a refusal needs its reason: give words");
    const std::string state = ask.grant ? "granted" : "refused";
    draft.add(ApplicationReviewed{application.id, state, ask.words.substr(0, 4096)});
    if (!ask.grant) return answer_to(application, state, ask.words, "");
    const AllocationRecord a =
        new_allocation(draft, *project, application.tier, application.share, application.amount);
    draft.add(AllocationGranted{a, application.id});
    return answer_to(application, state, ask.words, a.id);
}

Answer decide_on(Draft& draft, const Grant& ask) {
    EM_TRY(needs_administrator(draft, "grant"));
    const ProjectRecord* project = draft.tables.project(ask.project);
    if (project == nullptr)
        return fail(Code::not_found, "project '{}': there is none", ask.project.substr(0, 64));
    if (find_tier(draft.tables, ask.tier) == nullptr)
        return fail(Code::not_found, "tier '{}': there is none", ask.tier.substr(0, 64));
    if (!is_one_of(ask.share, {"ju", "national", "private"}))
        return fail(Code::bad_input, "share must be ju, national or private");
    if (ask.amount <= 0 || ask.amount > amount_most)
        return fail(Code::bad_input, "amount must be 1 to {} milli-GPU-hours", amount_most);
    AllocationRecord a = new_allocation(draft, *project, ask.tier, ask.share, ask.amount);
    if (!ask.owner.empty()) a.owner = ask.owner.substr(0, 64);
    if (ask.begin_ms != 0) a.begin_ms = ask.begin_ms;
    if (ask.end_ms != 0) a.end_ms = ask.end_ms;
    if (a.begin_ms < 0 || a.end_ms <= a.begin_ms || a.end_ms > latest_ms)
        return fail(Code::bad_input, "end_ms must be after begin_ms");
    draft.add(AllocationGranted{a, ""});
    return Json{{"allocation", a.id}};
}

Answer decide_on(Draft& draft, const Expire&) {
    for (const auto& [id, allocation] : draft.tables.allocations()) claw_back(draft, allocation);
    const FederationRecord& federation = draft.tables.federation();
    if (federation.mode == "emergency" && draft.now_ms >= federation.mode_until_ms)
        draft.add(ModeSet{"normal", 0, "its time is over", {}});
    const std::int64_t jobs_before = std::max(draft.now_ms - federation.record_age_ms,
                                              draft.tables.jobs_end_before(federation.records_most));
    const std::int64_t keys_before = draft.now_ms - federation.key_age_ms;
    if (draft.tables.has_older(jobs_before, keys_before)) draft.add(RecordsPruned{jobs_before, keys_before});
    return Json{{"events", draft.size()}};
}

}  // namespace euromesh::federation

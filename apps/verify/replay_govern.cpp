// Rules, modes, sites, projects and data: changed by whom they may be changed.
#include <array>

#include "apps/verify/law.hpp"
#include "apps/verify/replay.hpp"
#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

Result<RuleTexts> rules_of(std::string origin, const Json& list) {
    RuleTexts::Named texts;
    for (const Json& one : list) texts.emplace_back(text_in(one, "name"), text_in(one, "text"));
    return RuleTexts::read(std::move(origin), std::move(texts));
}

Status take_rules(World& world, const Json& list, const std::string& digest) {
    EM_ASSIGN(RuleTexts rules, rules_of("federation", list));
    if (rules.digest() != digest)
        return fail(Code::bad_input, "the digest of its rules is {}, not '{}'", rules.digest(), digest);
    world.rules = std::move(rules);
    return {};
}

Status found(World& world, const Entry& entry) {
    if (world.federation.is_object()) return fail(Code::bad_input, "the federation was founded before");
    const Json& federation = part_in(*entry.data, "federation");
    EM_TRY(take_rules(world, part_in(federation, "rules"), text_in(federation, "rules_digest")));
    world.federation = federation;
    const Json& keys = part_in(part_in(federation, "governance"), "keys");
    if (!keys.is_object()) return {};
    for (const auto& holder : keys.items()) {
        if (!read_hex(text_in(keys, holder.key()), world.board[holder.key()]))
            return fail(Code::bad_input, "the board's key of '{}' is none", holder.key().substr(0, 64));
    }
    return {};
}

// Whether a change of keys may be, key_table.hpp has checked before.
Status change_key(World& world, const Entry& entry) {
    const Json& data = *entry.data;
    if (text_in(data, "role") != "board") return {};
    const std::string name = text_in(data, "name");
    if (entry.type == "key.revoked") world.board.erase(name);
    if (entry.type == "key.rotated") (void)read_hex(text_in(data, "successor"), world.board[name]);
    return {};
}

std::int64_t governed(const World& world, std::string_view name) {
    return number_in(part_in(world.federation, "governance"), name);
}

Status change_rules(World& world, const Entry& entry) {
    const Json& data = *entry.data;
    const std::string before = text_in(data, "before"), digest = text_in(data, "digest");
    if (before != world.rules->digest())
        return fail(Code::bad_input, "it replaces rules of digest '{}', and in force are {}", before,
                    world.rules->digest());
    const std::string message =
        fmt::format("euromesh: new rules\n{}\n{}\n{}\n{}\n", text_in(world.federation, "name"),
                    world.rules_version, before, digest);
    EM_TRY(check_board(world, part_in(data, "signatures"), message, governed(world, "needed")));
    if (!is_administrator(world, entry.by))
        return fail(Code::bad_input, "'{}' changes rules and is no administrator", entry.by);
    EM_TRY(take_rules(world, part_in(data, "rules"), digest));
    ++world.rules_version;
    return {};
}

Status set_mode(World& world, const Entry& entry) {
    const Json& data = *entry.data;
    const std::string mode = text_in(data, "mode"), reason = text_in(data, "reason");
    const std::int64_t until = number_in(data, "until_ms");
    const bool is_over = entry.by == "coordinator" && mode == "normal" && world.mode == "emergency" &&
                         entry.time_ms >= world.mode_until_ms;
    if (!is_over) {
        const std::string message = fmt::format("euromesh: mode\n{}\n{}\n{}\n{}\n",
                                                text_in(world.federation, "name"), mode, until, reason);
        EM_TRY(check_board(world, part_in(data, "signatures"), message, governed(world, "needed_emergency")));
        if (!is_administrator(world, entry.by))
            return fail(Code::bad_input, "'{}' sets the mode and is no administrator", entry.by);
    }
    const std::int64_t most = entry.time_ms + governed(world, "emergency_most_ms");
    if (mode == "emergency" && (until <= entry.time_ms || until > most))
        return fail(Code::bad_input, "an emergency until {} ms, where after now and at most {} ms may be",
                    until, most);
    if (mode != "emergency" && mode != "normal") return fail(Code::bad_input, "there is no mode '{}'", mode);
    world.mode = mode;
    world.mode_until_ms = until;
    return {};
}

Status admit(World& world, const Entry& entry) {
    const Json& site = part_in(*entry.data, "site");
    const std::string id = text_in(site, "id");
    if (world.sites.contains(id)) return fail(Code::bad_input, "site '{}' is admitted twice", id);
    const std::string rule = refusal_of_admission(world, entry.by, site, entry.time_ms);
    if (!rule.empty())
        return fail(Code::bad_input, "site '{}' is admitted by '{}', which the rules refuse: {}", id,
                    entry.by, rule);
    SiteState made;
    made.admission = site;
    world.sites.emplace(id, std::move(made));
    return {};
}

Result<SiteState*> site_of(World& world, const Entry& entry) {
    const std::string id = text_in(*entry.data, "site");
    const auto found = world.sites.find(id);
    if (found == world.sites.end()) return fail(Code::bad_input, "site '{}' was never admitted", id);
    return &found->second;
}

Status describe(World& world, const Entry& entry) {
    EM_ASSIGN(SiteState* const site, site_of(world, entry));
    const std::string id = text_in(*entry.data, "site");
    const Json& document = part_in(*entry.data, "document");
    if (entry.by != id) return fail(Code::bad_input, "site '{}' is described by '{}'", id, entry.by);
    for (const char* name : {"country", "hosting"}) {
        if (text_in(document, name) != text_in(site->admission, name))
            return fail(Code::bad_input, "site '{}' says {} '{}' and was admitted with '{}'", id, name,
                        text_in(document, name), text_in(site->admission, name));
    }
    site->document = document;
    site->rules.reset();
    const std::string text = text_in(document, "rules"), digest = text_in(*entry.data, "rules_digest");
    if (text.empty() && digest.empty()) return {};
    EM_ASSIGN(RuleTexts rules, RuleTexts::read(id, {{id + ".rules", text}}));
    if (rules.digest() != digest)
        return fail(Code::bad_input, "the digest of the site's rules is {}, not '{}'", rules.digest(),
                    digest);
    site->rules = std::move(rules);
    return {};
}

Status set_state(World& world, const Entry& entry) {
    EM_ASSIGN(SiteState* const site, site_of(world, entry));
    const std::string id = text_in(*entry.data, "site"), state = text_in(*entry.data, "state");
    if (entry.by != id && !is_administrator(world, entry.by))
        return fail(Code::bad_input, "the state of site '{}' is set by '{}'", id, entry.by);
    if (state != "active" && state != "draining" && state != "left")
        return fail(Code::bad_input, "site '{}' has no state '{}'", id, state);
    if (entry.by == id && site->state == "left" && state != "left")
        return fail(Code::bad_input, "site '{}' has left and takes itself back", id);
    site->state = state;
    return {};
}

Status open_journal(World& world, const Entry& entry) {
    EM_TRY(site_of(world, entry));
    const std::string id = text_in(*entry.data, "site");
    if (entry.by == id) return {};
    return fail(Code::bad_input, "the journal of site '{}' is opened by '{}'", id, entry.by);
}

// What an organisation is in law, its managers cannot change alone.
Status check_manager(const Json* before, const Json& project, const std::string& by) {
    const std::string id = text_in(project, "id");
    if (before == nullptr) {
        if (!flag_in(project, "export_authorised")) return {};
        return fail(Code::bad_input, "'export_authorised' of project '{}' is set by '{}', no administrator",
                    id, by);
    }
    if (!holds_text(part_in(*before, "managers"), by))
        return fail(Code::bad_input, "project '{}' is changed by '{}', who does not manage it", id, by);
    for (const char* name :
         {"organisation", "organisation_kind", "country", "civilian", "export_authorised"}) {
        if (part_in(*before, name) != part_in(project, name))
            return fail(Code::bad_input, "'{}' of project '{}' is changed by '{}', no administrator", name,
                        id, by);
    }
    return {};
}

Status set_project(World& world, const Entry& entry) {
    const Json& project = part_in(*entry.data, "project");
    const auto known = world.projects.find(text_in(project, "id"));
    if (!is_administrator(world, entry.by))
        EM_TRY(check_manager(known == world.projects.end() ? nullptr : &known->second, project, entry.by));
    world.projects[text_in(project, "id")] = project;
    return {};
}

Status register_data(World& world, const Entry& entry) {
    const Json& data = part_in(*entry.data, "data");
    const std::string id = text_in(data, "id"), project = text_in(data, "project"),
                      site = text_in(data, "site");
    const auto owner = world.projects.find(project);
    if (owner == world.projects.end())
        return fail(Code::bad_input, "data set '{}' is of project '{}', which there is not", id, project);
    const auto known = world.data.find(id);
    if (known != world.data.end() && text_in(known->second, "project") != project)
        return fail(Code::bad_input, "data set '{}' of project '{}' is taken by '{}'", id,
                    text_in(known->second, "project"), project);
    if (!holds_text(part_in(owner->second, "managers"), entry.by) && !is_administrator(world, entry.by))
        return fail(Code::bad_input, "data set '{}' is registered by '{}', who does not manage '{}'", id,
                    entry.by, project);
    if (!site.empty() && !world.sites.contains(site))
        return fail(Code::bad_input, "data set '{}' lies at site '{}', which there is not", id, site);
    world.data[id] = data;
    return {};
}

constexpr std::array<Check, 11> checks = {{{"federation.founded", found},
                                           {"key.rotated", change_key},
                                           {"key.revoked", change_key},
                                           {"rules.changed", change_rules},
                                           {"mode.set", set_mode},
                                           {"site.admitted", admit},
                                           {"site.described", describe},
                                           {"site.state_set", set_state},
                                           {"site.journal_opened", open_journal},
                                           {"project.set", set_project},
                                           {"data.registered", register_data}}};

}  // namespace

std::span<const Check> govern_checks() {
    return checks;
}

}  // namespace euromesh::verify

// Rules, modes and sites: what belongs to the federation as a whole.
#include <algorithm>
#include <set>

#include "base/id.hpp"
#include "base/signature.hpp"
#include "federation/core/core.hpp"
#include "federation/core/decide.hpp"

namespace euromesh::federation {
namespace {

bool is_country(const std::string& text) {
    return text.size() == 2 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> choices) {
    return std::find(choices.begin(), choices.end(), text) != choices.end();
}

Result<PublicKey> public_key(const std::string& hex, std::string_view whose) {
    PublicKey key;
    if (const Status status = from_hex(hex, key); !status)
        return fail(Code::bad_input, "public key of {}: give 64 hexadecimal digits", whose);
    return key;
}

Status check_governance(const Governance& governance) {
    if (!is_one_of(governance.pathway, {"board", "lead", "members"}))
        return fail(Code::bad_input, "governance: pathway '{}' must be board, lead or members",
                    governance.pathway.substr(0, 64));
    const auto keys = static_cast<std::int64_t>(governance.keys.size());
    const std::int64_t least = keys == 0 ? 0 : 1;
    for (const std::int64_t needed : {governance.needed, governance.needed_emergency})
        if (needed < least || needed > keys)
            return fail(Code::bad_input, "governance: {} signatures are needed of {} keys: ask for {} to {}",
                        needed, keys, least, keys);
    if (governance.pathway != "members" && keys > 1)
        return fail(Code::bad_input, "governance: pathway {} has one key, not {}", governance.pathway, keys);
    for (const auto& [name, hex] : governance.keys) {
        EM_ASSIGN([[maybe_unused]] const PublicKey key, public_key(hex, name));
    }
    return {};
}

// So many different holders signed exactly this.
Status check_signatures(const Governance& governance, std::string_view message,
                        const std::vector<SignedBy>& signatures, std::int64_t needed) {
    std::set<std::string> good;
    for (const SignedBy& one : signatures) {
        const auto holder = governance.keys.find(one.key);
        Signature signature;
        if (holder == governance.keys.end() || !from_hex(one.signature, signature))
            return fail(Code::refused, "signature of '{}': no such key, or not 128 hexadecimal digits",
                        one.key.substr(0, 64));
        EM_ASSIGN(const PublicKey key, public_key(holder->second, one.key));
        if (!is_signed(key, message, signature))
            return fail(Code::refused, "signature of '{}': it is not over this change",
                        one.key.substr(0, 64));
        good.insert(one.key);
    }
    if (static_cast<std::int64_t>(good.size()) >= needed) return {};
    return fail(Code::refused, "{} of {} needed signatures: let more holders of keys sign", good.size(),
                needed);
}

Status check_site_ask(const AdmitSite& ask) {
    EM_ASSIGN([[maybe_unused]] const SiteId id, SiteId::parse(ask.id, "site"));
    EM_ASSIGN([[maybe_unused]] const PublicKey key, public_key(ask.public_key, "site " + ask.id));
    if (!is_country(ask.country))
        return fail(Code::bad_input, "site {}: country must be two capital letters (ISO 3166-1)", ask.id);
    if (!is_one_of(ask.hosting, {"ju", "national", "private"}))
        return fail(Code::bad_input, "site {}: hosting must be ju, national or private", ask.id);
    for (const std::string& owner : ask.owners)
        if (!is_country(owner))
            return fail(Code::bad_input, "site {}: owners must be countries of two capital letters", ask.id);
    std::int64_t sum = 0;
    for (const auto& [owner, permille] : ask.shares) {
        sum += permille;
        if (owner.empty() || owner.size() > 64 || permille < 1 || permille > 1000 || sum > 1000)
            return fail(Code::bad_input,
                        "site {}: shares must be 1 to 1000 thousandths each, and at most 1000 together",
                        ask.id);
    }
    return {};
}

Status check_document(const SiteRecord& site, const contract::SiteDocument& document) {
    if (document.country != site.country)
        return fail(Code::bad_input, "site: /country must be {}, as admitted", site.country);
    if (document.hosting != site.hosting)
        return fail(Code::bad_input, "site: /hosting must be {}, as admitted", site.hosting);
    return {};
}

Status check_claw_back(const ClawBack& policy) {
    std::int64_t before = 0;
    for (const std::int64_t point : policy.checkpoints_permille) {
        if (point <= before || point >= 1000)
            return fail(Code::bad_input, "claw-back: checkpoints must rise between 1 and 999 thousandths");
        before = point;
    }
    if (policy.tolerance_permille < 0 || policy.tolerance_permille > 1000)
        return fail(Code::bad_input, "claw-back: tolerance must be 0 to 1000 thousandths");
    return {};
}

// What was never handed out goes back at once. Who has left answers no more: what is open there is lost.
void clear_site(Draft& draft, const std::string& site, bool left) {
    for (const std::string& id : draft.tables.open_claims(site)) {
        const ClaimRecord& claim = *draft.tables.claim(id);
        if (claim.state == "held")
            withdraw(draft, claim, "");
        else if (left)
            draft.add(ClaimLost{id, "the site has left"});
    }
}

}  // namespace

std::string rules_message(const FederationRecord& federation, const std::string& new_digest) {
    return fmt::format("euromesh: new rules\n{}\n{}\n{}\n{}\n", federation.name, federation.rules_version,
                       federation.rules_digest, new_digest);
}

std::string mode_message(const FederationRecord& federation, const SetMode& ask) {
    return fmt::format("euromesh: mode\n{}\n{}\n{}\n{}\n", federation.name, ask.mode, ask.until_ms,
                       ask.reason);
}

Result<FederationRecord> checked_federation(FederationRecord record) {
    if (!is_valid_id(record.name))
        return fail(Code::bad_input, "federation name '{}': use 1 to 64 of a-z, 0-9, '.', '_', '-'",
                    record.name.substr(0, 64));
    if (record.administrators.empty())
        return fail(Code::bad_input,
                    "a federation needs an administrator: name an account as issuer|subject");
    EM_TRY(check_governance(record.governance));
    EM_TRY(check_claw_back(record.claw_back));
    if (record.key_age_ms <= 0 || record.record_age_ms <= 0)
        return fail(Code::bad_input, "ages of idempotency keys and records must be above 0 ms");
    if (record.records_most <= 0 || record.use_half_life_ms <= 0)
        return fail(Code::bad_input, "records_most and use_half_life_ms must be above 0");
    EM_ASSIGN(record.rules_digest, rules_digest("federation", record.rules));
    record.mode = "normal";
    record.mode_until_ms = 0;
    record.rules_version = 1;
    return record;
}

Answer decide_on(Draft& draft, const ChangeRules& ask) {
    EM_TRY(needs_administrator(draft, "change of rules"));
    const FederationRecord& federation = draft.tables.federation();
    EM_ASSIGN(const std::string digest, rules_digest("federation", ask.rules));
    if (digest == federation.rules_digest) return Json{{"rules_digest", digest}};
    EM_TRY(check_signatures(federation.governance, rules_message(federation, digest), ask.signatures,
                            federation.governance.needed));
    draft.add(RulesChanged{ask.rules, digest, federation.rules_digest, ask.signatures});
    return Json{{"rules_digest", digest}};
}

Answer decide_on(Draft& draft, const SetMode& ask) {
    EM_TRY(needs_administrator(draft, "change of mode"));
    const FederationRecord& federation = draft.tables.federation();
    if (!is_one_of(ask.mode, {"normal", "emergency"}))
        return fail(Code::bad_input, "mode must be normal or emergency");
    const std::int64_t most = draft.now_ms + federation.governance.emergency_most_ms;
    if (ask.mode == "emergency" && (ask.until_ms <= draft.now_ms || ask.until_ms > most))
        return fail(Code::bad_input, "until_ms must be after now, and at most {}", most);
    EM_TRY(check_signatures(federation.governance, mode_message(federation, ask), ask.signatures,
                            federation.governance.needed_emergency));
    draft.add(ModeSet{ask.mode, ask.mode == "normal" ? 0 : ask.until_ms, ask.reason, ask.signatures});
    return Json{{"mode", ask.mode}, {"until_ms", ask.until_ms}};
}

Answer decide_on(Draft& draft, const AdmitSite& ask) {
    EM_TRY(check_site_ask(ask));
    if (draft.tables.site(ask.id) != nullptr)
        return fail(Code::conflict, "site '{}' is admitted already: choose another name", ask.id);
    SiteRecord site;
    site.id = ask.id;
    site.public_key = ask.public_key;
    site.country = ask.country;
    site.op = ask.op;
    site.hosting = ask.hosting;
    site.owners = ask.owners;
    site.shares = ask.shares;
    const RuleRecord person = draft.law.person(draft.tables, draft.actor, nullptr);
    const RuleRecord record = draft.law.site(draft.tables, site);
    const RuleRecord context = draft.law.context(draft.tables, draft.now_ms, site.hosting);
    RuleSubjects subjects;
    subjects.person = &person;
    subjects.site = &record;
    subjects.context = &context;
    const LawAnswer answer = draft.law.ask(RuleAction::admit, subjects);
    if (!answer.allowed) return fail(Code::refused, "admission of site {}: {}", ask.id, answer.words());
    draft.add(SiteAdmitted{site});
    return Json{{"site", ask.id}};
}

Answer decide_on(Draft& draft, const DescribeSite& ask) {
    const SiteRecord* site = draft.tables.site(draft.actor.site);
    if (site == nullptr) return fail(Code::refused, "only the agent of an admitted site describes it");
    EM_TRY(check_document(*site, ask.document));
    std::string digest;
    if (!ask.document.rules.empty()) {
        EM_ASSIGN(digest, rules_digest(site->id, {{site->id + ".rules", ask.document.rules}}));
    }
    if (!site->described || !(site->document == ask.document))
        draft.add(SiteDescribed{site->id, ask.document, digest});
    return Json{{"site", site->id}, {"rules_digest", digest}};
}

Answer decide_on(Draft& draft, const SetSiteState& ask) {
    const SiteRecord* site = draft.tables.site(ask.site);
    if (site == nullptr) return fail(Code::not_found, "site '{}': there is none", ask.site.substr(0, 64));
    const bool own = draft.actor.site == ask.site;
    if (!own) EM_TRY(needs_administrator(draft, "state of site " + ask.site));
    if (!is_one_of(ask.state, {"active", "draining", "left"}))
        return fail(Code::bad_input, "state of a site must be active, draining or left");
    if (own && site->state == "left" && ask.state != "left")
        return fail(Code::refused, "site {} has left: an administrator takes it back", ask.site);
    if (site->state != ask.state) draft.add(SiteStateSet{ask.site, ask.state, ask.words.substr(0, 1024)});
    if (ask.state != "active") clear_site(draft, ask.site, ask.state == "left");
    return Json{{"site", ask.site}, {"state", ask.state}};
}

}  // namespace euromesh::federation

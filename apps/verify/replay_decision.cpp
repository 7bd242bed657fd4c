// A placement decision, evaluated again from its record and from what was known when it was made.
//
// Checked: that job, rules and moment are those in force; that every row of the table says what the law, the
// site and the hardware said (the rule that is named is asked again); that scores are the sums of their terms
// and the terms what the row and the site's description give; that what was chosen passed, costs what it
// holds, is paid by the allocation that may pay, and that nothing free in the table was better. Taken at its
// word: predicted starts, moves of data and debts of shares, which rest on more than the ledger keeps.
#include <algorithm>
#include <array>

#include "apps/verify/law.hpp"
#include "apps/verify/replay.hpp"

namespace euromesh::verify {
namespace {

constexpr std::int64_t most_gpus = 100'000;  // of one claim or partition
constexpr std::string_view cpu_suffix = ":cpu";

template <class... Args>
tl::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) {
    return fail(Code::bad_input, format, std::forward<Args>(args)...);
}

// A partition is offered twice: with its GPUs, and with slots for work that needs none.
struct Place {
    const SiteState* site = nullptr;
    const Json* partition = nullptr;
    bool is_cpu = false;
};

struct Fit {
    std::string_view filter{};  // the first that rules the place out; empty: none
    std::int64_t run_ms = 0;
    std::int64_t gpus = 0;
};

class Decision {
  public:
    Decision(World& world, const Entry& entry) : world_(world), entry_(entry), data_(*entry.data) {}
    Status check();

  private:
    Status check_moment();
    Status check_payer();
    Status check_claims();
    Status check_claim(std::size_t number, const Json& claim);
    Status check_site_rules();
    Status check_table();
    Status check_row(const Json& row);
    Status check_law(const Json& row);
    Status check_fit(const Json& row, const Place& place, const Fit& fit);
    Status check_terms(const Json& row, const Place& place, const Fit& fit);
    Status check_value(const Json& row, std::string_view term, std::int64_t right);
    Status check_chosen(const Json& row, const Place& place);
    Status check_alternatives();
    Status check_exchange();
    void take();

    Result<Place> place_of(const std::string& site, const std::string& partition) const;
    Fit fit_of(const Place& place) const;
    std::int64_t rate_at(const Place& place) const;
    std::string_view needs_unmet(const Place& place, const Fit& fit) const;
    bool is_wanted(const std::string& site) const;
    bool needs_gpus() const { return asked_gpus_ > 0; }
    const Json& resources() const { return part_in(job_->spec, "resources"); }
    std::int64_t held_at(const std::string& site) const;
    std::string where(const Json& row) const {
        return fmt::format("job '{}', row {} {}", id_, text_in(row, "site"), text_in(row, "partition"));
    }

    World& world_;
    const Entry& entry_;
    const Json& data_;
    std::string id_;
    Job* job_ = nullptr;
    const Json* project_ = nullptr;
    const Allocation* payer_ = nullptr;
    std::optional<LawCase> case_;
    std::map<std::string, SiteLaw> law_;  // by site, asked once
    std::int64_t asked_gpus_ = 0;
    std::set<std::string> rows_;
    std::size_t chosen_ = 0;
    const Json* weights_ = nullptr;  // terms of the first row that has some
};

Status Decision::check() {
    id_ = text_in(data_, "job");
    const auto job = world_.jobs.find(id_);
    if (job == world_.jobs.end() || !job->second.open.empty() || job->second.cancelling)
        return wrong("job '{}' is decided, but does not wait", id_);
    job_ = &job->second;
    project_ = &world_.projects.at(job_->project);
    asked_gpus_ = number_in(resources(), "processes") * number_in(resources(), "gpus_per_process");
    if (text_in(data_, "job_digest") != job_->digest)
        return wrong("job '{}' was handed in with digest {}, decided on is '{}'", id_, job_->digest,
                     text_in(data_, "job_digest"));
    if (text_in(data_, "rules_digest") != world_.rules->digest())
        return wrong("job '{}' is decided by rules '{}', and in force are {}", id_,
                     text_in(data_, "rules_digest"), world_.rules->digest());
    EM_TRY(check_moment());
    EM_TRY(check_payer());
    EM_TRY(check_claims());
    EM_TRY(check_site_rules());
    EM_TRY(check_table());
    EM_TRY(check_exchange());
    take();
    return {};
}

// The decisions of one round follow each other and rest on the same moment.
Status Decision::check_moment() {
    RoundState& round = world_.round;
    const std::int64_t inputs_at = number_in(data_, "inputs_at");
    const bool goes_on = inputs_at == round.inputs_at && entry_.time_ms == round.time_ms;
    if (!goes_on) {
        if (inputs_at != entry_.seq)
            return wrong("job '{}' is decided on {} events, and {} had happened", id_, inputs_at, entry_.seq);
        round = RoundState{};
        round.inputs_at = inputs_at;
        round.time_ms = entry_.time_ms;
    }
    round.last_seq = entry_.seq;
    return {};
}

// Who pays with GPUs is in the record; else it is the allocation that ends first.
Status Decision::check_payer() {
    const std::string id = text_in(data_, "allocation"), share = text_in(data_, "share");
    if (!id.empty()) {
        const auto found = world_.allocations.find(id);
        if (found == world_.allocations.end())
            return wrong("job '{}' is paid by '{}', which was never granted", id_, id);
        payer_ = &found->second;
        const Json& record = payer_->record;
        if (text_in(record, "project") != job_->project)
            return wrong("job '{}' of project '{}' is paid by '{}' of project '{}'", id_, job_->project, id,
                         text_in(record, "project"));
        if (entry_.time_ms < number_in(record, "begin_ms") || entry_.time_ms >= number_in(record, "end_ms"))
            return wrong("job '{}' is paid by '{}', which is not in its time", id_, id);
    } else if (needs_gpus()) {
        return wrong("job '{}' needs GPUs, and nothing pays for them", id_);
    } else {
        const auto live = live_allocations(world_, job_->project, entry_.time_ms);
        payer_ = live.empty() ? nullptr : live.front();
    }
    const std::string right = payer_ == nullptr ? "" : text_in(payer_->record, "share");
    if (share != right) return wrong("job '{}' is paid from share '{}', not '{}'", id_, right, share);
    const bool paid = payer_ != nullptr;
    case_.emplace(LawCase{*job_, *project_, paid ? text_in(payer_->record, "tier") : "", share,
                          paid ? payer_->granted : 0, entry_.time_ms});
    return {};
}

std::int64_t Decision::held_at(const std::string& site) const {
    const auto here = world_.round.held_at.find(site);
    return world_.sites.at(site).held - (here == world_.round.held_at.end() ? 0 : here->second);
}

Result<Place> Decision::place_of(const std::string& site, const std::string& partition) const {
    const auto found = world_.sites.find(site);
    if (found == world_.sites.end() || !found->second.takes_work())
        return wrong("job '{}': site '{}' is not admitted, described and active", id_, site);
    const bool is_cpu = partition.ends_with(cpu_suffix);
    const std::string name = partition.substr(0, partition.size() - (is_cpu ? cpu_suffix.size() : 0));
    for (const Json& one : part_in(found->second.document, "partitions"))
        if (text_in(one, "id") == name) return Place{&found->second, &one, is_cpu};
    return wrong("job '{}': site '{}' has no partition '{}'", id_, site, name);
}

// ---- claims ----------------------------------------------------------------------------------------------

Status Decision::check_claims() {
    const Json& claims = part_in(data_, "claims");
    const Json& sites = part_in(resources(), "sites");
    const auto count = static_cast<std::int64_t>(claims.is_array() ? claims.size() : 0);
    if (count < number_in(sites, "quorum") || count > number_in(sites, "count") || count < 1)
        return wrong("job '{}' wants {} to {} sites and gets {}", id_, number_in(sites, "quorum"),
                     number_in(sites, "count"), count);
    std::set<std::string> at;
    std::int64_t held = 0;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        EM_TRY(check_claim(i, claims[i]));
        if (!at.insert(text_in(claims[i], "site")).second)
            return wrong("job '{}' has two claims at site '{}'", id_, text_in(claims[i], "site"));
        held += number_in(claims[i], "held");
    }
    if (held > 0 && held > payer_->left())
        return wrong("job '{}' holds {} of allocation '{}', of which {} are left", id_, held,
                     text_in(data_, "allocation"), payer_->left());
    return {};
}

Status Decision::check_claim(std::size_t number, const Json& claim) {
    const std::string id = text_in(claim, "claim"), site = text_in(claim, "site");
    if (id != fmt::format("c{}-{}", entry_.seq, number))
        return wrong("claim '{}' of job '{}' must be c{}-{}", id.substr(0, 64), id_, entry_.seq, number);
    const std::string partition = text_in(claim, "partition") + (needs_gpus() ? "" : std::string(cpu_suffix));
    EM_ASSIGN(const Place place, place_of(site, partition));
    const Fit fit = fit_of(place);
    if (!fit.filter.empty())
        return wrong("claim '{}' of job '{}' goes where {} rules it out", id, id_, fit.filter);
    const std::int64_t gpus = needs_gpus() ? fit.gpus : 0;
    if (number_in(claim, "gpus") != gpus || number_in(claim, "limit_ms") != fit.run_ms)
        return wrong("claim '{}' of job '{}' is of {} GPUs for {} ms, {} for {} ms are right", id, id_,
                     number_in(claim, "gpus"), number_in(claim, "limit_ms"), gpus, fit.run_ms);
    const std::int64_t held = milli_gpu_hours(gpus, fit.run_ms);
    if (number_in(claim, "held") == held) return {};
    return wrong("claim '{}' of job '{}' holds {}, {} GPUs for {} ms are {}", id, id_,
                 number_in(claim, "held"), gpus, fit.run_ms, held);
}

Status Decision::check_site_rules() {
    Json right = Json::array();
    for (const Json& claim : part_in(data_, "claims")) {
        const SiteState& site = world_.sites.at(text_in(claim, "site"));
        if (site.rules) right.push_back({{"site", text_in(claim, "site")}, {"digest", site.rules->digest()}});
    }
    const Json& told = part_in(data_, "site_rules");
    if ((told.is_null() && right.empty()) || told == right) return {};
    return wrong("job '{}' is decided by rules of sites {}, in force are {}", id_, told.dump().substr(0, 300),
                 right.dump().substr(0, 300));
}

Status Decision::check_exchange() {
    const Json& claims = part_in(data_, "claims");
    for (const Json& a : claims) {
        for (const Json& b : claims) {
            const std::string from = text_in(a, "site"), to = text_in(b, "site");
            if (from < to && !may_exchange(world_, *case_, from, to))
                return wrong("job '{}' runs at '{}' and '{}', between which the rules let nothing travel",
                             id_, from, to);
        }
    }
    return {};
}

void Decision::take() {
    job_->payer = payer_ == nullptr ? "" : text_in(payer_->record, "id");
    for (const Json& one : part_in(data_, "claims")) {
        Claim claim;
        claim.job = id_;
        claim.site = text_in(one, "site");
        claim.allocation = text_in(data_, "allocation");
        claim.gpus = number_in(one, "gpus");
        claim.held = number_in(one, "held");
        for (const Json& before : part_in(one, "after"))
            if (before.is_string()) claim.after.push_back(before.get<std::string>());
        world_.sites.at(claim.site).held += claim.held;
        world_.round.held_at[claim.site] += claim.held;
        if (claim.held > 0) {
            world_.allocations.at(claim.allocation).held += claim.held;
            world_.round.held_from[claim.allocation] += claim.held;
        }
        job_->open.insert(text_in(one, "claim"));
        world_.claims.emplace(text_in(one, "claim"), std::move(claim));
    }
}

// ---- what fits where -------------------------------------------------------------------------------------

// Thousandths; 0: the job cannot run on it.
std::int64_t Decision::rate_at(const Place& place) const {
    if (!needs_gpus()) return place.is_cpu ? 1000 : 0;
    const std::string kind = place.is_cpu ? "cpu" : text_in(*place.partition, "accelerator");
    const Json& wanted = part_in(part_in(job_->spec, "attributes"), "accelerators");
    if (!wanted.is_object() || wanted.empty()) return place.is_cpu ? 0 : 1000;
    return number_in(wanted, kind);
}

bool Decision::is_wanted(const std::string& site) const {
    const Json& preferences = part_in(job_->spec, "preferences");
    const Json& sites = part_in(preferences, "sites");
    const Json& countries = part_in(preferences, "countries");
    const bool by_site = !sites.is_array() || sites.empty() || holds_text(sites, site);
    return by_site && (!countries.is_array() || countries.empty() ||
                       holds_text(countries, text_in(world_.sites.at(site).admission, "country")));
}

// In the order in which they are looked at; maintenance is left to the row.
std::string_view Decision::needs_unmet(const Place& place, const Fit& fit) const {
    const Json& partition = *place.partition;
    const std::int64_t total = place.is_cpu ? number_in(partition, "most_claims")
                                            : std::min(most_gpus, number_in(partition, "gpus"));
    if (needs_gpus()) {
        const auto here = world_.round.held_from.find(text_in(data_, "allocation"));
        const std::int64_t since = here == world_.round.held_from.end() ? 0 : here->second;
        if (milli_gpu_hours(fit.gpus, fit.run_ms) > payer_->left() + since) return "allocation";
    }
    if (fit.gpus > total) return "hardware";
    const std::int64_t memory = place.is_cpu ? 0 : number_in(partition, "gpu_memory_mib");
    if (needs_gpus() && number_in(resources(), "memory_mib") > memory) return "memory";
    const Json& runtimes = part_in(job_->spec, "runtimes");
    if (runtimes.is_array() && !runtimes.empty() && runtimes[0].is_string() &&
        !holds_text(part_in(partition, "runtimes"), runtimes[0].get<std::string>()))
        return "container";
    if (fit.run_ms > number_in(partition, "max_duration") * 1000) return "duration";
    return "";
}

Fit Decision::fit_of(const Place& place) const {
    const std::int64_t rate = rate_at(place);
    if (rate <= 0) return {.filter = "hardware"};
    const std::int64_t per_node =
        place.is_cpu ? 1 : std::max<std::int64_t>(1, number_in(*place.partition, "gpus_per_node"));
    const std::int64_t wanted = needs_gpus() ? std::min(asked_gpus_, most_gpus) : 1;
    const std::int64_t duration_ms = number_in(part_in(job_->spec, "attributes"), "duration") * 1000;
    Fit fit;
    fit.gpus = wanted <= per_node ? wanted : (wanted + per_node - 1) / per_node * per_node;
    fit.run_ms = (duration_ms * 1000 + rate - 1) / rate;
    fit.filter = needs_unmet(place, fit);
    return fit;
}

// ---- the table -------------------------------------------------------------------------------------------

Status Decision::check_table() {
    const Json& table = part_in(data_, "table");
    if (!table.is_array()) return wrong("job '{}' is decided without a table", id_);
    bool is_short = false;
    for (const Json& row : table) {
        if (is_short) return wrong("job '{}': a row follows the count of those left out", id_);
        is_short = number_in(row, "left_out") > 0;
        if (!is_short) EM_TRY(check_row(row));
    }
    if (chosen_ != part_in(data_, "claims").size())
        return wrong("job '{}' has {} chosen rows for {} claims", id_, chosen_,
                     part_in(data_, "claims").size());
    if (!is_short) {
        for (const auto& [id, site] : world_.sites) {
            if (!site.takes_work()) continue;
            for (const Json& partition : part_in(site.document, "partitions")) {
                const std::string name = id + " " + text_in(partition, "id");
                const bool has_gpus = number_in(partition, "gpus") > 0;
                if ((has_gpus && !rows_.contains(name)) || !rows_.contains(name + ":cpu"))
                    return wrong("job '{}' is decided without a word about {}", id_, name);
            }
        }
    }
    return check_alternatives();
}

Status Decision::check_row(const Json& row) {
    const std::string site = text_in(row, "site"), partition = text_in(row, "partition");
    EM_ASSIGN(const Place place, place_of(site, partition));
    if (!rows_.insert(site + " " + partition).second) return wrong("{}: is there twice", where(row));
    EM_TRY(check_law(row));
    const std::string rejected = text_in(row, "rejected_by");
    const bool by_law = rejected == "law" || rejected == "residency" || rejected == "eligibility";
    if (!by_law) {
        const Fit fit = fit_of(place);
        EM_TRY(check_fit(row, place, fit));
        if (rejected.empty() && part_in(row, "terms").is_array()) EM_TRY(check_terms(row, place, fit));
    }
    return check_chosen(row, place);
}

// The rule that is named is asked again, and so are all where none is named.
Status Decision::check_law(const Json& row) {
    const std::string site = text_in(row, "site"), rejected = text_in(row, "rejected_by");
    auto known = law_.find(site);
    if (known == law_.end()) known = law_.emplace(site, law_at(world_, *case_, site, held_at(site))).first;
    const SiteLaw& right = known->second;
    const bool by_law = rejected == "law" || rejected == "residency" || rejected == "eligibility";
    if (right.allowed && by_law)
        return wrong("{}: is ruled out by {} '{}', and nothing forbids it", where(row), rejected,
                     text_in(row, "rule"));
    if (!right.allowed && (rejected != right.filter || text_in(row, "rule") != right.rule))
        return wrong("{}: {} rules it out ({}), the record says '{}' ({})", where(row), right.rule,
                     right.filter, text_in(row, "rule"), rejected.empty() ? "not ruled out" : rejected);
    return {};
}

Status Decision::check_fit(const Json& row, const Place& place, const Fit& fit) {
    const std::string rejected = text_in(row, "rejected_by"), site = text_in(row, "site");
    std::string right(fit.filter);
    const Json& windows = part_in(*place.partition, "maintenance");
    const bool may_be_closed = windows.is_array() && !windows.empty();
    if (right.empty() && rejected == "maintenance" && may_be_closed) right = rejected;
    if (right.empty() && !is_wanted(site)) right = "preference";
    if (rejected == right) return {};
    return wrong("{}: is ruled out by {}, the record says {}", where(row), right.empty() ? "nothing" : right,
                 rejected.empty() ? "nothing" : rejected);
}

Status Decision::check_value(const Json& row, std::string_view term, std::int64_t right) {
    for (const Json& one : part_in(row, "terms")) {
        if (text_in(one, "term") != term || number_in(one, "value") == right) continue;
        return wrong("{}: its term '{}' is {}, {} is right", where(row), term, number_in(one, "value"),
                     right);
    }
    return {};
}

Status Decision::check_terms(const Json& row, const Place& place, const Fit& fit) {
    __extension__ using Wide = __int128;
    const Json& terms = part_in(row, "terms");
    if (weights_ == nullptr) weights_ = &terms;
    if (terms.size() != weights_->size())
        return wrong("{}: has other terms than the rows before", where(row));
    Wide sum = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
        const std::string name = text_in(terms[i], "term");
        const std::int64_t weight = number_in(terms[i], "weight_micro"),
                           cost = number_in(terms[i], "cost_ms");
        if (name != text_in((*weights_)[i], "term") || weight != number_in((*weights_)[i], "weight_micro"))
            return wrong("{}: its term '{}' has another weight than in the rows before", where(row), name);
        const Wide right = Wide{number_in(terms[i], "value")} * weight / 1'000'000;
        // A cost has a ceiling; nothing is compared beyond it.
        if (right != cost && right < Wide{1} << 50)
            return wrong("{}: its term '{}' costs {} ms, not value times weight", where(row), name, cost);
        sum += cost;
    }
    if (sum != number_in(row, "score_ms"))
        return wrong("{}: its score is {} ms, and its terms add up to {}", where(row),
                     number_in(row, "score_ms"), static_cast<std::int64_t>(sum));
    const std::int64_t start = number_in(row, "start_ms"), p90 = number_in(row, "start_p90_ms");
    const std::int64_t band =
        number_in(*place.partition, "wait_p90_ms") - number_in(*place.partition, "wait_median_ms");
    if (number_in(row, "run_ms") != fit.run_ms)
        return wrong("{}: it runs {} ms there, the record says {}", where(row), fit.run_ms,
                     number_in(row, "run_ms"));
    if (p90 - start != band) return wrong("{}: its start is not as wide as the site's queue", where(row));
    const std::int64_t watts = place.is_cpu ? 0 : number_in(*place.partition, "watts_per_gpu");
    const auto watt_hours = static_cast<std::int64_t>(Wide{fit.run_ms} * watts / 3'600'000);
    EM_TRY(check_value(row, "start", std::max<std::int64_t>(0, start - entry_.time_ms)));
    EM_TRY(check_value(row, "band", band));
    EM_TRY(check_value(row, "run", fit.run_ms));
    EM_TRY(check_value(row, "energy", watt_hours));
    return check_value(row, "carbon",
                       watt_hours * number_in(place.site->document, "grid_grams_per_kwh") / 1000);
}

// A chosen row and its claim say the same.
Status Decision::check_chosen(const Json& row, const Place& place) {
    const Json* found = nullptr;
    for (const Json& claim : part_in(data_, "claims")) {
        const bool is_here = text_in(claim, "site") == text_in(row, "site") &&
                             text_in(claim, "partition") == text_in(*place.partition, "id") &&
                             place.is_cpu != needs_gpus();
        if (is_here) found = &claim;
    }
    if (flag_in(row, "chosen") != (found != nullptr))
        return wrong(
            "{}: {}", where(row),
            found == nullptr ? "is chosen, and there is no claim" : "has a claim, and is not chosen");
    if (found == nullptr) return {};
    ++chosen_;
    if (!text_in(row, "rejected_by").empty() || !part_in(row, "terms").is_array())
        return wrong("{}: is chosen and did not pass", where(row));
    for (const char* name : {"start_ms", "start_p90_ms", "score_ms"}) {
        if (number_in(row, name) != number_in(*found, name))
            return wrong("{}: its {} is {}, its claim says {}", where(row), name, number_in(row, name),
                         number_in(*found, name));
    }
    return {};
}

// What scored better was given to others in the same round, and the row says to whom.
Status Decision::check_alternatives() {
    // A set of sites is chosen together; who takes another one's place takes what there is.
    if (part_in(data_, "claims").size() != 1 || !text_in(data_, "why").empty()) return {};
    const std::int64_t score = number_in(part_in(data_, "claims")[0], "score_ms");
    // A round is promised to be within a hundredth of the best; less is no preference.
    const std::int64_t slack = std::max<std::int64_t>(1000, score / 100);
    for (const Json& row : part_in(data_, "table")) {
        const bool is_better = part_in(row, "terms").is_array() && text_in(row, "rejected_by").empty() &&
                               !flag_in(row, "chosen") && number_in(row, "score_ms") < score - slack;
        if (!is_better) continue;
        const Json& others = part_in(row, "given_to");
        if (!others.is_array() || others.empty())
            return wrong("{}: scores {} ms, better than the chosen {} ms, and nobody else has it", where(row),
                         number_in(row, "score_ms"), score);
        for (const Json& other : others) {
            const std::string name = other.is_string() ? other.get<std::string>() : "";
            if (name == id_ || !world_.jobs.contains(name))
                return wrong("{}: is said to be given to '{}', which does not wait", where(row),
                             name.substr(0, 64));
        }
    }
    return {};
}

Status decide(World& world, const Entry& entry) {
    return Decision(world, entry).check();
}

constexpr std::array<Check, 1> checks = {{{"job.decided", decide}}};

}  // namespace

std::span<const Check> decision_checks() {
    return checks;
}

}  // namespace euromesh::verify

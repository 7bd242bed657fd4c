#include "contract/run_record.hpp"

#include <algorithm>
#include <set>

namespace euromesh::contract {
namespace {

using Kind = Teller::Kind;

std::string_view name_of_kind(Kind kind) {
    switch (kind) {
        case Kind::federated:
            return "federated";
        case Kind::alone:
            return "alone";
        case Kind::data_parallel:
            return "data_parallel";
    }
    return "";
}

double mean_of(const std::map<std::string, double>& losses) {
    double sum = 0;
    for (const auto& [language, loss] : losses) sum += loss;
    return sum / static_cast<double>(losses.size());
}

Json number_or_null(bool known, double value) {
    return known ? Json(value) : Json(nullptr);
}

}  // namespace

std::string name_of(const Teller& teller) {
    if (teller.kind == Kind::federated) return teller.site;
    if (teller.kind == Kind::alone) return teller.site + " alone";
    return "data parallel";
}

std::int64_t data_parallel_bytes(std::int64_t parameters, std::int64_t sites, std::int64_t steps) {
    return 2 * (sites - 1) * 4 * parameters * steps;
}

double closed_fraction(double best_alone, double federated, double data_parallel) {
    return (best_alone - federated) / (best_alone - data_parallel);
}

Status RunRecord::add(const Teller& teller, const Json& event) {
    const std::string where = "event of " + name_of(teller);
    EM_ASSIGN(const std::string kind, json_string(event, "event", where));
    if (kind == "evaluation") return add_evaluation(teller, event);
    if (teller.kind != Kind::federated) return {};
    if (kind == "start") {
        EM_ASSIGN(parameters_, json_integer(event, "parameters", where));
        EM_ASSIGN(totals_[teller.site].text_bytes, json_integer(event, "text_bytes", where));
    } else if (kind == "round") {
        return add_round(teller.site, event);
    } else if (kind == "note") {
        EM_ASSIGN(const std::int64_t round, json_integer(event, "round", where));
        EM_ASSIGN(const std::string text, json_string(event, "text", where));
        const Json note = {{"round", round}, {"text", text}};
        if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(note);
    } else if (kind == "done" || kind == "left") {
        EM_ASSIGN(const double seconds, json_number(event, "seconds", where));
        EM_ASSIGN(const std::int64_t sent, json_integer(event, "bytes_sent", where));
        EM_ASSIGN(const std::int64_t received, json_integer(event, "bytes_received", where));
        totals_[teller.site].seconds += seconds;
        seconds_ = std::max(seconds_, totals_[teller.site].seconds);
        totals_[teller.site].bytes_sent += sent;
        totals_[teller.site].bytes_received += received;
    }
    return {};
}

Status RunRecord::add_round(const std::string& site, const Json& event) {
    const std::string where = "round of " + site;
    EM_ASSIGN(const std::int64_t round, json_integer(event, "round", where));
    EM_ASSIGN(const std::int64_t steps, json_integer(event, "inner_steps", where));
    EM_ASSIGN(const std::int64_t tokens, json_integer(event, "tokens", where));
    EM_ASSIGN(const std::int64_t sent, json_integer(event, "bytes_sent", where));
    EM_ASSIGN(const std::int64_t received, json_integer(event, "bytes_received", where));
    EM_ASSIGN(const double compute, json_number(event, "compute_s", where));
    EM_ASSIGN(const double wait, json_number(event, "wait_s", where));
    EM_ASSIGN(const double loss, json_number(event, "loss", where));
    EM_ASSIGN(const std::string digest, json_string(event, "digest", where));
    SiteTotals& totals = totals_[site];
    totals.steps += steps;
    totals.tokens += tokens;
    totals.bytes_sent += sent;
    totals.bytes_received += received;
    totals.compute_s += compute;
    totals.wait_s += wait;
    Json& row = rounds_[round];
    if (row.is_null()) {
        row = {{"round", round},
               {"inner_steps", steps},
               {"members", event.value("members", Json::array())},
               {"digest", digest},
               {"gain", event.value("gain", Json())},
               {"seconds", compute + wait}};
    }
    if (row["digest"] != digest) {
        return fail(Code::corrupted, "round {}: site {} has outer parameters {}, others have {}", round, site,
                    digest, row["digest"].get<std::string>());
    }
    row["loss"][site] = loss;
    row["wait_s"][site] = wait;
    row["bytes_sent"][site] = sent;
    return {};
}

Status RunRecord::add_evaluation(const Teller& teller, const Json& event) {
    const std::string where = "evaluation of " + name_of(teller);
    EM_ASSIGN(const std::int64_t tokens, json_integer(event, "tokens", where));
    const auto losses = event.find("loss");
    if (losses == event.end() || !losses->is_object())
        return fail(Code::bad_input, "{}: 'loss' must be an object", where);
    // The sites of a federated run each evaluate the same outer parameters on their own text only.
    const Teller shared = teller.kind == Kind::federated ? Teller{Kind::federated, ""} : teller;
    for (const auto& [language, loss] : losses->items()) {
        if (!loss.is_number())
            return fail(Code::bad_input, "{}: loss of {} must be a number", where, language);
        evaluations_[shared][tokens][language] = loss.get<double>();
        if (event.value("final", false)) final_[shared][language] = loss.get<double>();
    }
    return {};
}

std::int64_t RunRecord::bytes_sent() const {
    std::int64_t sum = 0;
    for (const auto& [site, totals] : totals_) sum += totals.bytes_sent;
    return sum;
}

RunRecord::Losses RunRecord::final_of(const Teller& teller) const {
    const auto found = final_.find(teller);
    return found == final_.end() ? Losses{} : found->second;
}

Json RunRecord::sites() const {
    Json list = Json::array();
    for (const SiteSpec& site : spec_.sites) {
        Json row = {{"name", site.id.text()},
                    {"label", site.label},
                    {"language", site.language},
                    {"system", site.system}};
        const auto found = totals_.find(site.id.text());
        if (found != totals_.end()) {
            const SiteTotals& totals = found->second;
            const double busy = totals.compute_s + totals.wait_s;
            row.update(
                {{"text_bytes", totals.text_bytes},
                 {"tokens", totals.tokens},
                 {"steps", totals.steps},
                 {"tokens_per_second", number_or_null(busy > 0, static_cast<double>(totals.tokens) / busy)},
                 {"compute_s", totals.compute_s},
                 {"wait_s", totals.wait_s},
                 {"utilisation", number_or_null(busy > 0, totals.compute_s / busy)},
                 {"bytes_sent", totals.bytes_sent},
                 {"bytes_received", totals.bytes_received}});
        }
        list.push_back(std::move(row));
    }
    return list;
}

Json RunRecord::rounds() const {
    Json list = Json::array();
    for (const auto& [round, row] : rounds_) list.push_back(row);
    return list;
}

std::map<std::int64_t, RunRecord::Losses> RunRecord::points_of(const Teller& teller) const {
    std::set<std::string> languages;
    for (const SiteSpec& site : spec_.sites) languages.insert(site.language);
    std::map<std::int64_t, Losses> points;
    const auto found = evaluations_.find(teller);
    if (found == evaluations_.end()) return points;
    for (const auto& [tokens, losses] : found->second) {
        // A point without every language is no mean over languages.
        if (losses.size() == languages.size()) points[tokens] = losses;
    }
    return points;
}

Json RunRecord::curves() const {
    Json list = Json::array();
    for (const auto& [teller, unused] : evaluations_) {
        Json points = Json::array();
        for (const auto& [tokens, losses] : points_of(teller)) {
            points.push_back({{"tokens", tokens}, {"mean", mean_of(losses)}, {"loss", losses}});
        }
        const std::string label = teller.kind == Kind::federated ? "federated" : name_of(teller);
        list.push_back({{"label", label}, {"kind", name_of_kind(teller.kind)}, {"points", points}});
    }
    return list;
}

Json RunRecord::results() const {
    Json list = Json::array();
    for (const auto& [teller, losses] : final_) {
        const std::string label = teller.kind == Kind::federated ? "federated" : name_of(teller);
        list.push_back({{"label", label},
                        {"kind", name_of_kind(teller.kind)},
                        {"mean", mean_of(losses)},
                        {"loss", losses}});
    }
    return list;
}

Json RunRecord::bytes() const {
    std::int64_t steps = 0;
    for (const auto& [site, totals] : totals_) steps = std::max(steps, totals.steps);
    const std::int64_t parallel =
        data_parallel_bytes(parameters_, static_cast<std::int64_t>(spec_.sites.size()), steps);
    const std::int64_t sent = bytes_sent();
    return {
        {"sent", sent},
        {"data_parallel", parallel},
        {"ratio", number_or_null(sent > 0, static_cast<double>(parallel) / static_cast<double>(sent))},
        {"how",
         "Sent: every byte that all sites together wrote to their sockets from the first hello to the last "
         "goodbye, framing and encryption included. Data parallel: a ring all-reduce of fp32 gradients in "
         "every step of the same run, 2 (M - 1) x 4 P bytes over all sites, payload only."}};
}

Json RunRecord::verdict() const {
    const Losses federated = final_of({Kind::federated, ""});
    const Losses parallel = final_of({Kind::data_parallel, ""});
    if (federated.empty() || parallel.empty())
        return {{"closed_fraction", nullptr}, {"gap_to_data_parallel", nullptr}};
    double best_alone = 0;
    bool any_alone = false;
    for (const auto& [teller, losses] : final_) {
        if (teller.kind != Kind::alone) continue;
        best_alone = any_alone ? std::min(best_alone, mean_of(losses)) : mean_of(losses);
        any_alone = true;
    }
    const double ours = mean_of(federated), theirs = mean_of(parallel);
    return {{"closed_fraction", number_or_null(any_alone, closed_fraction(best_alone, ours, theirs))},
            {"gap_to_data_parallel", ours / theirs - 1}};
}

Json RunRecord::document() const {
    const Json model = {{"parameters", parameters_},
                        {"layers", spec_.model.layers},
                        {"dim", spec_.model.dim},
                        {"heads", spec_.model.heads},
                        {"hidden", spec_.model.hidden},
                        {"context", spec_.model.context},
                        {"vocab", 256}};
    const std::string delay =
        spec_.outer.kind == "delayed-nesterov" ? fmt::format(" every {} rounds", spec_.outer.delay) : "";
    const std::string outer = spec_.outer.kind == "mean"
                                  ? "plain mean"
                                  : fmt::format("Nesterov, rate {}, momentum {}{}", spec_.outer.learning_rate,
                                                spec_.outer.momentum, delay);
    const Json run = {
        {"name", spec_.name.text()},
        {"model", model},
        {"inner_steps", spec_.outer.inner_steps},
        {"inner_optimiser", spec_.inner.optimiser},
        {"codec", spec_.outer.codec},
        {"outer", outer},
        {"weights", spec_.outer.weights},
        {"rounds", rounds_.size()},
        {"batch", spec_.inner.batch},
        {"seconds", seconds_},
        {"exchange", spec_.encrypted ? "direct, mutual TLS 1.3, reduce-scatter" : "direct, not encrypted"}};
    return {{"format", "euromesh-report/1"},
            {"title", spec_.title},
            {"run", run},
            {"sites", sites()},
            {"rounds", rounds()},
            {"curves", curves()},
            {"results", results()},
            {"bytes", bytes()},
            {"verdict", verdict()},
            {"events", notes_}};
}

}  // namespace euromesh::contract

#include "apps/job_text.hpp"

#include <fmt/format.h>

#include "apps/text_table.hpp"
#include "base/base64.hpp"
#include "federation/ledger/tree_head.hpp"

namespace euromesh::apps {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string time_text(std::int64_t ms) {
    return ms == 0 ? "" : iso8601_utc(std::chrono::milliseconds(ms));
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

std::int64_t number_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string sites_of(const Json& job) {
    std::string sites;
    for (const Json& claim : job.value("placed", Json::array())) {
        const std::string state = text_of(claim, "state");
        if (state == "refused" || state == "lost") continue;
        sites += (sites.empty() ? "" : ", ") + text_of(claim, "site");
    }
    return sites;
}

// "jupiter refused: WORDS", of each site that has said no, in its own words.
std::vector<std::string> refusals_of(const Json& document) {
    std::vector<std::string> lines;
    for (const Json& refusal : document.value("refusals", Json::array()))
        if (refusal.is_object())
            lines.push_back(
                fmt::format("{} refused: {}", text_of(refusal, "site"), text_of(refusal, "words")));
    return lines;
}

std::string name_of(const Json& job) {
    const auto spec = job.find("spec");
    return spec == job.end() ? std::string() : text_of(*spec, "name");
}

}  // namespace

std::string gpu_hours(std::int64_t milli) {
    std::string text = fmt::format("{}.{:03}", milli / 1000, milli % 1000);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string job_line(const Json& job) {
    const std::string sites = sites_of(job), words = text_of(job, "words");
    std::string line = fmt::format("{} {}{}{}", text_of(job, "id"), text_of(job, "state"),
                                   sites.empty() ? "" : " at " + sites, words.empty() ? "" : ": " + words);
    for (const std::string& refusal : refusals_of(job)) line += "; " + refusal;
    return line;
}

std::string job_text(const Json& job) {
    std::string text = job_line(job) + "\n" + fmt::format("  name       {}\n", name_of(job)) +
                       fmt::format("  project    {}\n", text_of(job, "project")) +
                       fmt::format("  submitted  {}\n", time_text(number_of(job, "submitted_ms")));
    if (number_of(job, "ended_ms") != 0)
        text += fmt::format("  ended      {}\n", time_text(number_of(job, "ended_ms")));
    Rows rows{{"  claim", "site", "partition", "state", "started", "ended", "exit", "charged GPU h", ""}};
    for (const Json& claim : job.value("placed", Json::array())) {
        const bool over = number_of(claim, "ended_ms") != 0;
        rows.push_back({"  " + text_of(claim, "id"), text_of(claim, "site"), text_of(claim, "partition"),
                        text_of(claim, "state"), time_text(number_of(claim, "started_ms")),
                        time_text(number_of(claim, "ended_ms")),
                        over ? std::to_string(number_of(claim, "exit")) : "",
                        gpu_hours(number_of(claim, "charged")), text_of(claim, "words")});
    }
    return rows.size() > 1 ? text + text_table(rows) : text;
}

std::string jobs_text(const Json& list) {
    Rows rows{{"job", "state", "project", "submitted", "name"}};
    for (const Json& job : list.value("jobs", Json::array())) {
        rows.push_back({text_of(job, "id"), text_of(job, "state"), text_of(job, "project"),
                        time_text(number_of(job, "submitted_ms")), name_of(job)});
    }
    return rows.size() > 1 ? text_table(rows) : "no jobs\n";
}

Result<PrintedOutput> output_of(const Json& output) {
    PrintedOutput printed;
    for (const auto& [key, room] : {std::pair{"out", &printed.out}, std::pair{"error", &printed.error}}) {
        const auto part = output.find(key);
        if (part == output.end() || !part->is_object())
            return fail(Code::corrupted, "the site's output has no '{}'", key);
        EM_ASSIGN(*room, from_base64(text_of(*part, "bytes")));
        const std::int64_t offset = number_of(*part, "offset");
        if (offset > 0) *room = fmt::format("[... {} bytes before]\n", offset) + *room;
    }
    return printed;
}

// ---- explanations ----------------------------------------------------------------------------------------

namespace {

// "start 1200, energy 300" in milliseconds: the terms add up to the score.
std::string terms_text(const Json& row) {
    std::string text;
    for (const Json& term : row.value("terms", Json::array())) {
        if (!term.is_object() || number_of(term, "cost_ms") == 0) continue;
        text +=
            fmt::format("{}{} {}", text.empty() ? "" : ", ", text_of(term, "term"), text_of(term, "cost_ms"));
    }
    return text;
}

// With which sites this one may not be in a run, and by which rule.
std::string apart_text(const Json& row) {
    std::string text;
    for (const Json& pair : row.value("no_exchange", Json::array()))
        if (pair.is_object())
            text += fmt::format("; not with {}: {}", text_of(pair, "with"), text_of(pair, "rule"));
    return text;
}

std::string why_text(const Json& row) {
    const std::string filter = text_of(row, "rejected_by"), rule = text_of(row, "rule");
    if (!filter.empty()) return filter + (rule.empty() ? "" : ": " + rule) + apart_text(row);
    return fmt::format("score {} ms: {}", text_of(row, "score_ms"), terms_text(row)) + apart_text(row);
}

Rows decision_rows(const Json& table) {
    Rows rows{{"  site", "partition", "", "why"}};
    for (const Json& row : table) {
        if (!row.is_object()) continue;
        if (row.contains("left_out")) {
            rows.push_back({"  ...", "", "", text_of(row, "left_out") + " more rows"});
            continue;
        }
        const char* verdict = row.contains("rejected_by")  ? "ruled out"
                              : row.value("chosen", false) ? "chosen"
                                                           : "possible";
        rows.push_back({"  " + text_of(row, "site"), text_of(row, "partition"), verdict, why_text(row)});
    }
    return rows;
}

Result<bool> proof_holds(const Json& decision) {
    const auto proof = decision.find("proof");
    if (proof == decision.end() || proof->is_null()) return false;
    EM_ASSIGN(const federation::SignedHead head, federation::decode_signed_head(text_of(*proof, "head")));
    federation::Proof hashes;
    for (const Json& item : proof->value("hashes", Json::array())) {
        federation::NodeHash hash{};
        EM_TRY(from_base64(item.is_string() ? item.get<std::string>() : "", hash));
        hashes.push_back(hash);
    }
    const auto index = static_cast<std::uint64_t>(number_of(*proof, "index"));
    const bool holds = federation::verify_inclusion(federation::leaf_hash(text_of(decision, "text")), index,
                                                    head.head.size, hashes, head.head.root);
    if (holds) return true;
    return fail(Code::corrupted, "entry {}: the proof does not lead to the signed head of {} entries", index,
                head.head.size);
}

Result<std::string> decision_text(const Json& entry) {
    const Json& decision = entry.at("decision");
    std::string text = fmt::format("decision: entry {} of the ledger, {}\n", text_of(entry, "entry"),
                                   time_text(number_of(entry, "at")));
    text += text_table(decision_rows(decision.value("table", Json::array())));
    for (const Json& claim : decision.value("claims", Json::array())) {
        text += fmt::format("  claim  {} at {} {}, {} GPU-hours held\n", text_of(claim, "claim"),
                            text_of(claim, "site"), text_of(claim, "partition"),
                            gpu_hours(number_of(claim, "held")));
    }
    text += fmt::format("  rules  {}\n", text_of(decision, "rules_digest"));
    EM_ASSIGN(const bool proved, proof_holds(entry));
    if (!proved) return text + "  proof  not yet: the next signed head holds it, within a second or two\n";
    const Json& proof = entry.at("proof");
    return text + fmt::format("  proof  holds: entry {} is in the signed head of {} entries ({} hashes)\n",
                              text_of(proof, "index"), text_of(proof, "size"),
                              proof.value("hashes", Json::array()).size());
}

}  // namespace

Result<std::string> explanation_text(const Json& document) {
    const std::string words = text_of(document, "words");
    std::string text = fmt::format("{} {}{}\n", text_of(document, "job"), text_of(document, "state"),
                                   words.empty() ? "" : ": " + words);
    const auto now = document.find("now");
    if (now != document.end() && now->is_array())
        text += "as it would be decided now\n" + text_table(decision_rows(*now));
    for (const std::string& refusal : refusals_of(document)) text += refusal + "\n";
    for (const Json& entry : document.value("decisions", Json::array())) {
        EM_ASSIGN(const std::string one, decision_text(entry));
        text += one;
    }
    return text;
}

// ---- access ----------------------------------------------------------------------------------------------

namespace {

std::string joined(const Json& list) {
    std::string text;
    for (const Json& item : list)
        if (item.is_string()) text += (text.empty() ? "" : " ") + item.get<std::string>();
    return text;
}

}  // namespace

std::string who_text(const Json& who) {
    return fmt::format("{} ({})\n  groups    {}\n  scopes    {}\n  projects  {}\n", text_of(who, "account"),
                       text_of(who, "name"), joined(who.value("groups", Json::array())),
                       joined(who.value("scopes", Json::array())),
                       joined(who.value("projects", Json::array())));
}

std::string application_text(const Json& answer, const std::string& tier, std::int64_t amount) {
    const std::string state = text_of(answer, "state"), words = text_of(answer, "words");
    return fmt::format("{}: {} GPU-hours of {}: {}{}\n", text_of(answer, "application"), gpu_hours(amount),
                       tier, state, words.empty() ? "" : ": " + words);
}

std::string applications_text(const Json& list, const Clock& clock) {
    Rows rows{{"application", "project", "tier", "GPU h", "state", "days left", "words"}};
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall()).count();
    for (const Json& one : list.value("applications", Json::array())) {
        const std::int64_t due = number_of(one, "due_ms");
        const bool open = text_of(one, "state") == "in-review";
        rows.push_back(
            {text_of(one, "id"), text_of(one, "project"), text_of(one, "tier"),
             gpu_hours(number_of(one, "amount")), text_of(one, "state"),
             open && due > 0 ? fmt::format("{:.1f}", static_cast<double>(due - now) / 86'400'000) : "",
             text_of(one, "words")});
    }
    return rows.size() > 1 ? text_table(rows) : "no applications\n";
}

std::string tiers_text(const Json& list) {
    Rows rows{{"tier", "most GPU h", "answer", "published process", "months", "name"}};
    for (const Json& one : list.value("tiers", Json::array())) {
        const std::int64_t days = number_of(one, "review_days"), most = number_of(one, "most_mgh");
        rows.push_back({text_of(one, "id"), most == 0 ? "" : gpu_hours(most),
                        one.value("instant", false) ? "at once" : "review",
                        days == 0 ? "" : fmt::format("{} days", days), text_of(one, "months"),
                        text_of(one, "name")});
    }
    return text_table(rows);
}

namespace {

// The first checkpoint at which unused time will be lost, at the rate so far.
std::string loss_text(const Json& allocation) {
    for (const Json& point : allocation.value("forecast", Json::array())) {
        if (!point.is_object() || number_of(point, "loss") == 0) continue;
        return fmt::format("{} on {}", gpu_hours(number_of(point, "loss")),
                           time_text(number_of(point, "at_ms")));
    }
    return {};
}

}  // namespace

std::string allocations_text(const Json& list) {
    Rows rows{{"allocation", "project", "tier", "share", "granted GPU h", "used", "held", "left", "until",
               "will be taken back"}};
    for (const Json& one : list.value("allocations", Json::array())) {
        rows.push_back({text_of(one, "id"), text_of(one, "project"), text_of(one, "tier"),
                        text_of(one, "share"), gpu_hours(number_of(one, "granted")),
                        gpu_hours(number_of(one, "used")), gpu_hours(number_of(one, "held")),
                        gpu_hours(number_of(one, "left")), time_text(number_of(one, "end_ms")),
                        loss_text(one)});
    }
    return rows.size() > 1 ? text_table(rows)
                           : "no allocations; apply for one: euromesh apply --tier playground\n";
}

std::string sites_text(const Json& list) {
    Rows rows{{"site", "country", "state", "partitions", "open claims", "seen"}};
    for (const Json& one : list.value("sites", Json::array())) {
        std::string partitions;
        const Json document = one.value("document", Json::object());
        for (const Json& partition : document.value("partitions", Json::array()))
            partitions += (partitions.empty() ? "" : ", ") + text_of(partition, "id");
        rows.push_back({text_of(one, "id"), text_of(one, "country"), text_of(one, "state"), partitions,
                        text_of(one, "open_claims"), time_text(number_of(one, "seen_ms"))});
    }
    return rows.size() > 1 ? text_table(rows) : "no sites\n";
}

}  // namespace euromesh::apps

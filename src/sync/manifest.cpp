#include "sync/manifest.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/hash.hpp"
#include "base/json.hpp"

namespace euromesh::sync {
namespace {

constexpr std::string_view where = "manifest";

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

Result<std::uint64_t> read_count(const Json& object, std::string_view key) {
    EM_ASSIGN(const std::int64_t value, json_integer(object, key, where));
    if (value < 0) return fail(Code::bad_input, "{}: '{}' must not be negative", where, key);
    return static_cast<std::uint64_t>(value);
}

Result<std::string> read_digest(const Json& object, std::string_view key, std::size_t digits) {
    EM_ASSIGN(std::string text, json_string(object, key, where));
    if (!is_hex(text, digits)) {
        return fail(Code::bad_input, "{}: '{}' must be {} hexadecimal digits", where, key, digits);
    }
    return text;
}

Result<const Json*> read_member(const Json& object, std::string_view key) {
    const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
    if (found == object.end()) return fail(Code::bad_input, "{}: '{}' is missing", where, key);
    return &*found;
}

Json to_json(const Contributor& contributor) {
    Json json;
    json["site"] = contributor.site.text();
    json["tokens"] = contributor.tokens;
    json["inner_steps"] = contributor.inner_steps;
    json["base"] = contributor.base;
    json["norm"] = contributor.norm;
    json["weight"] = contributor.weight;
    json["bytes"] = contributor.bytes;
    json["digest"] = contributor.digest;
    return json;
}

Json to_json(const OuterConfig& outer) {
    Json json;
    json["kind"] = name_of(outer.kind);
    json["lr"] = outer.lr;
    json["momentum"] = outer.momentum;
    if (outer.kind == OuterKind::delayed_nesterov) json["delay"] = outer.delay;
    return json;
}

Result<Contributor> read_contributor(const Json& json) {
    Contributor contributor;
    EM_ASSIGN(const std::string site, json_string(json, "site", where));
    EM_ASSIGN(contributor.site, SiteId::parse(site, "site"));
    EM_ASSIGN(contributor.tokens, read_count(json, "tokens"));
    EM_ASSIGN(contributor.inner_steps, read_count(json, "inner_steps"));
    EM_ASSIGN(contributor.base, read_count(json, "base"));
    EM_ASSIGN(contributor.norm, json_number(json, "norm", where));
    EM_ASSIGN(contributor.weight, json_number(json, "weight", where));
    EM_ASSIGN(contributor.bytes, read_count(json, "bytes"));
    EM_ASSIGN(contributor.digest, read_digest(json, "digest", 64));
    return contributor;
}

Result<OuterConfig> read_outer(const Json& json) {
    OuterConfig outer;
    EM_ASSIGN(const std::string kind, json_string(json, "kind", where));
    EM_ASSIGN(outer.kind, parse_outer_kind(kind));
    EM_ASSIGN(outer.lr, json_number(json, "lr", where));
    EM_ASSIGN(outer.momentum, json_number(json, "momentum", where));
    if (outer.kind == OuterKind::delayed_nesterov) {
        EM_ASSIGN(outer.delay, read_count(json, "delay"));
        if (outer.delay == 0) return fail(Code::bad_input, "{}: 'delay' must be at least 1", where);
    }
    return outer;
}

Status read_settings(const Json& json, Manifest& manifest) {
    EM_ASSIGN(const std::string run, json_string(json, "run", where));
    EM_ASSIGN(manifest.run, RunId::parse(run, "run"));
    EM_ASSIGN(manifest.round, read_count(json, "round"));
    EM_ASSIGN(manifest.attempt, read_count(json, "attempt"));
    EM_ASSIGN(manifest.fragment, read_count(json, "fragment"));
    EM_ASSIGN(manifest.inner_steps, read_count(json, "inner_steps"));
    EM_ASSIGN(manifest.codec, json_string(json, "codec", where));
    EM_ASSIGN(const Json* outer, read_member(json, "outer"));
    EM_ASSIGN(manifest.outer, read_outer(*outer));
    EM_ASSIGN(const std::string weights, json_string(json, "weights", where));
    EM_ASSIGN(manifest.weights, parse_weight_rule(weights));
    if (manifest.weights == WeightRule::each_step) {
        EM_ASSIGN(manifest.absent, read_count(json, "absent"));
    }
    return {};
}

Status read_outcome(const Json& json, Manifest& manifest) {
    EM_ASSIGN(const Json* contributors, read_member(json, "contributors"));
    if (!contributors->is_array()) return fail(Code::bad_input, "{}: 'contributors' must be a list", where);
    for (const Json& item : *contributors) {
        EM_ASSIGN(Contributor contributor, read_contributor(item));
        manifest.contributors.push_back(std::move(contributor));
    }
    EM_ASSIGN(manifest.state_before, read_digest(json, "state_before", 32));
    EM_ASSIGN(manifest.state_after, read_digest(json, "state_after", 32));
    EM_ASSIGN(manifest.tokens_total, read_count(json, "tokens_total"));
    EM_ASSIGN(manifest.previous, read_digest(json, "previous", 64));
    return {};
}

// What a line must satisfy by itself.
Status check_weights(const Manifest& manifest) {
    std::vector<SiteWork> work;
    for (auto one = manifest.contributors.begin(); one != manifest.contributors.end(); ++one) {
        const auto same = [&](const Contributor& other) { return other.site == one->site; };
        if (std::any_of(manifest.contributors.begin(), one, same)) {
            return fail(Code::corrupted, "{} contributes twice", one->site.text());
        }
        if (one->base > manifest.round) {
            return fail(Code::corrupted, "{} contributes from round {}, which is to come", one->site.text(),
                        one->base);
        }
        if (one->tokens == 0) return fail(Code::corrupted, "{} contributes no tokens", one->site.text());
        if (one->inner_steps == 0) {
            return fail(Code::corrupted, "{} contributes without inner steps", one->site.text());
        }
        work.push_back({one->tokens, one->inner_steps});
    }
    if (work.empty()) return fail(Code::corrupted, "nobody contributes");
    const std::vector<double> weights = weights_of(manifest.weights, work, manifest.absent);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (manifest.contributors[i].weight != weights[i]) {
            return fail(Code::corrupted, "the weight of {} is {}, by {} it must be {}",
                        manifest.contributors[i].site.text(), manifest.contributors[i].weight,
                        name_of(manifest.weights), weights[i]);
        }
    }
    return {};
}

std::uint64_t tokens_of(const Manifest& manifest) {
    std::uint64_t sum = 0;
    for (const Contributor& contributor : manifest.contributors) sum += contributor.tokens;
    return sum;
}

// What a line must satisfy as the first of a file.
Status check_first(const Manifest& line) {
    if (line.round > 0) return {};  // of a site that joined, or of a resumed run
    if (line.previous != chain_origin()) {
        return fail(Code::corrupted, "round 0 must follow the origin of the chain, {}", chain_origin());
    }
    if (line.tokens_total != tokens_of(line)) {
        return fail(Code::corrupted, "tokens_total is {}, the contributions have {}", line.tokens_total,
                    tokens_of(line));
    }
    return {};
}

Status check_next(const Manifest& before, const std::string& head, const Manifest& line) {
    if (line.run != before.run) {
        return fail(Code::corrupted, "run '{}' after run '{}'", line.run.text(), before.run.text());
    }
    if (line.round != before.round + 1) {
        return fail(Code::corrupted, "round {} after round {}", line.round, before.round);
    }
    if (line.previous != head) {
        return fail(Code::corrupted, "'previous' is not the SHA-256 of the line before, {}", head);
    }
    if (line.state_before != before.state_after) {
        return fail(Code::corrupted, "state_before is {}, the round before ended with {}", line.state_before,
                    before.state_after);
    }
    if (line.tokens_total != before.tokens_total + tokens_of(line)) {
        return fail(Code::corrupted, "tokens_total is {}, it must be {}", line.tokens_total,
                    before.tokens_total + tokens_of(line));
    }
    return {};
}

// The last base of each site and fragment.
using Bases = std::map<std::pair<std::string, std::uint64_t>, std::uint64_t>;

Status check_bases(const Manifest& line, Bases& bases) {
    for (const Contributor& one : line.contributors) {
        const auto [last, fresh] = bases.try_emplace({one.site.text(), line.fragment}, one.base);
        if (!fresh && one.base <= last->second) {
            return fail(Code::corrupted, "{} contributes from round {}, it did so from round {} already",
                        one.site.text(), one.base, last->second);
        }
        last->second = one.base;
    }
    return {};
}

Result<Manifest> check_line(std::string_view text, const std::optional<Manifest>& before,
                            const ChainSummary& summary) {
    EM_ASSIGN(Manifest line, decode_manifest(text));
    EM_TRY(check_weights(line));
    EM_TRY(before ? check_next(*before, summary.head, line) : check_first(line));
    return line;
}

}  // namespace

std::string chain_origin() {
    return std::string(64, '0');
}

std::string chain_digest(std::string_view line) {
    return to_hex(sha256(line));
}

std::string encode(const Manifest& manifest) {
    Json json;
    json["run"] = manifest.run.text();
    json["round"] = manifest.round;
    json["attempt"] = manifest.attempt;
    json["fragment"] = manifest.fragment;
    json["inner_steps"] = manifest.inner_steps;
    json["codec"] = manifest.codec;
    json["outer"] = to_json(manifest.outer);
    json["weights"] = name_of(manifest.weights);
    if (manifest.weights == WeightRule::each_step) json["absent"] = manifest.absent;
    json["contributors"] = Json::array();
    for (const Contributor& contributor : manifest.contributors) {
        json["contributors"].push_back(to_json(contributor));
    }
    json["state_before"] = manifest.state_before;
    json["state_after"] = manifest.state_after;
    json["tokens_total"] = manifest.tokens_total;
    json["previous"] = manifest.previous;
    return json.dump();
}

Result<Manifest> decode_manifest(std::string_view line) {
    EM_ASSIGN(const Json json, parse_json(line, manifest_max_bytes));
    Manifest manifest;
    EM_TRY(read_settings(json, manifest));
    EM_TRY(read_outcome(json, manifest));
    if (encode(manifest) != line) {
        return fail(Code::bad_input, "{}: not in canonical form (keys, their order, spaces, or numbers)",
                    where);
    }
    return manifest;
}

Result<ChainSummary> check_manifests(std::string_view text, std::string_view final_state) {
    ChainSummary summary;
    std::optional<Manifest> before;
    Bases bases;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const auto at_line = fmt::format("line {}", summary.lines + 1);
        if (end == std::string_view::npos) {
            return fail(Code::corrupted, "{}: it is cut off: no end of line", at_line);
        }
        auto line = check_line(text.substr(0, end), before, summary);
        const Status once = line ? check_bases(*line, bases) : fail(line.error());
        if (!once) return fail(Error{Code::corrupted, once.error().within(at_line).message});
        if (!before) summary.first_round = line->round;
        summary.head = chain_digest(text.substr(0, end));
        summary.lines += 1;
        summary.last_round = line->round;
        summary.final_state = line->state_after;
        summary.tokens_total = line->tokens_total;
        before = std::move(*line);
        text.remove_prefix(end + 1);
    }
    if (!before) return fail(Code::corrupted, "the file holds no manifest");
    if (!final_state.empty() && final_state != summary.final_state) {
        return fail(Code::corrupted, "the last line ends with state {}, not with {}", summary.final_state,
                    final_state);
    }
    return summary;
}

}  // namespace euromesh::sync

#include "bindings/c/session_config.hpp"

#include <set>

#include "base/json.hpp"
#include "contract/safetensors.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::c {
namespace {

constexpr std::string_view where = "configuration";
constexpr std::size_t values_most = std::size_t{1} << 40;

// Reads the keys of one object; finish() complains of those that nobody asked for.
class Keys {
  public:
    Keys(const Json& json, std::string name) : json_(json), name_(std::move(name)) {}

    Status status() const {
        if (!json_.is_object()) return fail(Code::bad_input, "{}: must be an object", name_);
        return {};
    }
    const Json* find(const char* key) {
        known_.insert(key);
        const auto found = json_.find(key);
        return found == json_.end() || found->is_null() ? nullptr : &*found;
    }
    Status text(const char* key, std::string& out) {
        if (!find(key)) return {};
        EM_ASSIGN(out, json_string(json_, key, name_));
        return {};
    }
    Status number(const char* key, double& out, double least, double most) {
        if (!find(key)) return {};
        EM_ASSIGN(out, json_number(json_, key, name_));
        if (!(out >= least && out <= most))
            return fail(Code::bad_input, "{}: '{}' is {}; use {} to {}", name_, key, out, least, most);
        return {};
    }
    template <class Integer>
    Status integer(const char* key, Integer& out, std::int64_t least, std::int64_t most) {
        if (!find(key)) return {};
        EM_ASSIGN(const std::int64_t value, json_integer(json_, key, name_));
        if (value < least || value > most)
            return fail(Code::bad_input, "{}: '{}' is {}; use {} to {}", name_, key, value, least, most);
        out = static_cast<Integer>(value);
        return {};
    }
    Status finish() const {
        for (const auto& [key, value] : json_.items()) {
            if (!known_.contains(key)) return fail(Code::bad_input, "{}: unknown key '{}'", name_, key);
        }
        return {};
    }

  private:
    const Json& json_;
    std::string name_;
    std::set<std::string> known_;
};

Status read_sites(const Json* list, sync::SessionConfig& config, const std::string& self) {
    if (!list || !list->is_array() || list->empty())
        return fail(Code::bad_input, "{}: 'sites' must be a list of objects with name and address", where);
    bool found = false;
    for (const Json& item : *list) {
        Keys keys(item, "configuration: a site");
        EM_TRY(keys.status());
        std::string name, address = "127.0.0.1:0";
        EM_TRY(keys.text("name", name));
        EM_TRY(keys.text("address", address));
        EM_TRY(keys.finish());
        EM_ASSIGN(SiteId id, SiteId::parse(name, "site"));
        EM_ASSIGN(os::Endpoint endpoint, os::parse_endpoint(address));
        if (name == self) config.self = config.sites.size(), found = true;
        config.sites.push_back({std::move(id), std::move(endpoint)});
    }
    if (!found) return fail(Code::bad_input, "{}: 'site' is '{}', which is not in 'sites'", where, self);
    return {};
}

Status read_shape(const Json& list, contract::TensorSpec& tensor, std::size_t& total) {
    std::size_t size = 1;
    if (!list.is_array()) return fail(Code::bad_input, "{}: 'shape' must be a list of numbers", where);
    for (const Json& item : list) {
        const bool good = item.is_number_unsigned() && item.get<std::uint64_t>() >= 1 &&
                          item.get<std::uint64_t>() <= values_most / size;
        if (!good) return fail(Code::bad_input, "{}: a shape of '{}' is not possible", where, tensor.name);
        tensor.shape.push_back(item.get<std::int64_t>());
        size *= static_cast<std::size_t>(item.get<std::uint64_t>());
    }
    total += size;
    if (total > values_most) return fail(Code::bad_input, "{}: a model of too many values", where);
    return {};
}

Status read_layout(const Json* list, sync::SessionConfig& config) {
    if (!list || !list->is_array() || list->empty())
        return fail(Code::bad_input, "{}: 'layout' must be a list of objects with name and shape", where);
    std::size_t total = 0;
    for (const Json& item : *list) {
        Keys keys(item, "configuration: a tensor");
        EM_TRY(keys.status());
        contract::TensorSpec tensor;
        EM_TRY(keys.text("name", tensor.name));
        const Json* shape = keys.find("shape");
        if (!shape) return fail(Code::bad_input, "{}: tensor '{}' has no shape", where, tensor.name);
        EM_TRY(read_shape(*shape, tensor, total));
        EM_TRY(keys.finish());
        config.layout.push_back(std::move(tensor));
    }
    return {};
}

Status read_outer(const Json* object, sync::SessionConfig& config) {
    if (!object) return {};
    Keys keys(*object, "configuration: outer");
    EM_TRY(keys.status());
    std::string kind(name_of(config.outer.kind)), weights(name_of(config.weights));
    EM_TRY(keys.text("kind", kind));
    EM_TRY(keys.text("weights", weights));
    EM_ASSIGN(config.outer.kind, sync::parse_outer_kind(kind));
    EM_ASSIGN(config.weights, sync::parse_weight_rule(weights));
    std::string merge(name_of(config.merge));
    EM_TRY(keys.text("merge", merge));
    EM_ASSIGN(config.merge, sync::parse_merge_rule(merge));
    EM_TRY(keys.number("learning_rate", config.outer.lr, 0, 10));
    EM_TRY(keys.number("momentum", config.outer.momentum, 0, 0.9999));
    EM_TRY(keys.integer("delay", config.outer.delay, 1, 1000));
    EM_TRY(keys.text("codec", config.codec));
    EM_TRY(keys.integer("inner_steps", config.schedule.inner_steps, 1, 100000));
    config.schedule.first_inner_steps = config.schedule.inner_steps;
    EM_TRY(keys.integer("first_inner_steps", config.schedule.first_inner_steps, 1, 100000));
    EM_TRY(keys.integer("growth_rounds", config.schedule.growth_rounds, 0, 1000000));
    EM_TRY(keys.number("final_fraction", config.schedule.final_lr_fraction, 0, 1));
    EM_TRY(keys.integer("lr_rounds", config.schedule.lr_rounds, 0, 100000000));
    EM_TRY(keys.integer("fragments", config.fragments, 1, 256));
    return keys.finish();
}

Status read_rounds(const Json* object, sync::SessionConfig& config) {
    if (!object) return {};
    Keys keys(*object, "configuration: rounds");
    EM_TRY(keys.status());
    std::string wait = "all";
    sync::GraceConfig grace;
    std::int64_t least_ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace.least).count();
    EM_TRY(keys.integer("most", config.rounds, 1, std::int64_t{1} << 40));
    EM_TRY(keys.text("wait", wait));
    EM_TRY(keys.integer("quorum", config.quorum, 1, 64));
    EM_TRY(keys.number("grace_mads", grace.mads, 0, 100));
    EM_TRY(keys.integer("grace_least_ms", least_ms, 0, 3600000));
    EM_TRY(keys.integer("staleness", config.staleness_most, 0, 1000));
    EM_TRY(keys.number("norm_gate", config.norm_gate, 0, 1e6));
    EM_TRY(keys.finish());
    grace.least = std::chrono::milliseconds(least_ms);
    if (wait != "all" && wait != "quorum")
        return fail(Code::bad_input, "configuration: rounds: 'wait' is '{}'; use all or quorum", wait);
    if (wait == "quorum") config.grace = grace;
    return {};
}

Status read_times(Keys& keys, sync::SessionConfig& config) {
    const auto seconds = [&](const char* key, Nanoseconds& out) -> Status {
        std::int64_t value = std::chrono::duration_cast<std::chrono::seconds>(out).count();
        EM_TRY(keys.integer(key, value, 1, 7 * 24 * 3600));
        out = std::chrono::seconds(value);
        return {};
    };
    EM_TRY(seconds("start_limit_s", config.start_limit));
    EM_TRY(seconds("silence_limit_s", config.silence_limit));
    return seconds("leave_limit_s", config.leave_limit);
}

}  // namespace

Result<CConfig> read_config(std::string_view text, const Clock& clock) {
    EM_ASSIGN(const Json json, parse_json(text, config_max_bytes));
    Keys keys(json, std::string(where));
    EM_TRY(keys.status());
    CConfig made;
    sync::SessionConfig& config = made.session;
    std::string run, site, pki, manifests, resume;
    EM_TRY(keys.text("run", run));
    EM_ASSIGN(config.run, RunId::parse(run, "run"));
    EM_TRY(keys.text("site", site));
    EM_TRY(read_sites(keys.find("sites"), config, site));
    EM_TRY(read_layout(keys.find("layout"), config));
    EM_TRY(read_outer(keys.find("outer"), config));
    EM_TRY(read_rounds(keys.find("rounds"), config));
    EM_TRY(read_times(keys, config));
    EM_TRY(keys.integer("starting_members", config.starting_members, 0, 64));
    EM_TRY(keys.text("pki", pki));
    EM_TRY(keys.text("manifests", manifests));
    EM_TRY(keys.text("resume", resume));
    EM_TRY(keys.finish());
    config.manifest_path = manifests;
    if (!resume.empty()) made.resume = resume;
    if (!pki.empty()) {
        EM_ASSIGN(config.tls, sync::pki_load(pki, config.run, config.sites[config.self].site, clock));
    }
    return made;
}

Status save_state(const os::Path& file, const sync::OuterState& state, const sync::Position& position) {
    const auto count = static_cast<std::int64_t>(state.params.size());
    std::vector<contract::TensorView> tensors{{"params", {count}, state.params},
                                              {"momentum", {count}, state.momentum}};
    if (!state.delayed.empty()) tensors.push_back({"delayed", {count}, state.delayed});
    return contract::write_safetensors(file, tensors,
                                       {{"format", "euromesh-outer/1"},
                                        {"round", std::to_string(position.round)},
                                        {"chain_head", position.chain_head},
                                        {"tokens_total", std::to_string(position.tokens_total)},
                                        {"state", sync::state_digest(state)}});
}

namespace {

Result<std::uint64_t> count_of(const contract::Metadata& metadata, const std::string& key) {
    const auto found = metadata.find(key);
    const std::string text = found == metadata.end() ? "" : found->second;
    const bool digits =
        !text.empty() && text.size() < 19 && text.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) return fail(Code::corrupted, "'{}' is no number", key);
    return std::stoull(text);
}

Result<SavedState> read_state(const contract::SafetensorsFile& file, std::size_t values) {
    const contract::Metadata& metadata = file.metadata();
    SavedState saved;
    EM_ASSIGN(saved.position.round, count_of(metadata, "round"));
    EM_ASSIGN(saved.position.tokens_total, count_of(metadata, "tokens_total"));
    if (!metadata.contains("chain_head") || !metadata.contains("state"))
        return fail(Code::corrupted, "no outer state of a run");
    saved.position.chain_head = metadata.at("chain_head");
    const auto read = [&](const char* name, std::vector<float>& out) -> Status {
        out.resize(values);
        return file.read({name, {static_cast<std::int64_t>(values)}}, out);
    };
    EM_TRY(read("params", saved.state.params));
    EM_TRY(read("momentum", saved.state.momentum));
    if (file.contains({"delayed", {static_cast<std::int64_t>(values)}}))
        EM_TRY(read("delayed", saved.state.delayed));
    if (sync::state_digest(saved.state) != metadata.at("state"))
        return fail(Code::corrupted, "its values do not have the digest that it names");
    return saved;
}

}  // namespace

Result<SavedState> load_state(const os::Path& file, std::size_t values) {
    EM_ASSIGN(const contract::SafetensorsFile opened, contract::SafetensorsFile::open(file));
    auto read = read_state(opened, values);
    if (!read) return fail(Error{Code::corrupted, read.error().within(file.string()).message});
    return read;
}

}  // namespace euromesh::c

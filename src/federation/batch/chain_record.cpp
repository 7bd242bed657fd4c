#include "federation/batch/chain_record.hpp"

#include "base/json.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t version = 1;

// Written by this program a moment ago: it is JSON.
Json object_of(const std::string& text) {
    return Json::parse(text, nullptr, false);
}

StartRecord start_of(const ChainRecord& record) {
    return {.job = record.job, .order = record.order, .submitted_ms = record.submitted_ms};
}

tl::unexpected<Error> damaged(const std::string& where, std::string_view what) {
    return fail(Code::corrupted, "{}: {}: the journal of chains is damaged", where, what);
}

Result<bool> flag(const Json& json, const char* key, const std::string& where) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_boolean()) return damaged(where, key);
    return found->get<bool>();
}

Status read_planned(const Json& json, const std::string& where, ChainRecord& record) {
    const auto planned = json.find("planned_ms");
    if (planned == json.end() || !planned->is_array() || planned->size() > links_most)
        return damaged(where, "planned_ms");
    for (const Json& item : *planned) {
        if (!item.is_number_integer() || item.get<std::int64_t>() < 1 ||
            item.get<std::int64_t>() > job_duration_most_ms)
            return damaged(where, "planned_ms");
        record.planned_ms.push_back(item.get<std::int64_t>());
    }
    return {};
}

Status read_end(const Json& json, const std::string& where, ChainRecord& record) {
    const auto found = json.find("end");
    if (found == json.end() || found->is_null()) return {};
    EM_ASSIGN(const EndRecord end, decode_end(found->dump(), where));
    BatchJob job;
    job.marker = record.job.marker;
    EM_ASSIGN(job.native_id, json_string(json, "native_id", where));
    job.submitted_ms = record.submitted_ms;
    take_end(job, end);
    record.end = std::move(job);
    return {};
}

}  // namespace

std::string encode(const ChainRecord& record) {
    Json json = {{"version", version},
                 {"start", object_of(encode(start_of(record)))},
                 {"planned_ms", record.planned_ms},
                 {"cancelled", record.cancelled},
                 {"forgetting", record.forgetting},
                 {"refused", record.refused},
                 {"end", nullptr}};
    if (record.end) {
        json["end"] = object_of(encode(end_of(*record.end)));
        json["native_id"] = record.end->native_id;
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ChainRecord> decode_chain(std::string_view text, const std::string& where) {
    auto json = parse_json(text, chain_record_most_bytes);
    if (!json || !json->is_object()) return damaged(where, "no JSON object");
    const auto number = json_integer(*json, "version", where);
    if (number && *number > version)
        return fail(Code::refused, "{}: written by a newer program: use that one to finish these jobs",
                    where);
    if (!number || *number != version) return damaged(where, "version");
    const auto start = json->find("start");
    if (start == json->end()) return damaged(where, "start");
    EM_ASSIGN(StartRecord read, decode_start(start->dump(), where));
    ChainRecord record{.job = std::move(read.job), .order = read.order, .submitted_ms = read.submitted_ms};
    EM_TRY(read_planned(*json, where, record));
    EM_ASSIGN(record.cancelled, flag(*json, "cancelled", where));
    EM_ASSIGN(record.forgetting, flag(*json, "forgetting", where));
    const auto refused = json->find("refused");
    if (refused == json->end() || !refused->is_string()) return damaged(where, "refused");
    record.refused = as_message(refused->get<std::string>());
    if (const Status end = read_end(*json, where, record); !end) return damaged(where, "end");
    return record;
}

}  // namespace euromesh::federation

#include "federation/batch/job_record.hpp"

#include <algorithm>
#include <filesystem>
#include <span>

#include "base/json.hpp"
#include "base/os/folder.hpp"

namespace euromesh::federation {
namespace {

constexpr std::int64_t version = 1;
constexpr std::size_t message_most_bytes = 500;
constexpr std::uint64_t output_read_most = 16u << 20;
constexpr std::array states{BatchState::queued, BatchState::running, BatchState::ended, BatchState::cancelled,
                            BatchState::lost};
constexpr std::array causes{EndCause::none,       EndCause::exit,        EndCause::signal,
                            EndCause::time_limit, EndCause::not_started, EndCause::cancelled,
                            EndCause::interrupted};

tl::unexpected<Error> damaged(const std::string& where, std::string_view what) {
    return fail(Code::corrupted, "{}: {}: the journal of jobs is damaged", where, what);
}

// Reads a record's fields, and remembers the first that is not as it must be.
class Fields {
  public:
    Fields(const Json& object, const std::string& where) : object_(object), where_(where) {}

    std::int64_t integer(const char* key, std::int64_t least = 0) {
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_number_integer() || found->get<std::int64_t>() < least)
            return bad(key), 0;
        return found->get<std::int64_t>();
    }
    std::string text(const char* key) {
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_string()) return bad(key), "";
        return found->get<std::string>();
    }
    std::vector<std::string> texts(const char* key) {
        std::vector<std::string> made;
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_array()) return bad(key), made;
        for (const Json& item : *found) {
            if (!item.is_string()) return bad(key), made;
            made.push_back(item.get<std::string>());
        }
        return made;
    }
    std::vector<std::int64_t> integers(const char* key) {
        std::vector<std::int64_t> made;
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_array()) return bad(key), made;
        for (const Json& item : *found) {
            if (!item.is_number_integer() || item.get<std::int64_t>() < 0) return bad(key), made;
            made.push_back(item.get<std::int64_t>());
        }
        return made;
    }
    std::map<std::string, std::string> pairs(const char* key) {
        std::map<std::string, std::string> made;
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_object()) return bad(key), made;
        for (const auto& item : found->items()) {
            if (!item.value().is_string()) return bad(key), made;
            made[item.key()] = item.value().get<std::string>();
        }
        return made;
    }
    bool has(const char* key) const { return object_.contains(key); }
    bool flag(const char* key) {
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_boolean()) return bad(key), false;
        return found->get<bool>();
    }
    template <class Names>
    auto named(const char* key, const Names& names) {
        const std::string wanted = text(key);
        const auto found =
            std::find_if(names.begin(), names.end(), [&](auto value) { return name_of(value) == wanted; });
        if (found == names.end()) return bad(key), names.front();
        return *found;
    }
    void bad(std::string_view key) {
        if (bad_.empty()) bad_ = key;
    }
    template <class Record>
    Result<Record> done(Record record) const {
        if (!bad_.empty()) return damaged(where_, bad_);
        return record;
    }

  private:
    const Json& object_;
    const std::string& where_;
    std::string bad_{};
};

Result<Json> parse(std::string_view text, const std::string& where) {
    auto parsed = parse_json(text, job_record_most_bytes);
    if (!parsed || !parsed->is_object()) return damaged(where, "no JSON object");
    const auto found = parsed->find("version");
    if (found != parsed->end() && found->is_number_integer() && found->get<std::int64_t>() > version) {
        return fail(Code::refused, "{}: written by a newer program: use that one to finish these jobs",
                    where);
    }
    if (found == parsed->end() || *found != version) return damaged(where, "version");
    return std::move(*parsed);
}

std::string text_of(const Json& json) {
    return json.dump() + "\n";
}

}  // namespace

std::string as_message(std::string_view text) {
    std::string made(text.substr(0, message_most_bytes));
    std::replace_if(
        made.begin(), made.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return made;
}

std::string encode(const StartRecord& record) {
    const JobStart& job = record.job;
    return text_of({{"version", version},
                    {"marker", job.marker},
                    {"order", record.order},
                    {"submitted_ms", record.submitted_ms},
                    {"executable", job.executable},
                    {"arguments", job.arguments},
                    {"environment", Json(job.environment)},
                    {"directory", job.directory},
                    {"stdout_path", job.stdout_path},
                    {"stderr_path", job.stderr_path},
                    {"duration_ms", job.duration_ms},
                    {"nodes", job.resources.nodes},
                    {"processes", job.resources.processes},
                    {"gpus", job.resources.gpus},
                    {"queue", job.queue},
                    {"account", job.account},
                    {"warn_ms", job.warn_ms},
                    {"files", Json(job.files)},
                    {"resumes", job.resumes},
                    {"after_marker", job.after_marker},
                    {"grace_ms", record.grace_ms},
                    {"output_most_bytes", record.output_most_bytes}});
}

std::string encode(const PlacedRecord& record) {
    return text_of({{"version", version}, {"gpus", record.gpus}});
}

std::string encode(const RunningRecord& record) {
    return text_of({{"version", version},
                    {"pid", record.process.pid},
                    {"session", record.process.session},
                    {"start_ticks", record.process.start_ticks},
                    {"boot", record.process.boot},
                    {"started_ms", record.started_ms}});
}

std::string encode(const EndRecord& record) {
    return text_of({{"version", version},
                    {"state", name_of(record.state)},
                    {"cause", name_of(record.cause)},
                    {"exit_status", record.exit_status},
                    {"message", record.message},
                    {"started_ms", record.started_ms},
                    {"ended_ms", record.ended_ms},
                    {"wall_ms", record.usage.wall_ms},
                    {"cpu_ms", record.usage.cpu_ms},
                    {"gpus", record.usage.gpus},
                    {"dropped_out_bytes", record.dropped_bytes[0]},
                    {"dropped_err_bytes", record.dropped_bytes[1]}});
}

Result<StartRecord> decode_start(std::string_view text, const std::string& where) {
    EM_ASSIGN(const Json json, parse(text, where));
    Fields fields(json, where);
    StartRecord record;
    record.job = {.marker = fields.text("marker"),
                  .executable = fields.text("executable"),
                  .arguments = fields.texts("arguments"),
                  .environment = fields.pairs("environment"),
                  .directory = fields.text("directory"),
                  .stdout_path = fields.text("stdout_path"),
                  .stderr_path = fields.text("stderr_path"),
                  .duration_ms = fields.integer("duration_ms"),
                  .resources = {fields.integer("nodes"), fields.integer("processes"), fields.integer("gpus")},
                  .queue = fields.text("queue"),
                  .account = fields.text("account")};
    // Records of jobs that were accepted before these fields existed.
    if (fields.has("warn_ms")) record.job.warn_ms = fields.integer("warn_ms");
    if (fields.has("files")) record.job.files = fields.pairs("files");
    if (fields.has("resumes")) record.job.resumes = fields.flag("resumes");
    if (fields.has("after_marker")) record.job.after_marker = fields.text("after_marker");
    record.order = static_cast<std::uint64_t>(fields.integer("order"));
    record.submitted_ms = fields.integer("submitted_ms");
    record.grace_ms = fields.integer("grace_ms");
    record.output_most_bytes = static_cast<std::uint64_t>(fields.integer("output_most_bytes"));
    if (!check(record.job)) fields.bad("a job that would not have been accepted");
    return fields.done(std::move(record));
}

Result<PlacedRecord> decode_placed(std::string_view text, const std::string& where) {
    EM_ASSIGN(const Json json, parse(text, where));
    Fields fields(json, where);
    PlacedRecord record{.gpus = fields.integers("gpus")};
    return fields.done(std::move(record));
}

Result<RunningRecord> decode_running(std::string_view text, const std::string& where) {
    EM_ASSIGN(const Json json, parse(text, where));
    Fields fields(json, where);
    RunningRecord record;
    const std::int64_t pid = fields.integer("pid", 2), session = fields.integer("session");
    if (std::max(pid, session) > INT32_MAX) fields.bad("pid");
    record.process = {static_cast<int>(pid), static_cast<int>(session),
                      static_cast<std::uint64_t>(fields.integer("start_ticks")), fields.text("boot")};
    record.started_ms = fields.integer("started_ms");
    return fields.done(std::move(record));
}

Result<EndRecord> decode_end(std::string_view text, const std::string& where) {
    EM_ASSIGN(const Json json, parse(text, where));
    Fields fields(json, where);
    EndRecord record;
    record.state = fields.named("state", states);
    record.cause = fields.named("cause", causes);
    record.exit_status = fields.integer("exit_status", -1);
    record.message = as_message(fields.text("message"));
    record.started_ms = fields.integer("started_ms");
    record.ended_ms = fields.integer("ended_ms");
    record.usage = {fields.integer("wall_ms"), fields.integer("cpu_ms"), fields.integer("gpus")};
    record.dropped_bytes = {static_cast<std::uint64_t>(fields.integer("dropped_out_bytes")),
                            static_cast<std::uint64_t>(fields.integer("dropped_err_bytes"))};
    if (record.state == BatchState::queued || record.state == BatchState::running) fields.bad("state");
    if (record.exit_status > 255) fields.bad("exit_status");
    return fields.done(std::move(record));
}

EndRecord end_of(const BatchJob& job) {
    return {.state = job.state,
            .cause = job.cause,
            .exit_status = job.exit_status.value_or(-1),
            .message = job.message,
            .started_ms = job.started_ms,
            .ended_ms = job.ended_ms,
            .usage = job.usage};
}

void take_end(BatchJob& job, const EndRecord& end) {
    job.state = end.state;
    job.cause = end.cause;
    if (end.exit_status >= 0) job.exit_status = end.exit_status;
    job.message = end.message;
    job.started_ms = end.started_ms;
    job.ended_ms = end.ended_ms;
    job.usage = end.usage;
}

Result<OutputPart> read_output(const os::Path& path, std::uint64_t offset, std::size_t most) {
    OutputPart part;
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) return part;
    part.size = size;
    if (offset >= size) return part;
    part.bytes.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>({most, size - offset, output_read_most})));
    EM_ASSIGN(const std::size_t got,
              os::read_range(path, offset, std::as_writable_bytes(std::span(part.bytes))));
    part.bytes.resize(got);
    return part;
}

}  // namespace euromesh::federation

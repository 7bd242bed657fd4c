#include "apps/run_memo.hpp"

#include "base/os/entropy.hpp"
#include "federation/identity/random_id.hpp"

namespace euromesh::apps {

os::Path memo_file(const contract::RunSpec& spec) {
    return spec.folder / "federation.json";
}

Result<RunMemo> read_memo(const contract::RunSpec& spec) {
    EM_ASSIGN(const std::string text, os::read_file(memo_file(spec), 1u << 16));
    const std::string where = memo_file(spec).string();
    EM_ASSIGN(const Json json, parse_json(text));
    RunMemo memo;
    EM_ASSIGN(memo.digest, json_string(json, "digest", where));
    EM_ASSIGN(memo.key, json_string(json, "key", where));
    EM_ASSIGN(memo.job, json_string(json, "job", where));
    return memo;
}

Status write_memo(const contract::RunSpec& spec, const RunMemo& memo) {
    EM_TRY(os::make_folders(spec.folder));
    const Json json = {{"digest", memo.digest}, {"key", memo.key}, {"job", memo.job}};
    return os::write_file_atomically(memo_file(spec), json.dump() + "\n");
}

void forget_memo(const contract::RunSpec& spec) {
    std::error_code ignored;
    std::filesystem::remove(memo_file(spec), ignored);
}

Result<RunMemo> claim_memo(const contract::RunSpec& spec, const std::string& digest, bool fresh) {
    const auto known = read_memo(spec);
    if (!known && known.error().code != Code::not_found && !fresh) return fail(known.error());
    if (known && !fresh) {
        if (known->digest == digest) return *known;
        return fail(Code::conflict,
                    "{}: the run file or its options have changed since job {} was made of them: undo that, "
                    "or begin a new run with --fresh",
                    memo_file(spec).string(), known->job.empty() ? "(not submitted)" : known->job);
    }
    RunMemo memo{digest, federation::random_id(os::fill_random), {}};
    EM_TRY(write_memo(spec, memo));
    return memo;
}

Result<std::string> job_named(const std::string& run) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(run, error)) return run;
    EM_ASSIGN(const contract::RunSpec spec, contract::load_run_spec(run));
    const auto memo = read_memo(spec);
    if (!memo && memo.error().code != Code::not_found) return fail(memo.error());
    if (!memo || memo->job.empty())
        return fail(Code::not_found, "{}: was not submitted from here: euromesh run {}", run, run);
    return memo->job;
}

}  // namespace euromesh::apps

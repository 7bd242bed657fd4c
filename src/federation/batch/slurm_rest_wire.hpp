// What is said to slurmrestd, and what it answers, version by version. Pure.
//
// Why a table: the API is renamed with each release of Slurm, and requests change their shapes; a server
// offers a few of them, which its /openapi/v3 names. Newest of ours that it offers is spoken. Answers differ
// too (a number or {"set", "infinite", "number"}; a state or a list of them; an exit status as wait() gives
// it or taken apart), and servers have options that change them; so their shapes are recognised, not assumed.
//
// Source: the published OpenAPI documents of v0.0.38 (Slurm 22.05, tried), v0.0.39 (23.02), v0.0.40 (23.11)
// and v0.0.41 (24.05). Errors come as HTTP 500 with a list, as HTTP 200 with a list, or as bare words; what
// really happened is told by Slurm's own error in the list. Plain values: no thread rule.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "federation/batch/slurm_scheduler.hpp"

namespace euromesh::federation {

struct RestVersion {
    std::string_view name;     // in paths: /slurm/NAME/jobs
    bool environment_is_list;  // ["A=1"] or {"A": "1"}
    bool numbers_are_objects;  // {"set": true, "number": 5} or 5
    bool script_is_in_job;     // or beside it
    std::string_view gpus;     // before their number, in tres_per_node
};

// Newest first.
std::span<const RestVersion> rest_versions();

// From the answer of /openapi/v3. refused: it offers none of ours; says which it has and which we know.
// unavailable: no such document.
Result<const RestVersion*> choose_rest_version(int status, std::string_view body);

std::string rest_submission(const SlurmSubmission& submission, const RestVersion& version);

// The document of an answer; refused, not_found or unavailable with Slurm's words when it tells of an error.
Result<std::string> parse_rest_submitted(int status, std::string_view body);
// Of one user: the service tells of all.
Result<std::vector<SlurmJob>> parse_rest_jobs(int status, std::string_view body, std::string_view user);
Status parse_rest_status(int status, std::string_view body);

// A controller that does not take a token hangs up, and no more is said than that: so its own claims are
// looked at. `now_s`: UTC.
struct TokenTrouble {
    std::string words;
    bool for_good = false;  // renewing it at the same place, by the same rule, changes nothing
};
// None: nothing is wrong with it as far as can be seen, or it is no JWT.
std::optional<TokenTrouble> trouble_of_token(std::string_view token, std::string_view user,
                                             std::int64_t now_s);
// What a refused or unanswered request means when the token has a trouble.
Error with_token_trouble(Error said, const std::optional<TokenTrouble>& trouble);

}  // namespace euromesh::federation

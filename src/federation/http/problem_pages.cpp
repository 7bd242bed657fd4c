#include "federation/http/problem_pages.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "federation/http/problem.hpp"

namespace euromesh::federation {
namespace {

constexpr std::array<ProblemKind, 31> kinds = {{
    {"bad-chunk", 400, "The chunks of the body are not as HTTP/1.1 has them.",
     "Send the body with Content-Length, or let an HTTP library make the chunks."},
    {"bad-coding", 501, "The body has a transfer coding that this server does not take.",
     "Use Content-Length or 'Transfer-Encoding: chunked'."},
    {"bad-content-type", 415, "The body is not said to be JSON.", "Send 'Content-Type: application/json'."},
    {"bad-expectation", 417, "The request expects something that this server does not know.",
     "Leave the Expect header out, or send '100-continue'."},
    {"bad-idempotency-key", 400, "The Idempotency-Key is missing or not as it must be.",
     "Send one of 1 to 255 printable characters: a new one for each new piece of work, the same one when it "
     "is sent again."},
    {"bad-input", 400, "Something in the request cannot be right; `detail` names the place.",
     "Do what `detail` says, and send it again."},
    {"bad-query", 400, "A parameter behind the question mark is missing or not as it must be.",
     "`/openapi.json` lists the parameters of every path."},
    {"bad-request", 400, "The request is not HTTP/1.1 as it is written down (RFC 9112).",
     "Use an HTTP library; proxies in between may be the cause."},
    {"bad-version", 505, "The request is of another version of HTTP.", "Use HTTP/1.1."},
    {"cancelled", 503, "The server stopped before it was done.",
     "Send it again in a second; with an Idempotency-Key nothing happens twice."},
    {"conflict", 409, "What is asked for contradicts what is there already.",
     "Look at what is there (`detail` names it), then choose another name, key or step."},
    {"internal", 500, "A fault on the server's side.",
     "Tell whoever runs the coordinator the `request_id`; its log has the rest."},
    {"invalid-body", 400, "The body does not fit the schema of this path; `errors` lists every place.",
     "Each entry of `errors` has a JSON pointer and says what would be right."},
    {"no-answer-in-time", 503, "The answer took longer than this path allows.",
     "Send it again later; with an Idempotency-Key nothing happens twice."},
    {"no-space", 507, "There is no room left for what was sent.",
     "Ask for less, or wait until whoever runs the coordinator has made room."},
    {"no-such-method", 405, "This path has no such method.", "The Allow header lists those that it has."},
    {"no-such-path", 404, "Nothing has this path.", "`/openapi.json` lists all paths."},
    {"not-an-auditor", 403, "Whole entries of the ledger are for administrators and reviewers.",
     "Heads and proofs are for all; ask a reviewer for an export."},
    {"not-authenticated", 401, "The request does not prove who sends it.",
     "Log in again (`euromesh login`) and send the token as 'Authorization: Bearer TOKEN'."},
    {"not-found", 404, "There is none, or none that you may see; the two are told alike.",
     "Compare the name; `euromesh whoami` shows as whom you ask and which projects that opens."},
    {"not-leading", 503, "This coordinator waits for another one, which leads; nothing was done.",
     "Ask the other address, or this one again after as many seconds as Retry-After says."},
    {"refused", 403, "You may not do this; `detail` names the rule or the right that is missing.",
     "Rules can be read at `/v1/federation`; a project's managers and the administrators can change rights."},
    {"scope-missing", 403, "The token does not carry the scope that this path needs.",
     "Log in again and ask for it; `/openapi.json` names the scope of every path."},
    {"too-large", 413, "The body is larger than this path takes.",
     "Send less; the documentation of the path names its limit."},
    {"too-large-headers", 431, "The headers are together too large.",
     "Leave out what is not needed; a token with hundreds of groups may be the cause."},
    {"too-long", 414, "The path with its parameters is too long.", "Put what is long into the body."},
    {"too-many-headers", 431, "The request has too many headers.", "Leave out what is not needed."},
    {"too-many-requests", 429, "You ask more often than this server lets one client.",
     "Wait as many seconds as Retry-After says; use the event stream instead of asking again and again."},
    {"too-many-streams", 503, "Too many event streams are open.",
     "Come again later; close streams that nobody reads."},
    {"too-slow", 408, "The request did not arrive in time.", "Send it again, faster."},
    {"unavailable", 503, "Not now: a part that is needed is away, or too much waits already.",
     "Send it again after as many seconds as Retry-After says."},
}};

const ProblemKind* find_kind(const std::string& name) {
    const auto found =
        std::find_if(kinds.begin(), kinds.end(), [&](const ProblemKind& kind) { return kind.name == name; });
    return found == kinds.end() ? nullptr : &*found;
}

constexpr const char* page_type = "text/markdown; charset=utf-8";

void show(HttpCall& call, const Responder& responder) {
    const ProblemKind* kind = find_kind(call.parameter("name"));
    if (kind == nullptr)
        return responder.problem(simple_problem(404, "not-found", "no such problem; /problems lists all"));
    responder.answer(text_answer(problem_page_text(*kind), page_type));
}

}  // namespace

std::span<const ProblemKind> problem_kinds() {
    return kinds;
}

std::string problem_list_text() {
    std::string text = "# Problems\n\nWhat the `type` of a problem document (RFC 9457) leads to.\n\n";
    for (const ProblemKind& kind : kinds)
        text += fmt::format("- [{0}](/problems/{0}) ({1}): {2}\n", kind.name, kind.status, kind.meaning);
    return text;
}

std::string problem_page_text(const ProblemKind& kind) {
    return fmt::format("# {}\n\nHTTP status {} {}\n\n{}\n\n**What to do.** {}\n", kind.name, kind.status,
                       title_of(kind.status), kind.meaning, kind.remedy);
}

void add_problem_routes(Api& api) {
    Route list;
    list.pattern = "/problems";
    list.id = "listProblems";
    list.summary = "Every kind of problem document";
    list.tag = "problems";
    list.response_type = "text/markdown";
    list.handler = [](HttpCall&, const Responder& responder) {
        responder.answer(text_answer(problem_list_text(), page_type));
    };
    api.routes.push_back(list);
    Route one = list;
    one.pattern = "/problems/{name}";
    one.id = "getProblem";
    one.summary = "What a problem means, and what to do about it";
    one.problems = {404};
    one.handler = show;
    api.routes.push_back(std::move(one));
}

}  // namespace euromesh::federation

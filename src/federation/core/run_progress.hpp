// How far a site's part of a federated run has come, as its trainer tells it: a small file that the trainer
// replaces after each round, the site's agent reports, and the coordinator shows. The last one, of a claim
// that has ended, goes into the ledger: integers and digests only, so that anybody can compare the sites.
//
// Counts are of all allocations of the claim together. Plain values; no thread rule. What a site tells about
// itself is its word: that the others tell the same digests is what can be checked.
#pragma once

#include <vector>

#include "federation/core/fields.hpp"

namespace euromesh::federation {

inline constexpr std::size_t run_progress_max_bytes = 256u << 10;
inline constexpr std::size_t run_happenings_most = 400;  // of one site; with more the oldest go
inline constexpr std::size_t run_words_most_bytes = 240;

// Something that came between, as a site saw it.
//
// allocation        one of the claim's, from its start to its end (agent)
// waiting           between two of them (agent)
// scheduler-silent  the centre's batch system gave no answer (agent)
// coordinator-away  it could not be reached from the centre (agent)
// agent-away        the centre's agent was not running (agent, when it runs again)
// disk-full         nothing could be written in the agent's folder (agent)
// absent            `site` had no part in rounds `number` to `last` (trainer)
struct RunHappening {
    std::string kind;
    std::string site{};         // absent: who
    std::int64_t from_ms = 0;   // UTC
    std::int64_t until_ms = 0;  // 0: it lasts
    std::int64_t number = 0;    // allocation: which of the claim; absent: the first round
    std::int64_t last = 0;      // absent: the last round
    std::string id{};           // allocation: the scheduler's own number
    std::string words{};
    bool operator==(const RunHappening&) const = default;
};

template <class A>
void describe(A& a, RunHappening& x) {
    a("kind", x.kind), a.optional("site", x.site), a.optional("from_ms", x.from_ms);
    a.optional("until_ms", x.until_ms), a.optional("number", x.number), a.optional("last", x.last);
    a.optional("id", x.id), a.optional("words", x.words);
}

struct RunProgress {
    std::string address;          // HOST:PORT where its trainer listens now; empty: nobody dials it
    std::int64_t rounds = 0;      // committed, from the run's first
    std::int64_t rounds_all = 0;  // of the run
    std::int64_t members = 0;     // contributors of the newest round
    std::int64_t inner_steps = 0;
    std::int64_t tokens = 0;
    std::int64_t bytes_sent = 0;
    std::int64_t bytes_received = 0;
    std::int64_t compute_ms = 0;
    std::int64_t wait_ms = 0;
    std::int64_t loss_millionths = 0;      // training loss of the newest round, nats per byte
    std::int64_t held_out_millionths = 0;  // of the outer parameters on held-out text, when last evaluated
    std::int64_t starts = 0;               // of its trainer
    bool done = false;
    std::string outer_digest;   // of the outer state after the newest round
    std::string manifest_head;  // chain digest of the newest manifest
    std::vector<RunHappening> happenings;
    bool operator==(const RunProgress&) const = default;
};

template <class A>
void describe(A& a, RunProgress& x) {
    a.optional("address", x.address), a.optional("rounds", x.rounds);
    a.optional("rounds_all", x.rounds_all), a.optional("members", x.members);
    a.optional("inner_steps", x.inner_steps), a.optional("tokens", x.tokens);
    a.optional("bytes_sent", x.bytes_sent), a.optional("bytes_received", x.bytes_received);
    a.optional("compute_ms", x.compute_ms), a.optional("wait_ms", x.wait_ms);
    a.optional("loss_millionths", x.loss_millionths);
    a.optional("held_out_millionths", x.held_out_millionths), a.optional("starts", x.starts);
    a.optional("done", x.done), a.optional("outer_digest", x.outer_digest);
    a.optional("manifest_head", x.manifest_head), a.optional("happenings", x.happenings);
}

// bad_input: not such a document, a count below zero, a digest that is none.
Result<RunProgress> read_run_progress(const Json& json);

// bad_input: as read_run_progress(); a kind that is none, an end before its beginning.
Status check(const RunHappening& happening);

// By time, with the oldest left out of what is too much.
void tidy(std::vector<RunHappening>& happenings);

// What the ledger keeps: without what is true only now.
RunProgress for_the_ledger(RunProgress progress);

}  // namespace euromesh::federation

// How far a site's part of a federated run has come, as its trainer tells it: a small file that the trainer
// replaces after each round, the site's agent reports, and the coordinator shows. The last one, of a claim
// that has ended, goes into the ledger: integers and digests only, so that anybody can compare the sites.
//
// Counts are of all allocations of the claim together. Plain values; no thread rule. What a site tells about
// itself is its word: that the others tell the same digests is what can be checked.
#pragma once

#include "federation/core/fields.hpp"

namespace euromesh::federation {

inline constexpr std::size_t run_progress_max_bytes = 4096;

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
    a.optional("manifest_head", x.manifest_head);
}

// bad_input: not such a document, a count below zero, a digest that is none.
Result<RunProgress> read_run_progress(const Json& json);

// What the ledger keeps: without what is true only now.
RunProgress for_the_ledger(RunProgress progress);

}  // namespace euromesh::federation

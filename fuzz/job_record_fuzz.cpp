// The journal of local jobs and that of chains, whatever a disk made of it: read or refused; what is read can
// be written again.
#include "federation/batch/chain_record.hpp"
#include "federation/batch/job_record.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const std::string_view text = input.text();
    if (const auto start = federation::decode_start(text, "start")) {
        const auto again = federation::decode_start(federation::encode(*start), "again");
        EM_ASSERT(again && again->job == start->job, "a job that was read can be written");
    }
    if (const auto end = federation::decode_end(text, "end")) {
        const auto again = federation::decode_end(federation::encode(*end), "again");
        EM_ASSERT(again && federation::encode(*again) == federation::encode(*end), "so can an end");
    }
    if (const auto running = federation::decode_running(text, "running")) {
        const auto again = federation::decode_running(federation::encode(*running), "again");
        EM_ASSERT(again && again->process == running->process, "so can who runs it");
    }
    (void)federation::decode_placed(text, "placed");
    if (const auto chain = federation::decode_chain(text, "chain")) {
        const auto again = federation::decode_chain(federation::encode(*chain), "again");
        EM_ASSERT(again && *again == *chain, "so can a chain");
        // Whatever stands in it, there is an answer.
        const federation::ChainLinks links(chain->planned_ms.size());
        (void)federation::next_step(*chain, {}, links, 0);
        (void)federation::claim_of(*chain, {}, links, 0);
    }
}

}  // namespace euromesh::fuzz
